// ModuleMap on files that are as they were, gone, replaced, or no program at all.
#include <link.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "inspect/capture/temporary_directory.hpp"
#include "inspect/unwind/blocked_child.hpp"
#include "unwind/elf_module.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

std::size_t open_files() {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

const inspect::ModuleFacts& of_path(const std::vector<inspect::ModuleFacts>& modules, const std::string& part) {
    const auto found = std::find_if(modules.begin(), modules.end(),
                                    [&](const auto& module) { return module.path.find(part) != std::string::npos; });
    REQUIRE(found != modules.end());
    return *found;
}

// A copy of `sleep` that runs, so that its file can be taken away.
struct RunningCopy {
    tests::TemporaryDirectory directory;
    std::string path = directory.path("copy-of-sleep");
    BlockedChild child = started();
    std::vector<inspect::ModuleFacts> modules = modules_of(child.pid());

    BlockedChild started() {
        std::filesystem::copy_file("/bin/sleep", path);
        auto process = BlockedChild::executing({path, "1000"});
        process.await(SYS_clock_nanosleep);
        return process;
    }
    inspect::ModuleFacts own() const { return of_path(modules, "copy-of-sleep"); }
    // As /proc/PID/maps tells it once the file is gone.
    inspect::ModuleFacts own_deleted() const {
        auto module = own();
        module.path += " (deleted)";
        return module;
    }
};

std::vector<std::string> problems_of(const inspect::ModuleFacts& module, std::uint32_t pid = 0) {
    inspect::ModuleMap map{{module}, {pid}};
    REQUIRE(map.find(module.start).elf == nullptr);
    REQUIRE(map.find(module.end - 1).elf == nullptr); // asked twice, told once
    return map.problems();
}

inspect::ModuleFacts made_up(const std::string& path) {
    inspect::ModuleFacts module;
    module.start = 0x10000;
    module.end = 0x20000;
    module.path = path;
    return module;
}

} // namespace

TEST_CASE("a module's addresses are the pc less what the loader added") {
    const auto pid = ::getpid();
    inspect::ModuleMap map{modules_of(pid), {static_cast<std::uint32_t>(pid)}};
    std::uint64_t loaded_at = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* first, std::size_t, void* into) {
            *static_cast<std::uint64_t*>(into) = first->dlpi_addr;
            return 1;
        },
        &loaded_at);
    const auto place = map.find(reinterpret_cast<std::uint64_t>(&made_up));
    REQUIRE(place.module != nullptr);
    REQUIRE(place.elf != nullptr);
    REQUIRE(place.bias == loaded_at);
    REQUIRE(map.problems().empty());
}

TEST_CASE("a pc outside all modules has no place") {
    inspect::ModuleMap map{{made_up("/bin/sleep")}, {}};
    for (const std::uint64_t pc : {0x0ull, 0xffffull, 0x20000ull, ~0ull})
        REQUIRE(map.find(pc).module == nullptr);
    REQUIRE(map.problems().empty());
}

TEST_CASE("a file mapped in several pieces is one module") {
    const auto pid = ::getpid();
    const auto libc = of_path(modules_of(pid), "libc.so");
    auto low = libc;
    auto high = libc;
    low.end = high.start = libc.start + 4096;
    high.file_offset += 4096;
    inspect::ModuleMap map{{high, low}, {static_cast<std::uint32_t>(pid)}};
    const auto first = map.find(low.start);
    const auto second = map.find(high.end - 1);
    REQUIRE(first.elf != nullptr);
    REQUIRE(first.elf == second.elf);
    REQUIRE(first.bias == second.bias);
}

TEST_CASE("all files are closed with the map") {
    const auto pid = ::getpid();
    const std::size_t before = open_files();
    {
        inspect::ModuleMap map{modules_of(pid), {static_cast<std::uint32_t>(pid)}};
        for (const auto& module : modules_of(pid))
            if (auto* elf = map.find(module.start).elf)
                elf->dwarf();
        REQUIRE(open_files() > before);
    }
    REQUIRE(open_files() == before);
}

TEST_CASE("a deleted program is read through the process, and unwound to its root") {
    RunningCopy copy;
    std::filesystem::remove(copy.path);
    const auto pid = static_cast<std::uint32_t>(copy.child.pid());
    auto modules = modules_of(copy.child.pid());
    REQUIRE(of_path(modules, "copy-of-sleep").path == copy.own_deleted().path);
    inspect::ModuleMap map{modules, {pid}};
    const auto trace = inspect::Unwinder{map}.unwind(captured(copy.child.pid(), copy.child.pid()));
    REQUIRE(trace.whole);
    REQUIRE(map.problems().empty());
}

