// Symbolizer on a program whose lines are known, compiled by g++ and clang++ in many ways.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <catch2/catch.hpp>

#include "inspect/symbols/known_program.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

std::vector<std::string> compilers() {
    std::vector<std::string> found{"c++"};
    if (is_installed("clang++-19"))
        found.push_back("clang++-19");
    return found;
}

void require_place(const inspect::Frame& frame, const std::string& mark, bool inlined) {
    INFO(frame.function << " at " << frame.file << ":" << frame.line << ":" << frame.column);
    REQUIRE(frame.line == marked_line(mark));
    REQUIRE(frame.file == TASKS_SOURCE_DIR "/tests/cli/inspect/symbols/known_lines.cc");
    REQUIRE(frame.inlined == inlined);
    REQUIRE(frame.column >= 5); // where the statement starts
    REQUIRE(frame.column <= 60);
}

// innermost() inlined into the lambda, into middle(), into Service::outer(), which main() calls.
void require_known_frames(const std::vector<inspect::Frame>& frames) {
    REQUIRE(frames.size() >= 5);
    REQUIRE_THAT(frames[0].function, Catch::StartsWith("known::innermost"));
    require_place(frames[0], "pause", true);
    REQUIRE_THAT(frames[1].function, Catch::StartsWith("known::middle(int)::"));
    require_place(frames[1], "innermost", true);
    REQUIRE_THAT(frames[2].function, Catch::StartsWith("known::middle"));
    require_place(frames[2], "add", true);
    REQUIRE(frames[3].function == "known::Service::outer(int)");
    require_place(frames[3], "middle", false);
    REQUIRE(frames[4].function == "main");
    require_place(frames[4], "outer", false);
    for (std::size_t i = 0; i < 4; ++i)
        REQUIRE(frames[i].address == frames[0].address); // one pc
    REQUIRE(frames[4].address != frames[0].address);
}

void require_names_without_lines(const std::vector<inspect::Frame>& frames) {
    REQUIRE(frames.size() >= 2);
    REQUIRE(frames[0].function == "known::Service::outer(int)");
    REQUIRE(frames[1].function == "main");
    for (const std::size_t i : {0u, 1u}) {
        REQUIRE(frames[i].file.empty());
        REQUIRE(frames[i].line == 0);
        REQUIRE_FALSE(frames[i].inlined);
    }
}

} // namespace

TEST_CASE("names, lines, columns and inlined calls are right, however the program was compiled") {
    for (const std::string& compiler : compilers())
        for (const std::string options : {"-O2 -g", "-O0 -g", "-O2 -g -gdwarf-4", "-O2 -g -gz=zlib",
                                          "-O2 -g -ffunction-sections -Wl,--gc-sections", "-O2 -g -no-pie"}) {
            INFO(compiler << " " << options);
            require_known_frames(KnownProgram{compiler + " " + options}.frames());
        }
}

TEST_CASE("files below the directory that the compiler ran in have their whole paths") {
    for (const std::string& compiler : compilers()) // clang writes them relative to it
        require_known_frames(KnownProgram{"cd " TASKS_SOURCE_DIR " && " + compiler + " -O2 -g"}.frames());
}

TEST_CASE("a program without debug information has the names of its symbols") {
    require_names_without_lines(KnownProgram{"c++ -O2"}.frames());
}

TEST_CASE("a stripped program has offsets in its module") {
    KnownProgram program{"c++ -O2 -s"};
    const auto frames = program.frames();
    REQUIRE(frames.size() >= 2);
    REQUIRE(frames[0].function.empty());
    REQUIRE(frames[0].module == program.path());
    REQUIRE(frames[0].module_offset > 0);
    REQUIRE(frames[0].module_offset < std::filesystem::file_size(program.path()));
}

TEST_CASE("a separate debug file is found by its link, where its build-id is the program's") {
    KnownProgram program{"c++ -O2 -g -Wl,--build-id"};
    program.prepare("D=$(dirname $P)/.debug; mkdir $D; objcopy --only-keep-debug $P $D/known.debug; "
                    "strip --strip-all $P; objcopy --add-gnu-debuglink=$D/known.debug $P");
    require_known_frames(program.frames());
    program.prepare("D=$(dirname $P)/.debug; objcopy --remove-section .note.gnu.build-id $D/known.debug $D/x; "
                    "mv $D/x $D/known.debug");
    REQUIRE(program.frames().at(0).function.empty());
}

