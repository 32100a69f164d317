#include <catch2/catch.hpp>

#include "inspect/analysis/made_snapshot.hpp"

using namespace tasks::inspect;
using namespace std::chrono_literals;
using tasks::protocol::Capture;
using tasks::protocol::Kind;
using tasks::protocol::State;
using tasks::protocol::WaitReason;

namespace {

constexpr std::uint64_t s = 1'000'000'000;

} // namespace

TEST_CASE("vitals count each task once by kind, state and wait") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({}).last_ran(500s);
    made.thread(12, "w").blocked({});
    made.thread(13, "w").comes_to(Capture::running);
    made.job({"a"}).on_thread(11).waits(WaitReason::chan_send, "results", 312s);
    made.job({"b"}).waits(WaitReason::chan_send, "results", 2s);
    const auto report = analyse_vitals(*made);
    CHECK(report.tasks == 4u);
    CHECK(report.by_kind.at(Kind::job) == 2);
    CHECK(report.by_kind.at(Kind::thread) == 2);
    CHECK(report.by_state.at(State::waiting) == 3);
    CHECK(report.by_state.at(State::running) == 1);
    REQUIRE(report.by_wait.size() == 2);
    CHECK(report.by_wait[0].reason == WaitReason::chan_send);
    CHECK(report.by_wait[0].count == 2);
    CHECK(report.by_wait[0].oldest_ns == 312 * s);
    CHECK(report.by_wait[1].reason == WaitReason::futex);
    CHECK_FALSE(report.by_wait[1].oldest_ns); // "last ran" is not "waiting since"
    CHECK(report.oldest_wait_ns == 312 * s);
}

TEST_CASE("without threads the process's own count stands") {
    MadeSnapshot made;
    made->threads_known = false;
    made.job({"a"}).waits(WaitReason::chan_send, "results", 1s);
    CHECK_FALSE(analyse_vitals(*made).tasks);
    made->vitals.tasks = 14;
    CHECK(analyse_vitals(*made).tasks == 14u);
}

TEST_CASE("of a dead process the registered tasks are counted") {
    MadeSnapshot made;
    made->threads_known = false;
    made->process.agent = AgentState::dead;
    made.job({"a"}).on_thread(11).waits(WaitReason::chan_send, "results", 1s);
    CHECK(analyse_vitals(*made).tasks == 1u);
}
