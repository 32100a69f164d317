// One connection's requests and answers, over a real socket.
#include <catch2/catch.hpp>

#include <chrono>
#include <random>

#include <tasks/protocol/version.hpp>

#include "client.hpp"
#include "server_fixture.hpp"

using namespace tasks;
using namespace tasks::test;
using protocol::ErrorCode;
using protocol::MessageType;

namespace {

constexpr auto counts_type = static_cast<std::uint16_t>(MessageType::counts_request);

std::string counts_frame(std::uint32_t id) { return raw_frame(counts_type, "", id); }

} // namespace

TEST_CASE("A hello is answered by a welcome that says who speaks") {
    RunningServer server;
    TestClient client = server.client();
    REQUIRE(client.send(protocol::Hello{.client = "test 1"}, 77));
    const auto frame = client.receive();
    REQUIRE(frame);
    CHECK(frame->header.request_id == 77);
    const auto welcome = protocol::read<protocol::Welcome>(frame->payload);
    REQUIRE(welcome);
    CHECK(welcome->major == protocol::protocol_major);
    CHECK(welcome->agent_version == protocol::version);
    CHECK(welcome->pid == static_cast<std::uint32_t>(::getpid()));
    CHECK(welcome->start_time_ticks == 7);
    CHECK(welcome->name == "payments");
    CHECK(welcome->request_types == std::vector<std::uint32_t>{1, 16, 18, 20, 22});
}

TEST_CASE("A request before the hello is refused and the connection ended") {
    RunningServer server;
    TestClient client = server.client();
    REQUIRE(client.send(protocol::CountsRequest{}, 5));
    const auto frame = client.receive();
    CHECK(error_in(frame) == std::pair{ErrorCode::hello_expected, std::string{"a connection begins with a hello"}});
    CHECK(frame->header.request_id == 5);
    CHECK(client.sees_end());
}

TEST_CASE("A hello of another version is refused with both versions") {
    RunningServer server;
    TestClient client = server.client();
    REQUIRE(client.send(protocol::Hello{.major = 99, .client = ""}));
    const auto [code, sentence] = error_in(client.receive());
    CHECK(code == ErrorCode::unsupported_version);
    CHECK_THAT(sentence, Catch::Contains("version 1, not 99"));
    CHECK(client.sees_end());
}

TEST_CASE("An unknown request is refused and the connection goes on") {
    RunningServer server;
    TestClient client = server.greeted();
    for (const std::uint16_t type : {std::uint16_t{999}, static_cast<std::uint16_t>(MessageType::welcome)}) {
        REQUIRE(client.send_bytes(raw_frame(type, "", 9)));
        const auto frame = client.receive();
        CHECK(error_in(frame).first == ErrorCode::unknown_request);
        CHECK_THAT(error_in(frame).second, Catch::Contains("type " + std::to_string(type)));
        CHECK(frame->header.request_id == 9);
    }
    REQUIRE(client.send(protocol::CountsRequest{}));
    CHECK(client.receive()->header.type == static_cast<std::uint16_t>(MessageType::counts_answer));
}

TEST_CASE("A payload that is no message is refused and the connection goes on") {
    RunningServer server;
    TestClient client = server.greeted();
    for (const MessageType type : {MessageType::hello, MessageType::vitals_request, MessageType::counts_request,
                                   MessageType::tasks_request, MessageType::stacks_request}) {
        REQUIRE(client.send_bytes(raw_frame(static_cast<std::uint16_t>(type), "\xff\xff\xff", 3)));
        const auto frame = client.receive();
        CHECK(error_in(frame).first == ErrorCode::bad_encoding);
        CHECK_THAT(error_in(frame).second, Catch::Contains("is not a protobuf message"));
    }
    REQUIRE(client.send(protocol::CountsRequest{}));
    CHECK(client.receive()->header.type == static_cast<std::uint16_t>(MessageType::counts_answer));
}

TEST_CASE("A request that is announced too long is refused before it comes") {
    RunningServer server;
    TestClient client = server.greeted();
    std::array<char, protocol::header_bytes> header{};
    protocol::write_header({.payload_bytes = 64 * 1024 + 1, .type = counts_type, .flags = 0, .request_id = 6}, header);
    REQUIRE(client.send_bytes({header.data(), header.size()}));
    const auto frame = client.receive();
    CHECK(error_in(frame).first == ErrorCode::too_large);
    CHECK_THAT(error_in(frame).second, Catch::Contains("65537"));
    CHECK(frame->header.request_id == 6);
    CHECK(client.sees_end());
}

TEST_CASE("The longest request is taken") {
    RunningServer server;
    TestClient client = server.greeted();
    // Field 15, bytes: unknown, and skipped. Key, three bytes of length, then the bytes.
    std::string payload(64 * 1024, '\0');
    const std::size_t length = payload.size() - 4;
    payload[0] = 0x7a;
    payload[1] = static_cast<char>((length & 0x7fu) | 0x80u);
    payload[2] = static_cast<char>((length >> 7 & 0x7fu) | 0x80u);
    payload[3] = static_cast<char>(length >> 14);
    REQUIRE(client.send_bytes(raw_frame(counts_type, payload)));
    CHECK(client.receive()->header.type == static_cast<std::uint16_t>(MessageType::counts_answer));
}

