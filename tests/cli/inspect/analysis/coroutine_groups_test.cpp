// Coroutines among the tasks of a process: grouped by chain, joined with the threads that run them, counted once.
#include <chrono>

#include <catch2/catch.hpp>

#include "analysis/group_values.hpp"
#include "analysis/running_coroutines.hpp"
#include "inspect/analysis/made_coroutines.hpp"
#include "inspect/analysis/made_snapshot.hpp"

namespace tasks::inspect {
namespace {

using protocol::Kind;
using protocol::State;
using protocol::WaitReason;

const std::string timer =
    "boost::asio::async_result<boost::asio::use_awaitable_t<int>, void ()>::initiate<boost::asio::"
    "basic_waitable_timer<int>::initiate_async_wait>(int)";

class Groups {
protected:
    /// An operation that `inner`, at that line, waits for, and `outer`, which waits for that.
    CoroutineFrame& session(std::uint32_t line) {
        const auto operation = coroutines.frame(timer, 1).address;
        const auto inner = coroutines.frame("inner(int)", line).address;
        auto& outer = coroutines.frame("outer()", 88);
        frame(operation).awaited_by = inner;
        frame(inner).awaited_by = outer.address;
        return frame(inner);
    }
    CoroutineFrame& frame(std::uint64_t address) {
        return *std::ranges::find(coroutines->frames, address, &CoroutineFrame::address);
    }
    std::vector<std::string> functions(const GroupShape& shape) {
        std::vector<std::string> all;
        for (const auto& frame : shape.frames) {
            all.push_back(frame.function);
        }
        return all;
    }

