#include "capture/agent_client.hpp"

#include <chrono>
#include <cstring>

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "inspect/capture/fake_agent.hpp"
#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::inspect;
using tasks::tests::Connection;
using tasks::tests::FakeAgent;

namespace {

constexpr std::uint32_t pid = 12;
constexpr std::uint64_t start = 345;
constexpr std::uint64_t long_ns = 60'000'000'000;
constexpr std::uint64_t short_ns = 50'000'000;

/// Asks a fake that behaves so for its counts, and gives back what comes of it.
struct Asked {
    std::optional<AgentError> error;
    protocol::CountsAnswer counts;
    int parts = 0;
};

Asked ask_one_that(const FakeAgent::Behaviour& behaves, std::uint64_t patience_ns = long_ns) {
    const tests::TemporaryDirectory directory;
    const FakeAgent agent{directory.path(), pid, start, behaves};
    const SystemClock clock;
    auto client = AgentClient::meet(agent.files(), Deadline{clock, patience_ns});
    Asked asked;
    if (!client) {
        asked.error = client.error();
        return asked;
    }
    asked.error = client->ask(
        protocol::MessageType::counts_request, protocol::write(protocol::CountsRequest{}),
        protocol::MessageType::counts_answer,
        [&asked](std::string_view payload) -> std::optional<std::string> {
            const auto read = protocol::read<protocol::CountsAnswer>(payload);
            if (!read) {
                return read.error().sentence;
            }
            asked.counts = *read;
            ++asked.parts;
            return std::nullopt;
        },
        Deadline{clock, patience_ns});
    return asked;
}

bool says(const std::optional<AgentError>& error, const std::string& what) {
    return error && error->sentence.find(what) != std::string::npos;
}

std::string header_of(std::uint32_t payload_bytes, protocol::MessageType type, std::uint32_t id) {
    std::array<char, protocol::header_bytes> header{};
    protocol::write_header({payload_bytes, static_cast<std::uint16_t>(type), 0, id}, header);
    return {header.data(), header.size()};
}

} // namespace

TEST_CASE("an agent that answers is understood") {
    const auto asked = ask_one_that(tests::answer_everything);
    REQUIRE_FALSE(asked.error);
    CHECK(asked.counts.tasks == 3);
    CHECK(asked.counts.os_threads == 2);
}

TEST_CASE("all parts of an answer are taken in") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        const auto id = peer.hear().value().header.request_id;
        peer.answer(protocol::CountsAnswer{1, 1, 0, 1, 0}, id, true);
        peer.answer(protocol::CountsAnswer{2, 1, 1, 1, 0}, id);
        peer.stall();
    });
    REQUIRE_FALSE(asked.error);
    CHECK(asked.parts == 2);
    CHECK(asked.counts.tasks == 2);
}

TEST_CASE("another process answering on the socket is told, not believed") {
    const auto asked = ask_one_that([](Connection& peer) { peer.welcome(77), peer.stall(); });
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::broken);
    CHECK(says(asked.error, "process 77-345 answers on it"));
    CHECK(says(asked.error, "12-345.sock: "));
    CHECK(to_error(*asked.error).trouble == Trouble::no_answer);
}

TEST_CASE("garbage instead of a welcome is told") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.hear();
        peer.say("HTTP/1.1 400 Bad Request\r\n");
        peer.stall();
    });
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::broken);
}

TEST_CASE("a lie about a length costs no memory and is told") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        const auto id = peer.hear().value().header.request_id;
        peer.say(header_of(0xffffffff, protocol::MessageType::counts_answer, id));
        peer.stall();
    });
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::broken);
}

TEST_CASE("an answer to another request is told") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        peer.answer(protocol::CountsAnswer{}, peer.hear().value().header.request_id + 1);
        peer.stall();
    });
    CHECK(says(asked.error, "belongs to another request"));
}

TEST_CASE("an answer of another type is told") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        peer.answer(protocol::VitalsAnswer{}, peer.hear().value().header.request_id);
        peer.stall();
    });
    CHECK(says(asked.error, "which was not asked for"));
}

TEST_CASE("an answer that cannot be read is told") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        const auto id = peer.hear().value().header.request_id;
        peer.say(protocol::frame_bytes(protocol::MessageType::counts_answer, 0, id, "\xff\xff\xff\xff"));
        peer.stall();
    });
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::broken);
}

TEST_CASE("an answer cut in the middle is told") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        const auto id = peer.hear().value().header.request_id;
        peer.say(header_of(100, protocol::MessageType::counts_answer, id) + "half");
    });
    CHECK(says(asked.error, "closed the connection in the middle of an answer"));
}

