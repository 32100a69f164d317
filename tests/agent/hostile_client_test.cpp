// Clients that mean no good.
#include <fcntl.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "server_fixture.hpp"

using namespace tasks;
using namespace tasks::test;
using namespace std::chrono_literals;

namespace {

/// TASKS_TEST_CONNECTS: how many, for a long run by hand.
int connects() {
    const char* asked = std::getenv("TASKS_TEST_CONNECTS");
    return asked != nullptr ? std::atoi(asked) : 2000;
}

/// A byte with a descriptor that the other side is to take in.
bool send_with_fd(int socket, char byte, int fd) {
    iovec piece{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

} // namespace

TEST_CASE("A request that comes byte by byte without end is refused after 2 s, and delays nobody") {
    RunningServer server;
    TestClient slow = server.greeted();
    const std::string request = raw_frame(20, std::string(1000, '\0'));
    const auto begun = std::chrono::steady_clock::now();
    std::size_t sent = 0;
    // Ten bytes a second: the whole would take 100 s.
    while (sent < request.size() && slow.send_bytes(request.substr(sent, 1)) &&
           std::chrono::steady_clock::now() - begun < 60s) {
        ++sent;
        TestClient other = server.greeted();
        CHECK(other.send(protocol::CountsRequest{}));
        CHECK(other.receive());
        std::this_thread::sleep_for(100ms);
    }
    CHECK(sent < request.size());
    CHECK(std::chrono::steady_clock::now() - begun < 60s);
    CHECK(error_in(slow.receive()).first == protocol::ErrorCode::deadline);
    CHECK(slow.sees_end());
}

TEST_CASE("As many connects as one likes leave neither memory nor descriptors behind") {
    RunningServer server;
    const auto resident_pages = [] {
        std::size_t size = 0;
        std::size_t resident = 0;
        std::ifstream{"/proc/self/statm"} >> size >> resident;
        return resident;
    };
    std::size_t fds = 0;
    std::size_t pages = 0;
    const int all = connects();
    for (int i = 0; i < all; ++i) {
        TestClient client = server.client();
        REQUIRE(client.connected());
        if (i % 3 == 1)
            client.send(protocol::Hello{.client = "hasty"}, 0);
        if (i % 3 == 2)
            client.send_bytes("TSK");
        if (i == all / 2) {
            pages = resident_pages();
            fds = open_fds();
        }
    }
    REQUIRE(eventually([&] { return server.greeted().send(protocol::CountsRequest{}); }));
    CHECK(eventually([&] { return open_fds() <= fds; }));
    CHECK(resident_pages() < pages + 1024); // 4 MiB: of the test's own, too
}

TEST_CASE("Descriptors that a client sends along are not taken in") {
    RunningServer server;
    TestClient client = server.greeted();
    const agent::OwnedFd extra{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    const std::size_t fds = open_fds();
    const std::string request = protocol::frame_bytes(protocol::MessageType::counts_request, 0, 1, {});
    for (int i = 0; i < 20; ++i) {
        for (const char byte : request)
            REQUIRE(send_with_fd(client.fd(), byte, extra.get()));
        REQUIRE(client.receive());
    }
    CHECK(open_fds() == fds);
}