TEST_CASE("a deleted program without its process is a problem that names the file and the way out") {
    RunningCopy copy;
    std::filesystem::remove(copy.path);
    const auto problems = problems_of(copy.own_deleted());
    REQUIRE(problems.size() == 1);
    REQUIRE_THAT(problems[0], Catch::Contains(copy.path + ": ") && Catch::Contains("put the file that ran back"));
}

TEST_CASE("a replaced program is a problem, not guessed") {
    RunningCopy copy;
    const auto mapped = copy.own();
    REQUIRE_FALSE(mapped.build_id.empty());
    std::filesystem::remove(copy.path);
    std::filesystem::copy_file("/bin/cat", copy.path);
    const auto problems = problems_of(mapped);
    REQUIRE(problems.size() == 1);
    REQUIRE_THAT(problems[0], Catch::Contains(copy.path) && Catch::Contains("not the one that was mapped"));
}

TEST_CASE("a replaced program whose process lives is read through the process") {
    RunningCopy copy;
    const auto mapped = copy.own();
    std::filesystem::remove(copy.path);
    std::filesystem::copy_file("/bin/cat", copy.path);
    inspect::ModuleMap map{{copy.own_deleted()}, {static_cast<std::uint32_t>(copy.child.pid())}};
    const auto place = map.find(mapped.start);
    REQUIRE(place.elf != nullptr);
    REQUIRE(place.elf->image().build_id() == mapped.build_id);
}

TEST_CASE("the vdso is our own where build-id or size say that it is the same") {
    const auto own = of_path(modules_of(::getpid()), "[vdso]");
    const auto image_of = [](const inspect::ModuleFacts& module) {
        inspect::ModuleMap map{{module}, {}};
        auto* elf = map.find(module.start).elf;
        return elf == nullptr ? std::string{"none"} : elf->image().build_id();
    };
    const std::string build_id = image_of(own);
    REQUIRE_FALSE(build_id.empty());
    auto other = own;
    other.build_id = build_id;
    other.end += 4096; // the build-id counts more than the size
    REQUIRE(image_of(other) == build_id);
    other.build_id = "another";
    REQUIRE(image_of(other) == "none");
    other.build_id.clear();
    REQUIRE(image_of(other) == "none");
    REQUIRE_THAT(problems_of(other)[0], Catch::Contains("[vdso]"));
}

TEST_CASE("what is no regular ELF file of x86-64 is a problem, and opening it does not hang") {
    tests::TemporaryDirectory directory;
    const std::string fifo = directory.path("fifo");
    const std::string text = directory.path("text");
    const std::string empty = directory.path("empty");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    std::ofstream{text} << "#!/bin/sh\n";
    std::ofstream{empty};
    REQUIRE_THAT(problems_of(made_up(fifo)).at(0), Catch::Contains(fifo + ": not a regular file"));
    REQUIRE_THAT(problems_of(made_up("/dev/zero")).at(0), Catch::Contains("not a regular file"));
    REQUIRE_THAT(problems_of(made_up("/tmp")).at(0), Catch::Contains("not a regular file"));
    REQUIRE_THAT(problems_of(made_up(text)).at(0), Catch::Contains("not an ELF file of x86-64"));
    REQUIRE_THAT(problems_of(made_up(empty)).at(0), Catch::Contains("not an ELF file of x86-64"));
    REQUIRE_THAT(problems_of(made_up(directory.path("none"))).at(0), Catch::Contains("No such file"));
    REQUIRE_THAT(problems_of(made_up("")).at(0), Catch::Contains("code without a file"));
    REQUIRE_THAT(problems_of(made_up("[heap]")).at(0), Catch::Contains("[heap]: code without a file"));
    REQUIRE_THAT(problems_of(made_up("relative/path")).at(0), Catch::Contains("code without a file"));
}

TEST_CASE("a mapping that no segment of the file covers is a problem") {
    auto module = of_path(modules_of(::getpid()), "libc.so");
    module.file_offset = 1ull << 40;
    REQUIRE_THAT(problems_of(module).at(0), Catch::Contains("not the one that was mapped"));
}
