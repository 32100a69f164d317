#include "capture/fd_names.hpp"

#include <catch2/catch.hpp>

#include <array>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"

using namespace tasks::inspect;

namespace {

using Sockets = std::unordered_map<std::uint64_t, std::string>;

constexpr std::string_view titles = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt ...\n";

Sockets inet(const std::string& lines) {
    Sockets sockets;
    parse_inet_sockets(std::string{titles} + lines, sockets);
    return sockets;
}

struct OwnFds {
    SystemClock clock;
    World world = this_machine(clock);
    FdNames names{world, static_cast<std::uint32_t>(::getpid())};
};

} // namespace

TEST_CASE("a connected socket is told by its other end, a listening one by its own") {
    const auto sockets =
        inet("   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
             "11 1 0 100 0 0 10 0\n"
             "   1: 0200000A:9C40 0700000A:1538 01 00000000:00000000 00:00000000 00000000     0        0 "
             "12 1 0 20 4 30 10 -1\n"
             "   2: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
             "13 2 0 0\n");
    CHECK(sockets.at(11) == "socket listening on 127.0.0.1:5432");
    CHECK(sockets.at(12) == "socket 10.0.0.7:5432");
    CHECK(sockets.at(13) == "socket 0.0.0.0:53 (not connected)");
}

TEST_CASE("addresses of IPv6 stand in brackets, mapped ones of IPv4 as such") {
    const auto sockets = inet("   0: 00000000000000000000000001000000:0050 00000000000000000000000001000000:C350 01 "
                              "00000000:00000000 00:00000000 00000000     0        0 21 1\n"
                              "   1: 0000000000000000FFFF00000200000A:0050 0000000000000000FFFF00000700000A:1538 01 "
                              "00000000:00000000 00:00000000 00000000     0        0 22 1\n");
    CHECK(sockets.at(21) == "socket [::1]:50000");
    CHECK(sockets.at(22) == "socket 10.0.0.7:5432");
}

TEST_CASE("lines of /proc/net that are not as they should be are passed over, and one without its end") {
    CHECK(
        inet("nonsense\n\n   0: 0100007F 00000000:0000 0A a b c d e 11\n   1: zz00007F:1538 00000000:0000 0A 0 0 0 0 0 "
             "11\n")
            .empty());
    CHECK(inet("   0: 0100007F:1538 00000000:0000 0A 0:0 00:0 0 0 0 11").empty());
}

TEST_CASE("a unix socket is told by its path, with blanks, or as unix") {
    Sockets sockets;
    parse_unix_sockets("Num       RefCount Protocol Flags    Type St Inode Path\n"
                       "0000: 00000002 00000000 00010000 0001 01 31 /run/my x.sock\n"
                       "0000: 00000003 00000000 00000000 0001 03 32\n"
                       "0000: 00000002 00000000 00010000 0001 01 33 @abstract\n",
                       sockets);
    CHECK(sockets.at(31) == "unix /run/my x.sock");
    CHECK(sockets.at(32) == "unix");
    CHECK(sockets.at(33) == "unix @abstract");
}

TEST_CASE_METHOD(OwnFds, "fds of a process are told as what they are") {
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const FileDescriptor reading{pipe[0]}, writing{pipe[1]};
    const FileDescriptor event{::eventfd(0, EFD_CLOEXEC)};
    const FileDescriptor timer{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)};
    CHECK(names.name(reading.get()) == "pipe");
    CHECK(names.name(event.get()) == "eventfd");
    CHECK(names.name(timer.get()) == "timerfd");
    CHECK(names.name(1'000'000).empty());
}

TEST_CASE_METHOD(OwnFds, "an epoll instance tells how many fds it watches") {
    const FileDescriptor epoll{::epoll_create1(EPOLL_CLOEXEC)};
    const FileDescriptor one{::eventfd(0, EFD_CLOEXEC)}, other{::eventfd(0, EFD_CLOEXEC)};
    epoll_event event{};
    REQUIRE(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, one.get(), &event) == 0);
    REQUIRE(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, other.get(), &event) == 0);
    CHECK(names.name(epoll.get()) == "epoll");
    CHECK(names.watched(epoll.get()) == 2);
    CHECK_FALSE(names.watched(1'000'000));
}

TEST_CASE_METHOD(OwnFds, "a socket that listens is found in the tables of its network") {
    const FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket.get(), generic, length) == 0);
    REQUIRE(::listen(socket.get(), 1) == 0);
    REQUIRE(::getsockname(socket.get(), generic, &length) == 0);
    CHECK(names.name(socket.get()) == "socket listening on 127.0.0.1:" + std::to_string(::ntohs(address.sin_port)));
}