TEST_CASE("debug information whose shared part is missing gives names by symbol") {
    KnownProgram program{"c++ -O2 -g"};
    program.prepare("printf 'no-such-file\\0abcdefghijklmnopqrst' > $P.link; "
                    "objcopy --add-section .gnu_debugaltlink=$P.link $P");
    require_names_without_lines(program.frames());
}

TEST_CASE("debug information whose shared part is a FIFO does not hang") {
    KnownProgram program{"c++ -O2 -g"};
    REQUIRE(::mkfifo(program.beside("fifo").c_str(), 0600) == 0);
    program.prepare("printf 'fifo\\0abcdefghijklmnopqrst' > $P.link; "
                    "objcopy --add-section .gnu_debugaltlink=$P.link $P");
    require_names_without_lines(program.frames());
}

TEST_CASE("each pc is looked up once") {
    KnownProgram program{"c++ -O2 -g"};
    program.start();
    const auto pid = ::getpid();
    inspect::ModuleMap map{modules_of(pid), {static_cast<std::uint32_t>(pid)}};
    inspect::Symbolizer symbolizer{map};
    const auto pc = reinterpret_cast<std::uint64_t>(&require_known_frames);
    const auto& first = symbolizer.frames(pc, true);
    REQUIRE(&first == &symbolizer.frames(pc, true));
    REQUIRE(&first != &symbolizer.frames(pc, false)); // the byte before belongs to another function
    REQUIRE_THAT(first.back().function, Catch::Contains("require_known_frames"));
}

TEST_CASE("a pc outside all modules has one frame with its address alone") {
    inspect::ModuleMap none{{}, {}};
    inspect::Symbolizer symbolizer{none};
    const auto& frames = symbolizer.frames(0x1234, false);
    REQUIRE(frames.size() == 1);
    REQUIRE(frames[0].address == 0x1234);
    REQUIRE(frames[0].function.empty());
    REQUIRE(frames[0].module.empty());
}

TEST_CASE("a pc in a module whose file is gone has the module and the offset in the file") {
    inspect::ModuleFacts module;
    module.start = 0x400000;
    module.end = 0x500000;
    module.file_offset = 0x1000;
    module.path = "/no/such/file";
    inspect::ModuleMap map{{module}, {}};
    inspect::Symbolizer symbolizer{map};
    const auto& frames = symbolizer.frames(0x400010, true);
    REQUIRE(frames.at(0).module == "/no/such/file");
    REQUIRE(frames.at(0).module_offset == 0x1010);
}

TEST_CASE("damaged debug information gives some frames or none, and always an answer") {
    KnownProgram program{"c++ -O2 -g"};
    program.start();
    std::ostringstream text;
    text << std::ifstream{program.path(), std::ios::binary}.rdbuf();
    const std::string whole = text.str();
    std::mt19937 random{11};
    const std::string damaged = program.beside("damaged");
    for (int round = 0; round < 200; ++round) {
        std::string bytes = whole;
        for (int i = 0; i < 20; ++i)
            bytes[64 + random() % (bytes.size() - 64)] = static_cast<char>(random());
        std::ofstream{damaged, std::ios::binary} << bytes;
        for (const auto& frame : program.frames_of_file(damaged))
            REQUIRE(frame.address != 0);
    }
}

TEST_CASE("a cut program file gives some frames or none, and always an answer") {
    KnownProgram program{"c++ -O2 -g"};
    program.start();
    const auto size = std::filesystem::file_size(program.path());
    const std::string cut = program.beside("cut");
    std::filesystem::copy_file(program.path(), cut);
    for (auto left = size; left > 0; left -= std::min<std::uintmax_t>(left, 997)) {
        std::filesystem::resize_file(cut, left);
        REQUIRE_FALSE(program.frames_of_file(cut).empty());
    }
}