TEST_CASE("a connection closed without a word is told") {
    const auto asked = ask_one_that([](Connection& peer) { peer.hear(); });
    CHECK(says(asked.error, "closed the connection without an answer"));
}

TEST_CASE("an agent that says nothing is silent after the deadline") {
    const auto asked = ask_one_that([](Connection& peer) { peer.stall(); }, short_ns);
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::silent);
    CHECK(says(asked.error, "did not answer before the deadline"));
}

TEST_CASE("an agent that says a byte at a time without end is silent after the deadline") {
    const auto asked = ask_one_that(
        [](Connection& peer) {
            peer.hear();
            peer.say("T");
            peer.stall();
        },
        short_ns);
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::silent);
}

TEST_CASE("a refusal is a matter of permission, in the agent's words") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.hear();
        peer.refuse(protocol::ErrorCode::not_permitted, "uid 5 may not ask", 0);
        peer.stall();
    });
    REQUIRE(asked.error);
    CHECK(asked.error->trouble == AgentTrouble::refused);
    CHECK(says(asked.error, "uid 5 may not ask"));
    CHECK(to_error(*asked.error).trouble == Trouble::permission);
}

TEST_CASE("a busy agent is asked again until it has room") {
    int connections = 0; // the fake serves one at a time
    const auto asked = ask_one_that([&connections](Connection& peer) {
        if (++connections < 3) {
            peer.hear();
            peer.refuse(protocol::ErrorCode::busy, "32 clients", 0);
            return;
        }
        tests::answer_everything(peer);
    });
    CHECK_FALSE(asked.error);
    CHECK(asked.counts.tasks == 3);
}

TEST_CASE("an answer of empty parts without end is given up") {
    const auto asked = ask_one_that([](Connection& peer) {
        peer.welcome();
        const auto id = peer.hear().value().header.request_id;
        std::string parts;
        for (int part = 0; part < 300'000; ++part) {
            parts += protocol::frame_bytes(protocol::MessageType::counts_answer, protocol::flag_more, id, "");
        }
        peer.say(parts);
    });
    CHECK(says(asked.error, "does not end"));
    CHECK(asked.parts > 65'536); // as many as an agent with a frame for each thread may send
}

TEST_CASE("the socket of a dead process is told as such") {
    const tests::TemporaryDirectory directory;
    const auto files = [&] { // bound, and closed with nobody to listen
        auto made = tests::files_in(directory.path(), pid, start);
        made.has_socket = true;
        return made;
    }();
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = files.socket_path();
    REQUIRE(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.c_str(), path.size());
    REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(left);
    const SystemClock clock;
    const auto client = AgentClient::meet(files, Deadline{clock, long_ns});
    REQUIRE_FALSE(client);
    CHECK(client.error().trouble == AgentTrouble::gone);
    CHECK(says(client.error(), "nobody listens on it"));
}

TEST_CASE("a socket deeper than 107 bytes can be reached") {
    const tests::TemporaryDirectory directory;
    const auto deep = directory.path(std::string(90, 'a') + "/" + std::string(90, 'b'));
    std::filesystem::create_directories(deep);
    const FakeAgent agent{deep, pid, start, tests::answer_everything};
    const SystemClock clock;
    CHECK(AgentClient::meet(agent.files(), Deadline{clock, long_ns}));
}

TEST_CASE("a socket of a stranger is not asked") {
    const tests::TemporaryDirectory directory;
    const FakeAgent agent{directory.path(), pid, start, tests::answer_everything};
    auto files = agent.files();
    files.owner_uid = ::geteuid() + 1;
    const SystemClock clock;
    const auto client = AgentClient::meet(files, Deadline{clock, long_ns});
    if (::geteuid() == 0) { // root is believed
        CHECK(client);
    } else {
        REQUIRE_FALSE(client);
        CHECK(client.error().trouble == AgentTrouble::broken);
    }
}

TEST_CASE("no socket stays open after the client has gone") {
    const tests::TemporaryDirectory directory;
    const FakeAgent agent{directory.path(), pid, start, tests::answer_everything};
    const SystemClock clock;
    const int before = ::dup(0);
    ::close(before);
    for (int times = 0; times < 5; ++times) {
        REQUIRE(AgentClient::meet(agent.files(), Deadline{clock, long_ns}));
    }
    // The fake's own end of the last connection may be open for a moment: wait for the number to be free again.
    int after = -1;
    for (int tries = 0; tries < 2000 && after != before; ++tries) {
        after = ::dup(0);
        ::close(after);
        ::usleep(5000);
    }
    CHECK(after == before);
}
