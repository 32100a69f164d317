// A file that is cut short while it is mapped.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "unwind/cut_files.hpp"

using namespace tasks::inspect;

TEST_CASE("what was cut off a mapped file reads as zeros") {
    constexpr std::size_t size = 3 * 4096;
    const int fd = ::memfd_create("cut", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    REQUIRE(::ftruncate(fd, size) == 0);
    const char one = 1;
    REQUIRE(::pwrite(fd, &one, 1, size - 1) == 1);
    auto* mapped = static_cast<char*>(::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0));
    REQUIRE(mapped != MAP_FAILED);
    const auto* last = static_cast<const volatile char*>(mapped + size - 1);
    CHECK(*last == 1);
    survive_cut_files();
    survive_cut_files();
    REQUIRE(::ftruncate(fd, 4096) == 0);
    CHECK(*last == 0);
    CHECK(mapped[4096] == 0);
    ::munmap(mapped, size);
    ::close(fd);
}
