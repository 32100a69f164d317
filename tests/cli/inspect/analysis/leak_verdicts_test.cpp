#include "analysis/leak_verdicts.hpp"

#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>

#include "inspect/analysis/made_snapshot.hpp"

using namespace tasks::inspect;
using namespace std::chrono_literals;
using tasks::protocol::Kind;
using tasks::protocol::State;
using tasks::protocol::WaitReason;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t now = MadeSnapshot::now_ns;

Crowd crowd_of(State state, WaitReason reason, std::uint64_t count) {
    Crowd crowd;
    crowd.kind = Kind::coroutine;
    crowd.state = state;
    crowd.wait_reason = reason;
    crowd.registered = true;
    crowd.count = count;
    return crowd;
}

LeakLook look_with(const std::string& key, Crowd crowd, std::uint64_t at_ns = now) {
    LeakLook look;
    look.at_ns = at_ns;
    look.crowds.emplace(key, std::move(crowd));
    return look;
}

std::optional<LeakFinding> resumable(const Crowd& crowd) {
    const std::vector<LeakLook> looks{look_with("it", crowd)};
    return never_resumable(crowd, looks, "it");
}

/// Born one after the other, one a second, until now.
void born_all_along(Crowd& crowd) {
    for (std::uint64_t at = crowd.count; at > 0; --at) {
        crowd.born_ns.push_back(now - at * second);
    }
}

std::optional<LeakFinding> growing(Crowd crowd, std::uint64_t restless = 0) {
    born_all_along(crowd);
    crowd.restless = restless;
    const RegisteredPast past{now, now - crowd.count * second, {}, crowd.count, 0, crowd.born_ns};
    const std::vector<LeakLook> looks{look_with("it", crowd)};
    return growing_or_looping(crowd, past, looks, "it");
}

/// A coroutine's frame in a look: the mark of its bytes.
using Marked = std::function<std::uint64_t(std::uint64_t address, std::uint64_t look)>;

/// Six looks that each find `step` more coroutines that are not registered, and those that confirm them.
std::vector<LeakLook> looks_at_unregistered(WaitReason reason, std::uint64_t step, const Marked& mark) {
    std::vector<LeakLook> looks;
    for (std::uint64_t at = 0; at < 6 + confirming_looks; ++at) {
        auto crowd = crowd_of(State::waiting, reason, 1 + std::min<std::uint64_t>(at, 5) * step);
        crowd.registered = false;
        for (std::uint64_t address = 0x1000; crowd.members.size() < crowd.count; address += 0x100) {
            crowd.members.push_back(frame_identity(0x401000, address));
            if (const auto of_it = mark(address, at)) {
                crowd.marks.emplace_back(crowd.members.back(), of_it);
            }
        }
        looks.push_back(look_with("it", std::move(crowd), now + at * second));
        looks.back().confirms = at >= 6;
    }
    return looks;
}

std::optional<LeakFinding> unregistered(WaitReason reason, std::uint64_t step, const Marked& mark) {
    const auto looks = looks_at_unregistered(reason, step, mark);
    return growing_or_looping(looks.back().crowds.at("it"), std::nullopt, looks, "it");
}

/// Twelve wait for as long as told, at a place where a hundred have ended that lived for a second each.
std::optional<LeakFinding> stuck_for(std::uint64_t waited_s, WaitReason reason = WaitReason::chan_send) {
    auto crowd = crowd_of(State::waiting, reason, 12);
    crowd.site = SiteLife{112, 100};
    crowd.waited_ns.assign(12, waited_s * second);
    crowd.born_ns.assign(12, now - waited_s * second);
    RegisteredPast past{now, now - 100 * second, {}, 112, 100, crowd.born_ns};
    for (std::uint64_t at = 0; at < 10; ++at) {
        tasks::protocol::HistoryEntry entry;
        entry.at_ns = past.began_ns + at * 10 * second;
        entry.jobs_started = (12 + at * 10) + 1;
        entry.jobs_ended = at * 10; // one of them lives at each look
        past.history.push_back(entry);
    }
    return stuck(crowd, past, {});
}

