#include <tasks/protocol/messages.hpp>

#include <vector>

#include <catch2/catch.hpp>

#include "golden_values.hpp"
#include "same_messages.hpp"
#include "vector_file.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

// What each of the writer's functions adds, one after the other, with a memory of that size; as many as fit.
std::size_t write_tasks(PartWriter& writer, const TasksAnswer& answer) {
    std::size_t written = writer.tasks_taken_at(answer.taken_at_ns);
    for (const auto& site : answer.sites)
        written += writer.add(site);
    for (const auto& task : answer.tasks)
        written += writer.add(task);
    return written + writer.tasks_end(answer.unreadable, answer.dropped);
}

std::size_t write_stacks(PartWriter& writer, const StacksAnswer& answer) {
    std::size_t written = writer.stacks_taken_at(answer.taken_at_ns, answer.agent_tid);
    for (const auto& module : answer.modules)
        written += writer.add(module);
    for (const auto& thread : answer.threads)
        written += writer.add(thread);
    return written + writer.stacks_end(answer.done_at_ns);
}

template <class Message> void check_whole(const Message& message) {
    const auto expected = write(message);
    std::vector<char> memory(expected.size() + 4);
    PartWriter enough{memory};
    CHECK(enough.whole(message));
    CHECK(hex(enough.bytes()) == hex(expected));
    for (std::size_t size = 0; size < expected.size(); ++size) {
        PartWriter small{std::span{memory}.first(size)};
        CHECK_FALSE(small.whole(message));
        CHECK(small.bytes().empty());
    }
}

} // namespace

TEST_CASE("a message written into given memory has the same bytes, and needs four more at most") {
    check_whole(golden_welcome());
    check_whole(golden_error_answer());
    check_whole(golden_vitals_answer());
    check_whole(golden_vitals_answer_queues());
    check_whole(golden_counts_answer());
}

TEST_CASE("parts written one by one are the whole answer") {
    std::vector<char> memory(4096);
    PartWriter writer{memory};
    CHECK(write_tasks(writer, golden_tasks_answer()) == 5);
    CHECK(hex(writer.bytes()) == hex(write(golden_tasks_answer())));
    writer.clear();
    CHECK(writer.bytes().empty());
    CHECK(write_stacks(writer, golden_stacks_answer_last()) == 4);
    CHECK(hex(writer.bytes()) == hex(write(golden_stacks_answer_last())));
    writer.clear();
    write_tasks(writer, golden_tasks_answer_labels());
    CHECK(hex(writer.bytes()) == hex(write(golden_tasks_answer_labels())));
    writer.clear();
    write_stacks(writer, golden_stacks_answer_registers());
    CHECK(hex(writer.bytes()) == hex(write(golden_stacks_answer_registers())));
}

TEST_CASE("what does not fit leaves the bytes as they were, for every size of memory") {
    const auto site = golden_tasks_answer().sites[0];
    const auto task = golden_tasks_answer().tasks[0];
    const auto module = golden_stacks_answer().modules[0];
    const auto thread = golden_stacks_answer().threads[0];
    const auto labelled = golden_tasks_answer_labels().tasks[1];
    const auto running = golden_stacks_answer_registers().threads[0];
    for (std::size_t size = 0; size < 900; ++size) {
        CAPTURE(size);
        std::vector<char> memory(size); // exactly so large: sanitizers see a write behind it
        PartWriter writer{memory};
        std::string before;
        const auto step = [&](bool fitted) {
            if (fitted)
                CHECK(writer.bytes().size() > before.size());
            else
                CHECK(writer.bytes() == before);
            before = writer.bytes();
        };
        for (int round = 0; round < 2; ++round) {
            step(writer.tasks_taken_at(7));
            step(writer.add(site));
            step(writer.add(task));
            step(writer.add(module));
            step(writer.add(thread));
            step(writer.add(labelled));
            step(writer.add(running));
            step(writer.tasks_end(1, 2));
        }
    }
}

TEST_CASE("parts that fit are whole elements whatever the memory's size") {
    const auto whole = golden_tasks_answer();
    for (std::size_t size = 0; size < 256; ++size) {
        std::vector<char> memory(size);
        PartWriter writer{memory};
        write_tasks(writer, whole);
        const auto back = read<TasksAnswer>(writer.bytes());
        REQUIRE(back);
        CHECK(back->sites.size() + back->tasks.size() <= 3);
        for (const auto& task : back->tasks)
            CHECK(task == whole.tasks[0]);
    }
}

TEST_CASE("a stack at its cap fits into one frame") {
    const std::string stack(max_stack_bytes, 's');
    std::vector<char> memory(max_payload_bytes);
    PartWriter writer{memory};
    ThreadStack thread;
    thread.stack = stack;
    CHECK(writer.add(thread));
    CHECK(writer.add(thread));
    CHECK(writer.add(thread));
    CHECK_FALSE(writer.add(thread)); // four and their lengths are just over 1 MiB
}
