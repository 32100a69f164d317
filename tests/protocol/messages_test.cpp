#include <tasks/protocol/messages.hpp>

#include <catch2/catch.hpp>

#include "golden_values.hpp"
#include "raw_fields.hpp"
#include "same_messages.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;
using namespace std::string_literals;
using Catch::Matchers::Contains;

namespace {

template <class Message> std::string refusal(const std::string& payload) {
    const auto result = read<Message>(payload);
    REQUIRE_FALSE(result);
    return result.error().sentence;
}

} // namespace

TEST_CASE("an empty payload is a message of defaults") {
    CHECK(read<VitalsRequest>("").ok());
    const auto hello = read<Hello>("");
    REQUIRE(hello);
    CHECK(hello->major == 0); // a version that was not sent is not ours
    const auto stacks = read<StacksRequest>("");
    REQUIRE(stacks);
    CHECK(stacks->stack_bytes == default_stack_bytes);
    const auto vitals = read<VitalsAnswer>("");
    REQUIRE(vitals);
    CHECK_FALSE(vitals->tasks);
    CHECK_FALSE(vitals->fds);
}

TEST_CASE("a request for no stack bytes is not a request for the default") {
    StacksRequest none;
    none.stack_bytes = 0;
    const auto request = read<StacksRequest>(write(none));
    REQUIRE(request);
    CHECK(request->stack_bytes == 0);
}

TEST_CASE("what is known to be 0 differs from what is not known") {
    VitalsAnswer answer;
    answer.fds = 0;
    answer.jobs_last_minute = 0;
    const auto bytes = write(answer);
    const auto back = read<VitalsAnswer>(bytes);
    REQUIRE(back);
    CHECK(back->fds == 0u);
    CHECK(back->jobs_last_minute == 0);
    CHECK_FALSE(back->rss_bytes);
}

TEST_CASE("an element of defaults is still an element") {
    TasksAnswer tasks;
    tasks.sites.resize(2);
    tasks.tasks.resize(3);
    const auto bytes = write(tasks);
    const auto back = read<TasksAnswer>(bytes);
    REQUIRE(back);
    CHECK(*back == tasks);
    StacksAnswer stacks;
    stacks.modules.resize(1);
    stacks.threads.resize(2);
    const auto stack_bytes = write(stacks);
    CHECK(*read<StacksAnswer>(stack_bytes) == stacks);
}

TEST_CASE("fields of a later version are skipped in every place") {
    const auto unknown = varint_field(100, 7) + bytes_field(101, "later") + fixed32_field(102, 1) +
                         fixed64_field(18999, 1) + bytes_field((1u << 29) - 1, "");
    const auto task = bytes_field(3, varint_field(1, 42) + unknown + varint_field(2, 4));
    const auto answer = read<TasksAnswer>(unknown + task + unknown);
    REQUIRE(answer);
    REQUIRE(answer->tasks.size() == 1);
    CHECK(answer->tasks[0].id == 42);
    CHECK(answer->tasks[0].kind == Kind::job);
    CHECK(read<VitalsRequest>(unknown).ok());
}

TEST_CASE("values of a later version are unknown") {
    const auto answer =
        read<TasksAnswer>(bytes_field(3, varint_field(2, 99) + varint_field(3, 99) + varint_field(4, 99)));
    REQUIRE(answer);
    CHECK(answer->tasks[0].kind == Kind::unknown);
    CHECK(answer->tasks[0].state == State::unknown);
    CHECK(answer->tasks[0].wait_reason == WaitReason::unknown);
    CHECK(read<StacksAnswer>(bytes_field(4, varint_field(3, 99)))->threads[0].capture == Capture::unknown);
    CHECK(read<ErrorAnswer>(varint_field(1, 99))->code == ErrorCode::unknown);
}

TEST_CASE("of a field that comes twice the last counts") {
    CHECK(read<Hello>(varint_field(1, 3) + varint_field(1, 5))->major == 5);
}

TEST_CASE("repeated numbers may come packed, one by one, or both") {
    const auto packed = bytes_field(6, "\x01\x02"s);
    const auto answer = read<TasksAnswer>(bytes_field(3, packed + varint_field(6, 300)));
    REQUIRE(answer);
    CHECK(answer->tasks[0].scope_count == 3);
    CHECK(answer->tasks[0].scopes[2] == 300);
    CHECK(read<StacksRequest>(varint_field(2, 7) + bytes_field(2, "\x08"s))->tids == std::vector<std::uint32_t>{7, 8});
}