/// Six looks that each find one more thread at work, which slept that often between two looks.
std::optional<LeakFinding> running_threads(std::uint64_t sleeps) {
    std::vector<LeakLook> looks;
    for (std::uint64_t at = 0; at < 6; ++at) {
        auto crowd = crowd_of(State::running, WaitReason::none, 1 + at);
        crowd.registered = false;
        looks.push_back(look_with("it", crowd, now + at * second));
        for (std::uint32_t tid = 1; tid <= 1 + at; ++tid) {
            looks.back().crowds.at("it").members.push_back(thread_identity(tid, 7));
            ThreadTimes times;
            times.start_ticks = 7;
            times.ran_ns = at * second / 6;
            times.sleeps = at * sleeps;
            looks.back().threads[tid] = {times, "work|"};
        }
    }
    return growing_or_looping(looks.back().crowds.at("it"), std::nullopt, looks, "it");
}

/// A thread as looks see it: how much of the time it was ready to run, how much of that in the kernel.
struct Seen {
    double ready = 1;
    double kernel = 0;
    std::uint64_t sleeps = 0; ///< between two looks
    bool elsewhere = false;   ///< in the last look
};

std::vector<std::uint32_t> spinning(const Seen& seen, std::uint64_t step_ns = 2 * second) {
    std::vector<LeakLook> looks(6);
    for (std::uint64_t at = 0; at < looks.size(); ++at) {
        looks[at].at_ns = now + at * step_ns;
        const auto ran = static_cast<std::uint64_t>(static_cast<double>(at * step_ns) * seen.ready);
        const auto kernel = static_cast<std::uint64_t>(static_cast<double>(ran) * seen.kernel);
        ThreadTimes times;
        times.start_ticks = 7;
        times.ran_ns = ran;
        times.read_at_ns = looks[at].at_ns;
        times.kernel_ns = kernel;
        times.sleeps = at * seen.sleeps;
        looks[at].threads[42] = {times, seen.elsewhere && at == 5 ? "work|" : "poll_forever|main:3|"};
    }
    return spinning_threads(looks);
}

} // namespace

TEST_CASE("a nil wait is never resumable, whatever its number and age") {
    const auto found = resumable(crowd_of(State::waiting, WaitReason::nil, 1));
    REQUIRE(found);
    CHECK(found->verdict == Verdict::never_resumable);
    CHECK(found->rule == LeakRule::never_made);
    CHECK_FALSE(resumable(crowd_of(State::waiting, WaitReason::chan_receive, 50)));
}

TEST_CASE("a wait on what nobody has a handle of is never resumable, a moment after the last one has ended") {
    auto crowd = crowd_of(State::waiting, WaitReason::chan_receive, 5);
    crowd.unheld_ns = {second / 2, 2 * second};
    const auto found = resumable(crowd);
    REQUIRE(found);
    CHECK(found->verdict == Verdict::never_resumable);
    CHECK(found->rule == LeakRule::no_handle);
    CHECK(found->count == 1);
    crowd.unheld_ns = {second / 2};
    CHECK_FALSE(resumable(crowd));
}

TEST_CASE("finished tasks are told when several are there for long") {
    auto crowd = crowd_of(State::done, WaitReason::none, 4);
    crowd.waited_ns = {1 * second, 11 * second, 12 * second, 13 * second};
    const auto found = resumable(crowd);
    REQUIRE(found);
    CHECK(found->rule == LeakRule::done);
    CHECK(found->count == 3);
    crowd.waited_ns = {1 * second, 2 * second, 3 * second, 13 * second};
    CHECK_FALSE(resumable(crowd));
}

