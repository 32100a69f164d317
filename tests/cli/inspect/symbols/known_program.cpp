#include "inspect/symbols/known_program.hpp"

#include <sys/syscall.h>

#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

namespace tasks::test {

namespace {

const std::string source = TASKS_SOURCE_DIR "/tests/cli/inspect/symbols/known_lines.cc";

// Only the program's own: the C library's debug information would cost each look 100 ms.
std::vector<inspect::Frame> named(inspect::ModuleMap& map, const inspect::Trace& trace, const std::string& path) {
    inspect::Symbolizer symbolizer{map};
    std::vector<inspect::Frame> frames;
    for (std::size_t i = 1; i < trace.pcs.size(); ++i)
        if (const auto place = map.find(trace.pcs[i]); place.module != nullptr && place.module->path == path)
            for (const auto& frame : symbolizer.frames(trace.pcs[i], trace.exact[i]))
                frames.push_back(frame);
    return frames;
}

} // namespace

void run_shell(const std::string& command) {
    INFO(command);
    REQUIRE(std::system(command.c_str()) == 0);
}

bool is_installed(const std::string& program) {
    return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

std::uint32_t marked_line(const std::string& mark) {
    std::ifstream file{source};
    std::uint32_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.ends_with("// MARK " + mark))
            return number;
    }
    FAIL("known_lines.cc has no mark " << mark);
    return 0;
}

KnownProgram::KnownProgram(const std::string& compiler_and_options) {
    run_shell(compiler_and_options + " -std=c++20 -o " + path_ + " " + source);
}

void KnownProgram::prepare(const std::string& command) { run_shell("P=" + path_ + "; " + command); }

void KnownProgram::start() {
    child_.push_back(BlockedChild::executing({path_}));
    child_.back().await(SYS_pause);
}

std::vector<inspect::Frame> KnownProgram::frames() { return frames_of_file(path_); }

std::vector<inspect::Frame> KnownProgram::frames_of_file(const std::string& path) {
    if (child_.empty())
        start();
    const int pid = child_.back().pid();
    auto modules = modules_of(pid);
    inspect::ModuleMap own{modules, {static_cast<std::uint32_t>(pid)}};
    const auto trace = inspect::Unwinder{own}.unwind(captured(pid, pid));
    REQUIRE(trace.whole);
    for (auto& module : modules)
        if (module.path == path_)
            module.path = path;
    inspect::ModuleMap map{modules, {}};
    return named(map, trace, path);
}

} // namespace tasks::test
