#include "discovery/cpp_program.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <elf.h>

#include <catch2/catch.hpp>

#include "inspect/capture/temporary_directory.hpp"

using namespace tasks::discovery;
using tasks::tests::TemporaryDirectory;

namespace {

/// Compiles it as asked; false: this machine has no such compiler.
bool compile(const std::string& options, const std::string& source, const std::string& into) {
    return std::system(("g++ " + options + " -o " + into + " " + source + " >/dev/null 2>&1").c_str()) == 0;
}

tasks::inspect::Deadline patient() {
    static const tasks::inspect::SystemClock clock;
    return {clock, 60'000'000'000};
}

} // namespace

TEST_CASE("a mapped C++ library tells a C++ process") {
    CHECK(maps_cpp_library("7f00-7f01 r-xp 0 08:01 12   /usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30\n"));
    CHECK(maps_cpp_library("7f00-7f01 r-xp 0 08:01 12   /usr/lib/llvm-19/lib/libc++.so.1.0 (deleted)\n"));
    CHECK_FALSE(maps_cpp_library("7f00-7f01 r-xp 0 08:01 12   /usr/lib/x86_64-linux-gnu/libc.so.6\n"));
    CHECK_FALSE(maps_cpp_library("7f00-7f01 r--p 0 08:01 12   /home/me/my-libstdc++.txt\n"));
    CHECK_FALSE(maps_cpp_library(""));
}

TEST_CASE("a static C++ program is told by its own symbols, and stripped by its run-time types") {
    const TemporaryDirectory directory;
    const auto source = directory.file("p.cpp", "#include <stdexcept>\n#include <string>\n"
                                                "int main(int n, char** v) { std::string s(v[0]); "
                                                "if (n > 9) throw std::runtime_error(s); return 0; }\n");
    if (!compile("-static", source, directory.path("static"))) {
        WARN("no static C++ library here");
        return;
    }
    CHECK(holds_cpp_runtime(directory.path("static")));
    REQUIRE(compile("-static -s", source, directory.path("stripped")));
    CHECK(holds_cpp_runtime(directory.path("stripped")));
    const auto plain = directory.file("c.c", "int main(void) { return 0; }\n");
    REQUIRE(compile("-static -x c", plain, directory.path("plain")));
    CHECK_FALSE(holds_cpp_runtime(directory.path("plain")));
}

TEST_CASE("programs in C, and files that are no programs, are not C++ programs") {
    const TemporaryDirectory directory;
    CHECK_FALSE(holds_cpp_runtime("/bin/sh"));
    CHECK_FALSE(holds_cpp_runtime(directory.path()));
    CHECK_FALSE(holds_cpp_runtime(directory.path("not-there")));
    CHECK_FALSE(holds_cpp_runtime(directory.file("short", "\x7f"
                                                          "ELF")));
}

TEST_CASE("an ELF file whose every length lies is none") {
    const TemporaryDirectory directory;
    Elf64_Ehdr header{};
    std::copy_n(ELFMAG, SELFMAG, header.e_ident);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_shentsize = sizeof(Elf64_Shdr);
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{64}, ~std::uint64_t{0}, ~std::uint64_t{0} / 2}) {
        for (const int count : {0, 1, 2, 65535}) {
            header.e_shoff = at;
            header.e_shnum = static_cast<std::uint16_t>(count);
            header.e_shstrndx = static_cast<std::uint16_t>(count == 0 ? 0 : count - 1);
            std::string file(reinterpret_cast<const char*>(&header), sizeof header);
            for (int section = 0; section < 2; ++section) {
                Elf64_Shdr lying{};
                lying.sh_name = ~0u;
                lying.sh_offset = at;
                lying.sh_size = ~std::uint64_t{0};
                file.append(reinterpret_cast<const char*>(&lying), sizeof lying);
            }
            CHECK_FALSE(holds_cpp_runtime(directory.file("lies", file)));
        }
    }
}

TEST_CASE("each path has its verdict, in order") {
    const TemporaryDirectory directory;
    CHECK(hold_cpp_runtime({}, patient()).empty());
    CHECK(hold_cpp_runtime({"/bin/sh", directory.path("not-there")}, patient()) == std::vector<bool>{false, false});
}