TEST_CASE("finished coroutines that are not registered are told where they stay") {
    auto crowd = crowd_of(State::done, WaitReason::none, 4);
    crowd.registered = false;
    const auto frames = [](std::initializer_list<std::uint64_t> addresses) {
        std::vector<TaskIdentity> members;
        for (const auto address : addresses) {
            members.push_back(frame_identity(0x401000, address));
        }
        return members;
    };
    crowd.members = frames({0x10, 0x20, 0x30, 0x40});
    CHECK_FALSE(resumable(crowd));
    const std::vector<LeakLook> both{look_with("it", crowd), look_with("it", crowd, now + 10 * second)};
    CHECK(never_resumable(crowd, both, "it"));
    auto others = crowd;
    others.members = frames({0x50, 0x60, 0x70, 0x80});
    const std::vector<LeakLook> changed{look_with("it", others), look_with("it", crowd, now + 10 * second)};
    CHECK_FALSE(never_resumable(crowd, changed, "it"));
    const std::vector<LeakLook> again{look_with("it", crowd), look_with("it", others, now + 5 * second),
                                      look_with("it", crowd, now + 10 * second)};
    CHECK_FALSE(never_resumable(crowd, again, "it")); // their memory is used again
}

TEST_CASE("what grows and stands still grows; what grows and only sleeps spins; what grows and works is no leak") {
    const auto leak = growing(crowd_of(State::waiting, WaitReason::chan_send, 60));
    REQUIRE(leak);
    CHECK(leak->verdict == Verdict::growing);
    const auto loop = growing(crowd_of(State::waiting, WaitReason::timer, 60), 55);
    REQUIRE(loop);
    CHECK(loop->rule == LeakRule::growth_asleep);
    const auto busy = growing(crowd_of(State::running, WaitReason::none, 60), 60);
    REQUIRE(busy);
    CHECK(busy->rule == LeakRule::growth_awake);
    CHECK_FALSE(growing(crowd_of(State::waiting, WaitReason::io_read, 60), 55)); // sessions that talk
    CHECK_FALSE(growing(crowd_of(State::waiting, WaitReason::timer, 60)));       // timers before their time
}

TEST_CASE("coroutines that are not registered grow where their frames stay as they are") {
    const Marked still = [](std::uint64_t address, std::uint64_t) { return address; };
    const Marked going_on = [](std::uint64_t address, std::uint64_t look) { return address + look; };
    const Marked unknown = [](std::uint64_t, std::uint64_t) { return 0; };
    const auto rule = [](const auto& found) { return found ? std::optional{found->rule} : std::nullopt; };
    CHECK(rule(unregistered(WaitReason::chan_send, 2, still)) == LeakRule::growth);
    CHECK(rule(unregistered(WaitReason::chan_send, 2, unknown)) == LeakRule::growth_unwatched);
    CHECK_FALSE(unregistered(WaitReason::chan_send, 2, going_on)); // at work, or others in the same memory
    CHECK_FALSE(unregistered(WaitReason::timer, 2, still));        // timers before their time
    CHECK_FALSE(unregistered(WaitReason::timer, 2, unknown));
    CHECK(rule(unregistered(WaitReason::timer, 2, going_on)) == LeakRule::growth_asleep);
    CHECK_FALSE(unregistered(WaitReason::timer, 1, going_on)); // a few may be others in the same memory
    CHECK(rule(unregistered(WaitReason::job_queue, 1, going_on)) == LeakRule::growth_asleep);
}

TEST_CASE("threads that come and never sleep spin; those of a pool that have work at each look do not") {
    const auto spinning = running_threads(0);
    REQUIRE(spinning);
    CHECK(spinning->rule == LeakRule::growth_awake);
    CHECK(running_threads(1)); // a look may stop a thread for a moment
    CHECK_FALSE(running_threads(20));
}

TEST_CASE("growth of tasks that may be others is not told before it is confirmed") {
    MadeSnapshot made;
    made.thread(1, "main").blocked({"serve()"}, 0);
    const auto report = made.analyse();
    auto looks = looks_at_unregistered(WaitReason::chan_send, 2, [](auto address, auto) { return address; });
    CHECK(find_leaks(report, looks, {}).size() == 1);
    looks.resize(watching(looks));
    CHECK(want_confirmation(looks));
    CHECK(find_leaks(report, looks, {}).empty());
}

TEST_CASE("what sleeps, and ends now and then, is no loop") {
    auto crowd = crowd_of(State::waiting, WaitReason::timer, 60);
    crowd.site = SiteLife{300, 240};
    CHECK_FALSE(growing(crowd, 55));
}