TEST_CASE("a known field of another wire type is refused by name") {
    CHECK_THAT(refusal<Hello>(bytes_field(1, "1")), Contains("Hello") && Contains("major"));
    CHECK_THAT(refusal<Hello>(varint_field(2, 1)), Contains("client"));
    CHECK_THAT(refusal<TasksAnswer>(varint_field(1, 1)), Contains("taken_at_ns"));
    CHECK_THAT(refusal<TasksAnswer>(varint_field(3, 1)), Contains("tasks"));
    CHECK_THAT(refusal<TasksAnswer>(bytes_field(3, fixed64_field(6, 1))), Contains("Task") && Contains("scopes"));
}

TEST_CASE("numbers that do not fit are refused") {
    CHECK_THAT(refusal<Hello>(varint_field(1, 1ull << 32)), Contains("32 bits"));
    CHECK_THAT(refusal<StacksRequest>(varint_field(2, 1ull << 32)), Contains("32 bits"));
    CHECK_THAT(refusal<StacksAnswer>(bytes_field(4, varint_field(4, 1ull << 31))), Contains("system call"));
    CHECK(read<StacksAnswer>(bytes_field(4, varint_field(4, 0x7fffffff)))->threads[0].syscall == 0x7fffffff);
}

TEST_CASE("bytes that are no protobuf are refused") {
    CHECK_THAT(refusal<Hello>("\x08"s), Contains("no protobuf")); // ends after the tag
    CHECK_THAT(refusal<Hello>("\x12\x05"
                              "abc"s),
               Contains("no protobuf"));                                       // a text longer than the payload
    CHECK_THAT(refusal<Hello>("\x0b"s), Contains("no protobuf"));              // a group
    CHECK_THAT(refusal<Hello>(std::string(1, '\0')), Contains("no protobuf")); // field 0
    CHECK_THAT(refusal<Hello>("\x08" + std::string(11, '\xff')), Contains("no protobuf")); // a number without end
}

TEST_CASE("texts are read up to their cap") {
    const std::string longest(max_string_bytes, 'x');
    const auto whole = bytes_field(2, longest);
    CHECK(read<Hello>(whole)->client.size() == max_string_bytes);
    CHECK_THAT(refusal<Hello>(bytes_field(2, longest + "x")), Contains("client") && Contains("4096"));
    CHECK_THAT(refusal<TasksAnswer>(bytes_field(2, bytes_field(3, longest + "x"))), Contains("function"));
    CHECK_THAT(refusal<StacksAnswer>(bytes_field(3, bytes_field(5, longest + "x"))), Contains("build_id"));
}

TEST_CASE("a text over the cap is written cut, with a mark") {
    const std::string name(max_string_bytes + 1, 'x');
    const auto bytes = write(Hello{.client = name});
    const auto read_back = read<Hello>(bytes);
    REQUIRE(read_back);
    CHECK(read_back->client == std::string(max_string_bytes - 3, 'x') + "...");
}

TEST_CASE("a stack is read up to 256 KiB and written cut") {
    const std::string stack(max_stack_bytes + 1, 's');
    CHECK_THAT(refusal<StacksAnswer>(bytes_field(4, bytes_field(8, stack))), Contains("stack") && Contains("262144"));
    StacksAnswer answer;
    answer.threads.resize(1);
    answer.threads[0].stack = stack;
    const auto bytes = write(answer);
    const auto back = read<StacksAnswer>(bytes);
    REQUIRE(back);
    CHECK(back->threads[0].stack.size() == max_stack_bytes);
    CHECK(back->threads[0].stack_cut);
}

