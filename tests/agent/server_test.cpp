// Many clients at once, rude ones, too many, strangers; and a host without free file descriptors.
#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "server_fixture.hpp"

using namespace tasks;
using namespace tasks::test;
using protocol::ErrorCode;
using Milliseconds = std::chrono::duration<double, std::milli>;

namespace {

/// How long one connection, its hello and a request take: the shortest of 20, since others may have the CPU.
Milliseconds quickest_answer(const RunningServer& server) {
    Milliseconds best{1e9};
    for (int at = 0; at < 20; ++at) {
        const auto begun = std::chrono::steady_clock::now();
        TestClient client = server.greeted();
        REQUIRE(client.send(protocol::CountsRequest{}));
        REQUIRE(client.receive());
        best = std::min(best, Milliseconds{std::chrono::steady_clock::now() - begun});
    }
    return best;
}

/// A server in a process of its own that has no free fd; killed with the object.
class ServerWithoutFds {
public:
    explicit ServerWithoutFds(const std::string& directory) {
        std::array<int, 2> ready{};
        REQUIRE(::pipe2(ready.data(), O_CLOEXEC) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            RunningServer server{directory};
            int last = -1; // no number below the limit may be free
            for (int at = 0; at < 64; ++at)
                last = ::dup(ready[1]);
            rlimit limit{};
            ::getrlimit(RLIMIT_NOFILE, &limit);
            limit.rlim_cur = static_cast<rlim_t>(last) + 1;
            ::setrlimit(RLIMIT_NOFILE, &limit);
            [[maybe_unused]] const ssize_t put = ::write(ready[1], "r", 1);
            for (;;)
                ::pause();
        }
        char byte = 0;
        REQUIRE(::read(ready[0], &byte, 1) == 1);
        ::close(ready[0]);
        ::close(ready[1]);
    }
    ~ServerWithoutFds() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ServerWithoutFds(const ServerWithoutFds&) = delete;
    ServerWithoutFds& operator=(const ServerWithoutFds&) = delete;

    void give_fds() const {
        rlimit limit{};
        REQUIRE(::prlimit(pid_, RLIMIT_NOFILE, nullptr, &limit) == 0);
        limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 256);
        REQUIRE(::prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr) == 0);
    }
    std::uint64_t cpu_ticks() const {
        std::ifstream file{"/proc/" + std::to_string(pid_) + "/stat"};
        std::string text;
        std::getline(file, text);
        std::istringstream fields{text.substr(text.rfind(')') + 2)};
        std::string skipped;
        for (int at = 3; at < 14; ++at)
            fields >> skipped;
        std::uint64_t user = 0;
        std::uint64_t system = 0;
        fields >> user >> system;
        return user + system;
    }

private:
    pid_t pid_ = -1;
};

} // namespace

TEST_CASE("200 clients that connect and drop leave no file descriptor behind") {
    RunningServer server;
    server.greeted().close();
    const std::size_t before = open_fds();
    for (int at = 0; at < 200; ++at) {
        TestClient client = server.client();
        if (at % 2 == 0)
            client.send_bytes("TSK1");
    }
    CHECK(eventually([&] { return open_fds() <= before; }));
    CHECK(server.greeted().connected());
}

TEST_CASE("16 silent clients delay a 17th by less than 50 ms") {
    RunningServer server;
    std::vector<TestClient> silent;
    for (int at = 0; at < 16; ++at) {
        silent.push_back(server.client());
        REQUIRE(silent.back().send_bytes(at % 2 == 0 ? "" : "TSK"));
    }
    CHECK(quickest_answer(server).count() < 50);
}

TEST_CASE("A client that asks for everything and never reads delays nobody") {
    RunningServer server;
    TestClient greedy = server.greeted();
    REQUIRE(greedy.ask_often(500));
    CHECK(quickest_answer(server).count() < 50);
}