TEST_CASE("tasks that wait ten times longer than others of their place lived are stuck") {
    const auto found = stuck_for(90);
    REQUIRE(found);
    CHECK(found->verdict == Verdict::stuck);
    CHECK(found->count == 12);
    CHECK(found->stuck->usual_ns <= 3 * second);
    CHECK_FALSE(stuck_for(8));
    CHECK_FALSE(stuck_for(90, WaitReason::io_read)); // connections that are kept
    CHECK_FALSE(stuck_for(90, WaitReason::chan_receive));
    CHECK_FALSE(stuck_for(90, WaitReason::cond));
}

TEST_CASE("a thread that never sleeps, asks the kernel for nothing and stays where it is spins") {
    CHECK(spinning({}) == std::vector<std::uint32_t>{42});
    CHECK(spinning({.ready = 0.8}).empty());
    CHECK(spinning({.kernel = 0.3}).empty());
    CHECK(spinning({.sleeps = 1}).empty());
    CHECK(spinning({.elsewhere = true}).empty());
    CHECK(spinning({}, second / 2).empty()); // too short a time
}

TEST_CASE("tasks in a deadlock are told as that alone") {
    MadeSnapshot made;
    made.place("pthread_mutex_lock", frame_at("pthread_mutex_lock", "", 0, "/lib/libc.so.6"));
    made.place("charge()", frame_at("charge()", "/src/pay.cpp", 88));
    for (const std::uint32_t tid : {1u, 2u}) {
        made.thread(tid, "worker")
            .blocked({"pthread_mutex_lock", "charge()"})
            .in_futex(0x1000 * tid, 2, {2, 0, 3 - tid, 1, 0});
    }
    made.thread(3, "main").blocked({"serve()"}, 0);
    auto report = made.analyse();
    report.waits = made.analyse_waits();
    const std::vector<LeakLook> looks{look_at(report, false)};
    const auto found = find_leaks(report, looks, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].verdict == Verdict::deadlocked);
    CHECK(found[0].count == 2);
    CHECK(found[0].deadlock == 0u);
}

TEST_CASE("threads that wait for work, for clients and for a signal are no leak") {
    MadeSnapshot made;
    made.thread(1, "main").blocked({"serve()"}, 0).last_ran(5min);
    for (std::uint32_t tid = 10; tid < 74; ++tid) {
        made.thread(tid, "pool").blocked({"pthread_cond_wait", "Pool::run"}).last_ran(1h);
    }
    for (int at = 0; at < 500; ++at) {
        made.job({"session"}).waits(WaitReason::io_read, "client", 2h);
    }
    auto& past = made->past.emplace();
    past.began_ns = now - 4 * 3600 * second;
    past.started_ns.assign(500, now - 3 * 3600 * second);
    made->vitals.jobs_started = 100'000;
    made->vitals.jobs_ended = 99'500;
    const auto report = made.analyse();
    const std::vector<LeakLook> looks{look_at(report, false)};
    CHECK(find_leaks(report, looks, {}).empty());
}

TEST_CASE("of tasks at one place those are never resumable that wait on what nobody has a handle of") {
    MadeSnapshot made;
    made.job({"await receipt"}).waits(WaitReason::chan_receive, "results", 9s).facts().wait_object = 0x1000;
    made.job({"await receipt"}).waits(WaitReason::chan_receive, "results", 9s).facts().wait_object = 0x2000;
    auto& past = made->past.emplace();
    past.began_ns = now - 60 * second;
    past.started_ns.assign(2, now - 9 * second);
    past.unheld = {{0x1000, now - 5 * second}};
    made->vitals.jobs_started = 2;
    made->vitals.jobs_ended = 0;
    const auto report = made.analyse();
    const std::vector<LeakLook> looks{look_at(report, false)};
    CHECK(looks[0].crowds.begin()->second.unheld_ns == std::vector<std::uint64_t>{5 * second});
    const auto found = find_leaks(report, looks, {});
    REQUIRE(found.size() == 1);
    CHECK(found[0].verdict == Verdict::never_resumable);
    CHECK(found[0].rule == LeakRule::no_handle);
    CHECK(found[0].count == 1);
}