TEST_CASE("Bytes that are no frame are refused and the connection ended") {
    RunningServer server;
    TestClient client = server.greeted();
    REQUIRE(client.send_bytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(error_in(client.receive()).first == ErrorCode::bad_encoding);
    CHECK(client.sees_end());
}

TEST_CASE("A request may come one byte at a time") {
    RunningServer server;
    TestClient client = server.client();
    const std::string bytes =
        protocol::frame_bytes(MessageType::hello, 0, 1, protocol::write(protocol::Hello{})) + counts_frame(2);
    for (const char byte : bytes)
        REQUIRE(client.send_bytes({&byte, 1}));
    CHECK(client.receive()->header.type == static_cast<std::uint16_t>(MessageType::welcome));
    CHECK(client.receive()->header.request_id == 2);
}

TEST_CASE("Requests sent in one go are answered in order with their ids") {
    RunningServer server;
    TestClient client = server.greeted();
    std::string bytes;
    for (std::uint32_t id = 100; id < 300; ++id)
        bytes += counts_frame(id);
    REQUIRE(client.send_bytes(bytes));
    for (std::uint32_t id = 100; id < 300; ++id) {
        const auto frame = client.receive();
        REQUIRE(frame);
        CHECK(frame->header.request_id == id);
    }
}

TEST_CASE("The counts are those of the registry") {
    RunningServer server;
    TestClient client = server.greeted();
    REQUIRE(client.send(protocol::CountsRequest{}));
    const auto frame = client.receive();
    const auto counts = protocol::read<protocol::CountsAnswer>(frame->payload);
    REQUIRE(counts);
    CHECK(counts->tasks == 12);
    CHECK(counts->thread_tasks == 4);
    CHECK(counts->jobs == 8);
    CHECK(counts->os_threads == 7);
    CHECK(counts->jobs_dropped == 3);
}

TEST_CASE("Without a table there are no tasks to tell") {
    RunningServer server;
    TestClient client = server.greeted();
    REQUIRE(client.send(protocol::TasksRequest{}));
    const auto parts = client.receive_answer();
    REQUIRE(parts.size() == 1);
    const auto tasks = protocol::read<protocol::TasksAnswer>(parts[0].payload);
    REQUIRE(tasks);
    CHECK(tasks->tasks.empty());
    CHECK(tasks->taken_at_ns != 0);
}

TEST_CASE("A request that stops in the middle is refused after 2 s, a silent client is not") {
    RunningServer server;
    TestClient silent = server.greeted();
    TestClient client = server.greeted();
    const auto begun = std::chrono::steady_clock::now();
    REQUIRE(client.send_bytes(counts_frame(1).substr(0, 7)));
    const auto [code, sentence] = error_in(client.receive());
    CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::seconds(2));
    CHECK(code == ErrorCode::deadline);
    CHECK_THAT(sentence, Catch::Contains("2 s"));
    CHECK(client.sees_end());
    REQUIRE(silent.send(protocol::CountsRequest{}));
    CHECK(silent.receive());
}

TEST_CASE("The deadline of a request is the host's to choose") {
    RunningServer server{{}, 150'000'000};
    TestClient client = server.greeted();
    REQUIRE(client.send_bytes(counts_frame(1).substr(0, 7)));
    const auto [code, sentence] = error_in(client.receive());
    CHECK(code == ErrorCode::deadline);
    CHECK(sentence == "the request was not complete after 150 ms");
    const OwnAgent own{{.deadline_ms = 1}};
    TestClient quick{own.directory().only(protocol::socket_suffix)};
    REQUIRE(quick.send_bytes("TSK1"));
    CHECK(error_in(quick.receive()).second == "the request was not complete after 10 ms");
}

TEST_CASE("A client that asks and never reads is dropped") {
    RunningServer server;
    TestClient greedy = server.greeted();
    REQUIRE(greedy.ask_often(500));
    CHECK(eventually([&] {
        pollfd entry{.fd = greedy.fd(), .events = 0, .revents = 0};
        return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
    }));
}

TEST_CASE("Random bytes never stop the server") {
    RunningServer server;
    std::mt19937 random{42};
    std::uniform_int_distribution<int> byte{0, 255};
    for (int round = 0; round < 300; ++round) {
        TestClient client = server.client();
        REQUIRE(client.connected());
        std::string payload(static_cast<std::size_t>(byte(random)), '\0');
        for (char& each : payload)
            each = static_cast<char>(byte(random));
        if (round % 3 != 0)
            REQUIRE(client.greet());
        const auto type = static_cast<std::uint16_t>(round % 2 == 0 ? 22 : byte(random));
        client.send_bytes(round % 5 == 0 ? payload : raw_frame(type, payload));
        if (round % 5 != 0)
            CHECK(client.receive());
    }
    CHECK(server.greeted().connected());
}

TEST_CASE("While it serves the agent's thread takes nothing from the heap") {
    RunningServer server;
    TestClient client = server.greeted();
    REQUIRE(client.send(protocol::CountsRequest{}));
    REQUIRE(client.receive());
    const std::uint64_t before = server.counts.allocations.load();
    REQUIRE(client.send(protocol::VitalsRequest{}));
    REQUIRE(client.send(protocol::StacksRequest{}));
    REQUIRE(client.send(protocol::TasksRequest{}));
    REQUIRE(client.send_bytes(raw_frame(22, "\xff")));
    REQUIRE(client.send_bytes(raw_frame(999, "")));
    for (int answers = 0; answers < 5; ++answers)
        REQUIRE_FALSE(client.receive_answer().empty());
    {
        TestClient other = server.greeted();
        TestClient rude = server.client();
        rude.send_bytes("GET / HTTP/1.1\r\n\r\n");
        CHECK(rude.sees_end());
    }
    REQUIRE(client.send(protocol::CountsRequest{}));
    REQUIRE(client.receive());
    CHECK(server.counts.allocations.load() == before);
}
