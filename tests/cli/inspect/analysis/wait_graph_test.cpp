#include "analysis/wait_graph.hpp"

#include <catch2/catch.hpp>

#include "inspect/analysis/made_snapshot.hpp"

using namespace std::chrono_literals;
using namespace tasks::inspect;
using tasks::protocol::WaitReason;

namespace {

constexpr std::uint64_t accounts = 0x7f0000001000;
constexpr std::uint64_t ledger = 0x7f0000002000;
constexpr std::uint64_t semaphore = 0x7f0000003000;

/// Threads that wait for each other's mutexes, as the words of a pthread_mutex_t tell it.
struct Process : MadeSnapshot {
    Process() {
        place("libc", library(""));
        place("pthread_mutex_lock", library("pthread_mutex_lock"));
        place("sem_wait", library("sem_wait"));
        place("charge()", frame_at("charge()", "/src/pay.cpp", 88));
        (*this)->caught_signals = 0;
    }
    static Frame library(const std::string& function) { return frame_at(function, "", 0, "/lib/libc.so.6"); }

    MadeThread wants(std::uint32_t tid, std::uint64_t mutex, std::uint32_t owner) {
        return thread(tid, "worker")
            .blocked({"libc", "pthread_mutex_lock", "charge()"})
            .in_futex(mutex, 2, {2, 0, owner, 1, 0});
    }
    MadeThread sleeps(std::uint32_t tid) {
        return thread(tid, "sleeper").blocked({"libc", "sem_wait", "charge()"}).in_futex(semaphore, 0, {});
    }
    MadeThread reads(std::uint32_t tid) { return thread(tid, "reader").blocked({"libc", "charge()"}, 0); }
};

} // namespace

TEST_CASE_METHOD(Process, "a thread waits for the owner of its lock, with the place where that is") {
    wants(11, accounts, 12);
    reads(12);
    const auto waits = analyse_waits();
    REQUIRE(waits.edge(11) != nullptr);
    CHECK(waits.edge(11)->holder_tid == 12);
    CHECK(waits.lock(11)->lock.address == accounts);
    CHECK(waits.place(12)->name == "reader");
    CHECK(waits.place(12)->frames.back().line == 88);
    CHECK(waits.edge(12) == nullptr);
    CHECK(waits.findings.empty());
}

TEST_CASE_METHOD(Process, "owners that wait for each other are a cycle") {
    wants(11, accounts, 12);
    wants(12, ledger, 11);
    reads(13);
    const auto waits = analyse_waits();
    REQUIRE(waits.findings.size() == 1);
    CHECK(waits.findings[0].kind == FindingKind::cycle);
    CHECK(waits.findings[0].edges.size() == 2);
}

TEST_CASE_METHOD(Process, "nothing is claimed of waits that the second look did not find again") {
    wants(11, accounts, 12);
    wants(12, ledger, 11).facts().wait.steady = false;
    CHECK(analyse_waits().findings.empty());
}

TEST_CASE_METHOD(Process, "an owner that is no thread of the process has exited") {
    wants(11, accounts, 99);
    reads(12);
    const auto waits = analyse_waits();
    REQUIRE(waits.findings.size() == 1);
    CHECK(waits.findings[0].kind == FindingKind::orphan_lock);
}

TEST_CASE_METHOD(Process, "an owner that is the agent, came late, or is of another process, has not exited") {
    reads(12);
    auto thread = wants(11, accounts, 99);
    SECTION("agent") { (*this)->agent_tid = 99; }
    SECTION("late") { (*this)->late_tids = {99}; }
    SECTION("shared") { thread.in_futex(accounts, 2, {2, 0, 99, 1, 0x80}); }
    SECTION("not all listed") { (*this)->threads_known = false; }
    CHECK(analyse_waits().findings.empty());
}

TEST_CASE_METHOD(Process, "a tasks::Wait on a lock's address waits for its owner") {
    wants(11, accounts, 12);
    sleeps(12);
    job({"charge card"}).on_thread(12).waits(WaitReason::mutex, "ledger", 2s).facts().wait_object = ledger;
    wants(13, ledger, 11);
    const auto waits = analyse_waits();
    REQUIRE(waits.findings.size() == 1);
    CHECK(waits.findings[0].edges.size() == 2);
    CHECK(waits.edge(12)->holder_tid == 11);
    CHECK(waits.place(12)->name == "charge card");
}

TEST_CASE_METHOD(Process, "all are asleep when every thread waits for the others") {
    sleeps(11);
    sleeps(12);
    const auto waits = analyse_waits();
    REQUIRE(waits.findings.size() == 1);
    CHECK(waits.findings[0].kind == FindingKind::all_asleep);
    CHECK(waits.places.size() == 2);
    CHECK(waits.place(11)->wait_reason == WaitReason::semaphore);
}

TEST_CASE_METHOD(Process, "whatever may come from outside keeps a process from being asleep") {
    constexpr std::uint64_t handler_of_alarm = 1u << 13;
    auto thread = sleeps(11);
    sleeps(12);
    SECTION("a thread that reads") { reads(13); }
    SECTION("a time") { thread.facts().wait.steady = false; }
    SECTION("another process") { thread.facts().arguments[1] = 0; }
    SECTION("a signal's handler") { (*this)->caught_signals = handler_of_alarm; }
    SECTION("unknown handlers") { (*this)->caught_signals.reset(); }
    SECTION("a thread that came late") { (*this)->late_tids = {14}; }
    SECTION("a stopped process") { (*this)->process.agent = AgentState::stopped; }
    SECTION("a job that waits for a timer") { job({"retry"}).waits(WaitReason::timer, "", 1s); }
    SECTION("a job that runs nobody knows where") { job({"retry"}).runs(1s); }
    CHECK(analyse_waits().findings.empty());
}

TEST_CASE_METHOD(Process, "jobs that wait for each other, and a handler of crashes, do not") {
    sleeps(11);
    job({"send"}).waits(WaitReason::chan_send, "results", 1s);
    (*this)->caught_signals = 1u << 10; // SIGSEGV
    CHECK(analyse_waits().findings.size() == 1);
}

TEST_CASE_METHOD(Process, "only the frames that tell a lock are named, of those that nobody waits for") {
    for (std::uint32_t tid = 11; tid < 20; ++tid) {
        thread(tid, "idle").blocked({"libc", "sem_wait", "charge()", "main"}).in_futex(semaphore, 0, {});
    }
    reads(20);
    analyse_waits();
    CHECK(named.size() == 3);
}
