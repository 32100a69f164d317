// The golden frames both ways. A vector of a release never changes: a failure here is a change of the wire format.
#include <tasks/protocol/messages.hpp>

#include <set>

#include <catch2/catch.hpp>

#include "golden_values.hpp"
#include "same_messages.hpp"
#include "vector_file.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

std::set<std::string> checked; // names of the vectors that some test case went through

// Bytes of the file give the message; the message gives the bytes of the file.
template <class Message>
void check_golden(const std::string& name, std::uint32_t request_id, const Message& message, std::uint16_t flags = 0) {
    CAPTURE(name);
    checked.insert(name);
    const auto bytes = vector_bytes(name);
    CHECK(hex(frame_bytes(type_of<Message>, flags, request_id, write(message))) == hex(bytes));
    FrameDecoder decoder;
    REQUIRE(decoder.feed(std::span{bytes}));
    const auto frame = decoder.next();
    REQUIRE(frame);
    CHECK(frame->header.type == static_cast<std::uint16_t>(type_of<Message>));
    CHECK(frame->header.request_id == request_id);
    CHECK(frame->header.flags == flags);
    const auto read = tasks::protocol::read<Message>(frame->payload);
    REQUIRE(read);
    CHECK(*read == message);
}

} // namespace

TEST_CASE("every golden frame is written and read as its value") {
    check_golden("hello", 1, golden_hello());
    check_golden("welcome", 1, golden_welcome());
    check_golden("error_answer", 7, golden_error_answer());
    check_golden("vitals_request", 2, VitalsRequest{});
    check_golden("vitals_answer", 2, golden_vitals_answer());
    check_golden("vitals_answer_unknown", 3, golden_vitals_answer_unknown());
    check_golden("vitals_answer_queues", 2, golden_vitals_answer_queues());
    check_golden("vitals_answer_coroutines", 2, golden_vitals_answer_coroutines());
    check_golden("counts_request", 4, CountsRequest{});
    check_golden("counts_answer", 4, golden_counts_answer());
    check_golden("counts_answer_coroutines", 4, golden_counts_answer_coroutines());
    check_golden("tasks_request", 5, TasksRequest{});
    check_golden("tasks_answer", 5, golden_tasks_answer(), flag_more);
    check_golden("tasks_answer_last", 5, golden_tasks_answer_last());
    check_golden("tasks_answer_labels", 5, golden_tasks_answer_labels(), flag_more);
    check_golden("tasks_answer_coroutines", 5, golden_tasks_answer_coroutines(), flag_more);
    check_golden("stacks_request", 6, golden_stacks_request());
    check_golden("stacks_answer", 6, golden_stacks_answer(), flag_more);
    check_golden("stacks_answer_last", 6, golden_stacks_answer_last());
    check_golden("stacks_answer_registers", 6, golden_stacks_answer_registers(), flag_more);
    checked.insert("hello_newer"); // below
    for (const auto& file : all_vectors()) {
        CAPTURE(file.name);
        CHECK(checked.count(file.name) == 1);
    }
}

TEST_CASE("fields of a newer version are skipped") {
    const auto bytes = vector_bytes("hello_newer");
    const auto read = tasks::protocol::read<Hello>(std::string_view{bytes}.substr(header_bytes));
    REQUIRE(read);
    CHECK(*read == golden_hello());
}
