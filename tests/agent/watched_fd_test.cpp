#include "watched_fd.hpp"

#include <sys/mman.h>

#include <catch2/catch.hpp>

using namespace tasks::agent;

namespace {

OwnedFd new_file() { return OwnedFd{::memfd_create("watched", MFD_CLOEXEC)}; }

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

} // namespace

TEST_CASE("a watched descriptor is ours, and is closed with its owner") {
    int number = -1;
    {
        const WatchedFd watched{new_file()};
        number = watched.get();
        REQUIRE(watched);
        CHECK(watched.ours());
    }
    CHECK_FALSE(is_open(number));
}

TEST_CASE("a watched descriptor that the host closed is not ours") {
    const WatchedFd watched{new_file()};
    ::close(watched.get());
    CHECK_FALSE(watched.ours());
}

TEST_CASE("a number that became the host's file is not ours, and stays open") {
    int number = -1;
    {
        WatchedFd watched{new_file()};
        number = watched.get();
        const OwnedFd hosts = new_file();
        REQUIRE(::dup3(hosts.get(), number, O_CLOEXEC) == number);
        CHECK_FALSE(watched.ours());
        WatchedFd moved{std::move(watched)};
        CHECK_FALSE(moved.ours());
    }
    CHECK(is_open(number));
    ::close(number);
}

TEST_CASE("no file is watched as none") {
    const WatchedFd watched{OwnedFd{}};
    CHECK_FALSE(watched);
    CHECK_FALSE(watched.ours());
}
