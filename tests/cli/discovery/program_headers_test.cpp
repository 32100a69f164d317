#include "discovery/program_headers.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

using namespace tasks::discovery;

namespace {

std::optional<ProgramHeaders> read(const std::string& bytes) {
    return read_program_headers([&](std::uint64_t at, void* into, std::size_t count) {
        if (at > bytes.size() || count > bytes.size() - at) {
            return false;
        }
        std::memcpy(into, bytes.data() + at, count);
        return true;
    });
}

/// The running test itself.
std::string own_bytes() {
    const std::ifstream file{"/proc/self/exe", std::ios::binary};
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

} // namespace

TEST_CASE("a program's loader and libraries are read") {
    const auto program = read(own_bytes());
    REQUIRE(program);
    CHECK(program->x86_64);
    CHECK(program->loader == "/lib64/ld-linux-x86-64.so.2");
    CHECK(std::find(program->libraries.begin(), program->libraries.end(), "libc.so.6") != program->libraries.end());
}

TEST_CASE("a file of another machine is told, one that is no program is not") {
    auto bytes = own_bytes().substr(0, 4096);
    CHECK_FALSE(read(""));
    CHECK_FALSE(read("#!/bin/sh\n"));
    CHECK_FALSE(read(bytes.substr(0, 40)));
    bytes[18] = 40; // ARM
    REQUIRE(read(bytes));
    CHECK_FALSE(read(bytes)->x86_64);
    bytes[4] = 1; // 32 bits
    CHECK_FALSE(read(bytes)->x86_64);
}

TEST_CASE("each byte of the headers may be anything") {
    const auto bytes = own_bytes().substr(0, 8192);
    for (std::size_t at = 0; at < 1024; ++at) {
        for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
            auto changed = bytes;
            changed[at] = value;
            const auto program = read(changed);
            CHECK((!program || program->libraries.size() <= 1024));
        }
    }
}