    MadeSnapshot made;
    MadeCoroutines coroutines{*made};
};

using Names = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(Groups, "coroutines of one chain of suspend points are one group") {
    session(10);
    session(10);
    session(20);
    made.thread(11, "io").blocked({"epoll_wait", "run"}, 232);
    const auto report = made.analyse();
    CHECK(report.tasks == 4);
    REQUIRE(report.groups.size() == 3);
    CHECK(report.groups[0].count == 2);
    const auto& shape = report.shape(report.groups[0]);
    CHECK(shape.kind == Kind::coroutine);
    CHECK(shape.state == State::waiting);
    CHECK(shape.wait_reason == WaitReason::timer);
    CHECK(shape.wait_name == "basic_waitable_timer::async_wait");
    REQUIRE(functions(shape) == Names{"inner(int)", "outer()"});
    CHECK(shape.frames[0].line == 10);
    CHECK(shape.frames[0].file == "/src/session.cpp");
    CHECK(shape.frames[0].suspended == SuspendedAt{1, PointKind::await, Provenance::exact, false});
}

TEST_CASE_METHOD(Groups, "a wait that is told by a type that may be another's is marked") {
    coroutines.frame("guess()", 10, "ReadAwaiter");
    coroutines->functions[0].points[1].awaiter_inferred = true;
    coroutines.frame("sure()", 10, "ReadAwaiter");
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    for (const auto& group : report.groups) {
        const auto& shape = report.shape(group);
        CHECK(shape.wait_reason == WaitReason::io_read);
        CHECK(shape.wait_is_inferred == (shape.frames[0].function == "guess()"));
    }
}

TEST_CASE_METHOD(Groups, "raw frames are Asio's own too") {
    session(10);
    CHECK(functions(made.analyse({.raw_frames = true}).shapes[0]) == Names{timer, "inner(int)", "outer()"});
}

TEST_CASE_METHOD(Groups, "a line is told only where it is known") {
    coroutines.frame("f()", 10).inferred = true;
    auto& point = coroutines->functions[0].points[1];
    point.provenance = Provenance::none;
    const auto none = made.analyse().shapes[0].frames[0];
    CHECK(none.line == 0);
    CHECK(none.file.empty());
    CHECK(none.suspended == SuspendedAt{1, PointKind::await, Provenance::none, true});
    point.provenance = Provenance::about;
    CHECK(made.analyse().shapes[0].frames[0].line == 10);
    coroutines->frames[0].point = CoroutineFrame::no_point;
    CHECK_FALSE(made.analyse().shapes[0].frames[0].suspended->number);
}

TEST_CASE_METHOD(Groups, "filters know coroutines by kind and state") {
    session(10);
    coroutines.frame("done()", 10).state = State::done;
    made.thread(11, "io").blocked({"epoll_wait", "run"}, 232);
    CHECK(made.analyse({.kind = Kind::coroutine}).filtered_out == 1);
    const auto done = made.analyse({.state = State::done});
    REQUIRE(done.groups.size() == 1);
    CHECK(functions(done.shape(done.groups[0])) == Names{"done()"});
    CHECK(made.analyse({.older_ns = 1}).groups.empty()); // how old they are is not known
    CHECK(made.analyse({.match = "inner"}).groups.size() == 1);
}

TEST_CASE_METHOD(Groups, "vitals count coroutines") {
    session(10);
    coroutines.frame("done()", 10).state = State::done;
    made.thread(11, "io").blocked({"epoll_wait", "run"}, 232);
    const auto vitals = analyse_vitals(*made);
    CHECK(vitals.tasks == 3);
    CHECK(vitals.by_kind.at(Kind::coroutine) == 2);
    CHECK(vitals.by_state.at(State::done) == 1);
    CHECK(vitals.by_wait[0].count == 1);
}

TEST_CASE_METHOD(Groups, "of the arguments of a group the first values are told, and how many more there are") {
    for (const auto* id : {"1", "2", "2", "3", "4"}) {
        session(10).values = {{"id", id, false}, {"left", "0", true}};
    }
    const auto report = made.analyse({.arguments = true});
    const auto values = values_of(report, report.groups[0], 3);
    REQUIRE(values.size() == 2);
    REQUIRE(values[0].size() == 1);
    CHECK(values[0][0].name == "id");
    CHECK(values[0][0].first == std::vector<std::string_view>{"1", "2", "3"});
    CHECK(values[0][0].distinct == 4);
    CHECK(values[1].empty());
    const auto with_locals = made.analyse({.locals = true});
    CHECK(values_of(with_locals, with_locals.groups[0], 3)[0].size() == 2);
    const auto plain = made.analyse();
    CHECK(values_of(plain, plain.groups[0], 3).empty());
}

TEST_CASE_METHOD(Groups,
                 "a thread that runs a coroutine is one task, with what awaits it in place of what resumed it") {
    const auto inner = session(10).address;
    coroutines->functions[1].resume = made.pc_of("_Z5inneri.actor") - 4;
    coroutines->functions[1].resume_size = 8;
    auto thread = made.thread(11, "io");
    thread.blocked({"write", "log", "_Z5inneri.actor", "scheduler::run"}, 1);
    thread.facts().sp = 0x7000;
    thread.facts().stack.assign(reinterpret_cast<const char*>(&inner), sizeof inner);
    find_running(*made, made.source());
    CHECK(frame(inner).tid == 11);
    CHECK(frame(inner).state == State::running);
    const auto report = made.analyse();
    CHECK(report.tasks == 1); // its operation leads into it: that chain is on the thread
    const auto& shape = report.shape(report.groups[0]);
    CHECK(shape.kind == Kind::coroutine);
    CHECK(functions(shape) == Names{"write", "log", "inner(int)", "outer()", "scheduler::run"});
    CHECK_FALSE(shape.frames[2].suspended);
    CHECK(shape.frames[3].suspended);
}

TEST_CASE_METHOD(Groups, "a coroutine that resumes another is on its thread's stack once") {
    const auto inner = session(10).address;
    const auto outer = frame(inner).awaited_by;
    for (const std::size_t at : {1u, 2u}) {
        coroutines->functions[at].resume = made.pc_of(at == 1 ? "inner.actor" : "outer.actor") - 4;
        coroutines->functions[at].resume_size = 8;
    }
    auto thread = made.thread(11, "io");
    thread.blocked({"write", "inner.actor", "resume", "outer.actor", "main"}, 1);
    const std::uint64_t words[] = {outer, inner};
    thread.facts().stack.assign(reinterpret_cast<const char*>(words), sizeof words);
    find_running(*made, made.source());
    const auto report = made.analyse();
    CHECK(functions(report.shape(report.groups[0])) == Names{"write", "inner(int)", "outer()", "main"});
}

TEST_CASE_METHOD(Groups, "a thread without the frame's address, or elsewhere, runs no coroutine") {
    const auto inner = session(10).address;
    coroutines->functions[1].resume = made.pc_of("inner.actor") - 4;
    coroutines->functions[1].resume_size = 8;
    made.thread(11, "io").blocked({"inner.actor"}, 1);
    auto other = made.thread(12, "io");
    other.blocked({"read"}, 0);
    other.facts().stack.assign(reinterpret_cast<const char*>(&inner), sizeof inner);
    find_running(*made, made.source());
    CHECK(frame(inner).tid == 0);
    CHECK(made.analyse().tasks == 3);
}

TEST_CASE_METHOD(Groups, "of a coroutine that is registered too, age, line, wait and creator are the registry's") {
    using namespace std::chrono_literals;
    auto& facts = session(10);
    facts.values = {{"id", "17", false}};
    const auto outer = facts.awaited_by;
    auto task = made.job({"session"});
    task.is(Kind::coroutine).waits(WaitReason::timer, "deadline", 3s);
    task.facts().frame = 1;
    made->task_frames.push_back({.frame = outer, .creator_pc = made.pc_of("accept")});
    const auto report = made.analyse({.arguments = true});
    CHECK(report.tasks == 1);
    REQUIRE(report.groups.size() == 1);
    const auto& shape = report.shape(report.groups[0]);
    CHECK(report.groups[0].age_max == 3'000'000'000);
    CHECK(shape.wait_name == "deadline");
    CHECK(shape.wait_reason == WaitReason::timer);
    REQUIRE(functions(shape) == Names{"inner(int)", "outer()"});
    CHECK(shape.frames[0].line == 10);
    CHECK(shape.frames[1].line == 31); // of its wait
    CHECK(shape.frames[1].suspended->provenance == Provenance::exact);
    CHECK(shape.created_by == CreatedBy{"accept", "", 0});
    CHECK(values_of(report, report.groups[0], 3)[0][0].first[0] == "17");
    CHECK(report.name(report.groups[0]) == "session");
    CHECK(analyse_vitals(*made).tasks == 1);
}

TEST_CASE_METHOD(Groups, "a registered coroutine that was not found in memory is told by its sites") {
    made->coroutines.reset();
    auto waits = made.job({"session"});
    waits.is(Kind::coroutine).waits(WaitReason::chan_receive, "answers", std::chrono::seconds{3});
    auto fresh = made.job({"session"});
    fresh.is(Kind::coroutine);
    fresh.facts().state = State::runnable;
    fresh.facts().wait_reason = WaitReason::not_started;
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    const auto& frame = report.shape(report.groups[0]).frames.at(0);
    CHECK(frame.function == "session");
    CHECK(frame.line == 31);
    CHECK(frame.suspended->provenance == Provenance::exact);
}

TEST_CASE_METHOD(Groups, "100,000 coroutines of 50 kinds are grouped in a moment") {
    for (std::uint32_t at = 0; at < 20'000; ++at) {
        const auto line = 10 + at % 50;
        std::uint64_t inner = 0;
        for (const char* function : {"a()", "b()", "c()", "d()", "e()"}) {
            const auto address = coroutines.frame(function, line).address;
            if (inner != 0) {
                coroutines->frames[coroutines->frames.size() - 2].awaited_by = address;
            }
            inner = address;
        }
    }
    const auto began = std::chrono::steady_clock::now();
    const auto report = made.analyse();
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(report.tasks == 20'000);
    CHECK(report.groups.size() == 50);
    CHECK(took < std::chrono::seconds{5}); // 30 ms on an idle machine
}

} // namespace tasks::inspect