TEST_CASE("A 33rd client is told that the agent is busy, until one of the 32 goes") {
    RunningServer server;
    std::vector<TestClient> clients;
    for (std::size_t at = 0; at < agent::max_clients; ++at)
        clients.push_back(server.greeted());
    TestClient late = server.client();
    const auto [code, sentence] = error_in(late.receive());
    CHECK(code == ErrorCode::busy);
    CHECK_THAT(sentence, Catch::Contains("32 clients"));
    CHECK(late.sees_end());
    clients.front().close();
    CHECK(eventually([&] { return server.client().greet(); }));
}

TEST_CASE("A process of another user is refused, and told whom to ask as") {
    if (::geteuid() != 0) {
        WARN("only root can be another user");
        return;
    }
    OwnDirectory directory;
    RunningServer server{directory.path()};
    REQUIRE(::chmod(directory.path().c_str(), 0711) == 0); // as if the file modes did not keep them out
    REQUIRE(::chmod(server.socket().c_str(), 0666) == 0);
    const int status = in_child([&] {
        if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)
            return 10;
        TestClient client = server.client();
        if (!client.connected())
            return 11;
        const auto [code, sentence] = error_in(client.receive());
        if (code != ErrorCode::not_permitted || sentence.find("you are 65534") == std::string::npos)
            return 12;
        return client.sees_end() ? 0 : 13;
    });
    CHECK(status == 0);
}

TEST_CASE("Without a free file descriptor a client is told so, the server does not spin, and recovers") {
    OwnDirectory directory;
    const ServerWithoutFds server{directory.path()};
    const std::string socket = directory.path() + "/1-2.sock";
    const auto begun = std::chrono::steady_clock::now();
    const std::uint64_t ticks = server.cpu_ticks();
    for (int at = 0; at < 5; ++at) {
        TestClient client{socket};
        REQUIRE(client.connected());
        const auto [code, sentence] = error_in(client.receive());
        CHECK(code == ErrorCode::busy);
        CHECK_THAT(sentence, Catch::Contains("no free file descriptor"));
        CHECK(client.sees_end());
    }
    const Milliseconds took = std::chrono::steady_clock::now() - begun;
    CHECK(took.count() > 300); // 100 ms of rest after each
    CHECK(static_cast<double>(server.cpu_ticks() - ticks) * 10 < took.count() / 2);
    server.give_fds();
    CHECK(eventually([&] { return TestClient{socket}.greet(); }));
}

TEST_CASE("wake() has the chores run, from any thread") {
    RunningServer server;
    REQUIRE(eventually([&] { return server.chores.calls.load() == 1; }));
    server.server().wake();
    CHECK(eventually([&] { return server.chores.calls.load() == 2; }));
    std::thread([&] { server.server().wake(); }).join();
    CHECK(eventually([&] { return server.chores.calls.load() == 3; }));
}

TEST_CASE("Without a socket the chores still run") {
    FakeChores chores;
    FakeCounts counts;
    const agent::Identity identity;
    auto server = agent::Server::create(agent::OwnedFd{}, chores);
    REQUIRE(server);
    std::thread thread([&] { (*server)->run({.identity = identity, .counts = counts, .table = nullptr}); });
    CHECK(eventually([&] { return chores.calls.load() == 1; }));
    (*server)->wake();
    CHECK(eventually([&] { return chores.calls.load() == 2; }));
    (*server)->stop();
    thread.join();
}

TEST_CASE("An idle server does not run at all") {
    RunningServer server;
    server.greeted().close();
    const std::string path = "/proc/self/task/" + std::to_string(server.tid()) + "/status";
    const auto switches = [&] {
        std::ifstream file{path};
        std::string line;
        while (std::getline(file, line))
            if (line.rfind("voluntary_ctxt_switches", 0) == 0)
                return std::stoull(line.substr(line.find(':') + 1));
        return 0ull;
    };
    // The last of the closing may still be under way: wait until a quarter of a second brings no switch.
    CHECK(eventually([&] {
        const auto before = switches();
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
        return before != 0 && switches() == before;
    }));
}
