// Records of coroutines and fibers: what they tell, and what cannot be.
#include <tasks/protocol/table_reader.hpp>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

/// A table with one coroutine, which waits, and a way to read it.
class Coroutines {
public:
    Coroutines() : site_(table_.add_site("session", "session", "server.cpp", 112)) {}

    CoroutineRecord& add() {
        auto& record = reinterpret_cast<CoroutineRecord&>(table_.next_record());
        record.head.sequence = 2;
        record.head.generation = 7;
        record.head.type = static_cast<std::uint8_t>(RecordType::coroutine);
        record.head.state = static_cast<std::uint8_t>(State::waiting);
        record.head.wait_reason = static_cast<std::uint8_t>(WaitReason::timer);
        record.head.wait_object = 0x3000;
        record.head.wait_since_ns = 200;
        record.head.started_ns = 100;
        record.site = site_;
        record.kind = static_cast<std::uint8_t>(Kind::coroutine);
        record.frame = 0x1000;
        record.parent = std::uint64_t{5} << 32 | 160;
        record.creator_pc = 0x2000;
        record.created_in_pc = 0x2100;
        return record;
    }

    Walked seen() {
        const BytesSource source{table_.bytes()};
        auto reader = opened(source);
        return walk(reader);
    }
    std::uint64_t id_of(const CoroutineRecord& record) {
        return std::uint64_t{7} << 32 | table_.number_of(reinterpret_cast<const TaskRecord&>(record));
    }

private:
    TestTable table_;
    std::uint32_t site_;
};

} // namespace

TEST_CASE("a coroutine's record tells its frame, its wait, its creation and who started it") {
    Coroutines table;
    const auto& record = table.add();
    const auto walked = table.seen();
    REQUIRE(walked.tasks.size() == 1);
    const auto& task = walked.tasks[0];
    CHECK(task.id == table.id_of(record));
    CHECK(task.kind == Kind::coroutine);
    CHECK(task.state == State::waiting);
    CHECK(task.wait_reason == WaitReason::timer);
    CHECK(task.wait_object == 0x3000);
    CHECK(task.since_ns == 200);
    CHECK(task.started_ns == 100);
    CHECK(task.scope_count == 1);
    CHECK(task.scopes[0] == 1);
    CHECK(task.frame == 0x1000);
    CHECK(task.started_by == (std::uint64_t{5} << 32 | 160));
    CHECK(task.awaited_by == 0);
    CHECK(task.creator_pc == 0x2000);
    CHECK(task.created_in_pc == 0x2100);
    CHECK(walked.totals.damaged == 0);
}

TEST_CASE("one that another awaits names that one, and not who started it") {
    Coroutines table;
    table.add().awaited = 1;
    const auto walked = table.seen();
    REQUIRE(walked.tasks.size() == 1);
    CHECK(walked.tasks[0].awaited_by == (std::uint64_t{5} << 32 | 160));
    CHECK(walked.tasks[0].started_by == 0);
}

TEST_CASE("a fiber, one that is done, one that has not started, one without a site and one with a label") {
    Coroutines table;
    table.add().kind = static_cast<std::uint8_t>(Kind::fiber);
    auto& done = table.add();
    done.head.state = static_cast<std::uint8_t>(State::done);
    done.head.wait_reason = 0;
    auto& fresh = table.add();
    fresh.head.state = static_cast<std::uint8_t>(State::runnable);
    fresh.head.wait_reason = static_cast<std::uint8_t>(WaitReason::not_started);
    auto& nameless = table.add();
    nameless.site = 0;
    nameless.label = label(1, "8431");
    const auto walked = table.seen();
    REQUIRE(walked.tasks.size() == 4);
    CHECK(walked.tasks[0].kind == Kind::fiber);
    CHECK(walked.tasks[1].state == State::done);
    CHECK(walked.tasks[1].wait_reason == WaitReason::none);
    CHECK(walked.tasks[2].state == State::runnable);
    CHECK(walked.tasks[2].wait_reason == WaitReason::not_started);
    CHECK(walked.tasks[3].scope_count == 0);
    CHECK(walked.tasks[3].label_text == "8431");
}

TEST_CASE("a coroutine's record that cannot be is damaged and left out") {
    const auto damage = GENERATE(0, 1, 2, 3, 4, 5, 6);
    CAPTURE(damage);
    Coroutines table;
    auto& record = table.add();
    switch (damage) {
    case 0:
        record.kind = static_cast<std::uint8_t>(Kind::thread);
        break;
    case 1:
        record.kind = 5;
        break;
    case 2:
        record.head.state = 0;
        break;
    case 3:
        record.head.state = 200;
        break;
    case 4:
        record.awaited = 2;
        break;
    case 5:
        record.site = 1'000'000;
        break;
    default:
        record.head.wait_site = 1'000'000;
    }
    const auto walked = table.seen();
    CHECK(walked.tasks.empty());
    CHECK(walked.totals.damaged == 1);
}

TEST_CASE("a coroutine's record that is being written is not told") {
    Coroutines table;
    table.add().head.sequence = 3;
    const auto walked = table.seen();
    CHECK(walked.tasks.empty());
    CHECK(walked.totals.unreadable == 1);
}