TEST_CASE("elements are read up to their cap") {
    const auto task = bytes_field(3, "");
    CHECK(read<TasksAnswer>(times(max_elements, task))->tasks.size() == max_elements);
    CHECK_THAT(refusal<TasksAnswer>(times(max_elements + 1, task)), Contains("tasks") && Contains("65536"));
    CHECK_THAT(refusal<TasksAnswer>(times(max_elements + 1, bytes_field(2, ""))), Contains("sites"));
    CHECK_THAT(refusal<StacksAnswer>(times(max_elements + 1, bytes_field(3, ""))), Contains("modules"));
    CHECK_THAT(refusal<StacksAnswer>(times(max_elements + 1, bytes_field(4, ""))), Contains("threads"));
    CHECK_THAT(refusal<StacksRequest>(bytes_field(2, std::string(max_elements + 1, '\1'))), Contains("tids"));
    CHECK_THAT(refusal<Welcome>(times(max_elements + 1, varint_field(6, 1))), Contains("request_types"));
}

TEST_CASE("a task has at most eight scopes and a system call six arguments") {
    CHECK(read<TasksAnswer>(bytes_field(3, bytes_field(6, std::string(8, '\1'))))->tasks[0].scope_count == 8);
    CHECK_THAT(refusal<TasksAnswer>(bytes_field(3, bytes_field(6, std::string(9, '\1')))), Contains("scopes"));
    CHECK_THAT(refusal<StacksAnswer>(bytes_field(4, bytes_field(5, std::string(7, '\1')))), Contains("arguments"));
    Task task;
    task.scope_count = 200; // a writer's mistake reads no memory behind the array
    TasksAnswer answer;
    answer.tasks = {task};
    const auto bytes = write(answer);
    CHECK(read<TasksAnswer>(bytes)->tasks[0].scope_count == 8);
}

TEST_CASE("a label has at most 31 bytes, a process 64 queues and a thread 34 registers") {
    const std::string longest(max_label_bytes, 'x');
    CHECK(read<TasksAnswer>(bytes_field(3, bytes_field(13, longest)))->tasks[0].label_text == longest);
    CHECK_THAT(refusal<TasksAnswer>(bytes_field(3, bytes_field(13, longest + "x"))), Contains("label_text"));
    CHECK(read<VitalsAnswer>(times(max_queues, bytes_field(20, "")))->queue_count == max_queues);
    CHECK_THAT(refusal<VitalsAnswer>(times(max_queues + 1, bytes_field(20, ""))), Contains("queues"));
    const auto registers = [](std::size_t count) { return bytes_field(4, bytes_field(13, std::string(count * 8, 1))); };
    CHECK(read<StacksAnswer>(registers(max_registers))->threads[0].register_count == max_registers);
    CHECK_THAT(refusal<StacksAnswer>(registers(max_registers + 1)), Contains("registers"));
    CHECK_THAT(refusal<StacksAnswer>(bytes_field(4, bytes_field(13, "1234567"))), Contains("no protobuf"));
    CHECK_THAT(refusal<StacksAnswer>(bytes_field(4, varint_field(13, 1))), Contains("registers"));
    CHECK(read<StacksAnswer>(bytes_field(4, fixed64_field(13, 7) + fixed64_field(13, 9)))->threads[0].registers[1] ==
          9);
}

TEST_CASE("a writer's mistake in a label, the queues or the registers is cut") {
    const std::string text(max_label_bytes + 1, 'x');
    TasksAnswer tasks;
    tasks.tasks.resize(1);
    tasks.tasks[0].label_text = text;
    const auto task_bytes = write(tasks);
    CHECK(read<TasksAnswer>(task_bytes)->tasks[0].label_text == std::string(max_label_bytes, 'x'));
    CHECK(read<TasksAnswer>(task_bytes)->tasks[0].label_cut);
    VitalsAnswer vitals;
    vitals.queue_count = 200;
    CHECK(read<VitalsAnswer>(write(vitals))->queue_count == max_queues);
    StacksAnswer stacks;
    stacks.threads.resize(1);
    stacks.threads[0].register_count = 200;
    CHECK(read<StacksAnswer>(write(stacks))->threads[0].register_count == max_registers);
}

TEST_CASE("arguments are told only of a thread in a system call") {
    StacksAnswer answer;
    answer.threads.resize(1);
    answer.threads[0].arguments = {1, 2, 3, 4, 5, 6};
    const auto bytes = write(answer);
    const auto back = read<StacksAnswer>(bytes);
    REQUIRE(back);
    CHECK(back->threads[0].syscall == -1);
    CHECK(back->threads[0].arguments[0] == 0);
}
