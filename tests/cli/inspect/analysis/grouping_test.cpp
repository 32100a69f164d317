#include "analysis/grouping.hpp"

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

std::vector<std::uint32_t> tids(const StackReport& report, const Group& group) {
    std::vector<std::uint32_t> all;
    for (const auto slot : report.oldest_first(group)) {
        all.push_back(report.list.at(slot).tid);
    }
    return all;
}

} // namespace

TEST_CASE("tasks with one stack, kind, state and wait are one group") {
    MadeSnapshot made;
    made.thread(11, "w1").blocked({"syscall", "send"}).last_ran(3s);
    made.thread(12, "w2").blocked({"syscall", "send"}).last_ran(9s);
    made.thread(13, "w3").blocked({"syscall", "receive"}).last_ran(1s);
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    CHECK(report.groups[0].count == 2);
    CHECK(report.groups[0].age_min == 3 * s);
    CHECK(report.groups[0].age_max == 9 * s);
    CHECK(report.shape(report.groups[0]).age_is_last_ran);
    CHECK(tids(report, report.groups[0]) == std::vector<std::uint32_t>{12, 11});
    CHECK(report.name(report.groups[0]).empty()); // they differ
    CHECK(report.name(report.groups[1]) == "w3");
    CHECK(report.tasks == 3);
}

TEST_CASE("a thread that was captured while it ran has its stack and no word of why not") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({"settle", "main"}).facts().registers.assign(17, 1);
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 1);
    const auto& shape = report.shape(report.groups[0]);
    CHECK(shape.state == State::running);
    REQUIRE(shape.frames.size() == 2);
    CHECK(shape.frames[0].function == "settle");
    CHECK(shape.no_stack.empty());
}

TEST_CASE("each distinct stack is named once, however many threads have it") {
    MadeSnapshot made;
    for (std::uint32_t tid = 100; tid < 200; ++tid) {
        made.thread(tid, "w").blocked({"syscall", "send", "main"});
    }
    const auto report = made.analyse();
    CHECK(report.groups.size() == 1);
    CHECK(made.unwound == 100);
    CHECK(made.named.size() == 3);
    for (const auto& [pc, times] : made.named) {
        CHECK(times == 1);
    }
}

TEST_CASE("a futex wait is what its frames say, a registered wait is what it says itself") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({"pthread_mutex_lock", "f"});
    made.thread(12, "w").blocked({"pthread_mutex_lock", "f"});
    made.job({"query"}).on_thread(12).waits(WaitReason::futex, "own", 1s);
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    for (const auto& group : report.groups) {
        const auto& shape = report.shape(group);
        CHECK(shape.wait_reason == (shape.kind == Kind::thread ? WaitReason::mutex : WaitReason::futex));
    }
}

TEST_CASE("stacks that read the same are one group though their addresses differ") {
    MadeSnapshot made;
    made.place("send-1", frame_at("send", "c.cpp", 7));
    made.place("send-2", frame_at("send", "c.cpp", 7));
    made.place("send-3", frame_at("send", "c.cpp", 8));
    made.thread(11, "w").blocked({"send-1", "main"});
    made.thread(12, "w").blocked({"send-2", "main"});
    made.thread(13, "w").blocked({"send-3", "main"});
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    CHECK(report.groups[0].count == 2);
    CHECK(report.groups[1].count == 1);
}

TEST_CASE("jobs created at different places are different groups") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({"send"});
    made.thread(12, "w").blocked({"send"});
    made.job({"a"}).on_thread(11).waits(WaitReason::chan_send, "results", 1s);
    made.job({"b"}).on_thread(12).waits(WaitReason::chan_send, "results", 1s);
    made->sites[made->scope_lists[2].sites[0]].line = 99;
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    CHECK(report.shape(report.groups[0]).created_by->line == 29);
    CHECK(report.shape(report.groups[1]).created_by->line == 99);
    CHECK(report.shape(report.groups[0]).wait_name == "results");
    CHECK_FALSE(report.shape(report.groups[0]).waits_at); // the stack tells
}

TEST_CASE("jobs without a thread are grouped by their scopes and wait, and show the wait's place") {
    MadeSnapshot made;
    made.job({"mail"}).waits(WaitReason::job_queue, "mails", 4s);
    made.job({"mail"}).waits(WaitReason::job_queue, "mails", 2s);
    made.job({"bill"}).waits(WaitReason::job_queue, "mails", 2s);
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    CHECK(report.groups[0].count == 2);
    CHECK(report.name(report.groups[0]) == "mail");
    CHECK(report.name(report.groups[1]) == "bill");
    const auto& shape = report.shape(report.groups[0]);
    CHECK(shape.frames.empty());
    CHECK(shape.no_stack == "no thread carries it");
    CHECK(shape.waits_at->line == 31);
    CHECK(shape.created_by->function == "submit");
    CHECK_FALSE(shape.age_is_last_ran);
}

TEST_CASE("what has no stack says why, and is not unwound") {
    MadeSnapshot made;
    made.thread(11, "w").comes_to(Capture::running);
    made.thread(12, "w").comes_to(Capture::deadline);
    made.job({"gone"}).on_thread(99).runs(1s);
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 3);
    std::vector<std::string> reasons;
    for (const auto& group : report.groups) {
        reasons.push_back(report.shape(group).no_stack);
    }
    CHECK_THAT(reasons,
               Catch::UnorderedEquals(std::vector<std::string>{
                   "running, not captured", "not captured before the deadline", "its thread was not captured"}));
    CHECK(made.unwound == 0);
}

TEST_CASE("groups come biggest first, then oldest first, unknown ages last") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({"a"});
    made.thread(12, "w").blocked({"b"}).last_ran(2s);
    made.thread(13, "w").blocked({"c"}).last_ran(5s);
    made.thread(14, "w").blocked({"d"}).last_ran(1s);
    made.thread(15, "w").blocked({"d"}).last_ran(1s);
    const auto report = made.analyse();
    std::string order;
    for (const auto& group : report.groups) {
        order += report.shape(group).frames.front().function;
    }
    CHECK(order == "dcba");
}

TEST_CASE("filters by state, kind and age leave out before anything is unwound, and count") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({"send"}).last_ran(10s);
    made.thread(12, "w").blocked({"send"}).last_ran(50s);
    made.thread(13, "w").comes_to(Capture::running);
    made.job({"mail"}).waits(WaitReason::job_queue, "mails", 40s);

    SECTION("state") {
        const auto report = made.analyse({.state = State::running});
        CHECK(report.groups.size() == 1);
        CHECK(report.filtered_out == 3);
        CHECK(report.tasks == 4);
        CHECK(made.unwound == 0);
    }
    SECTION("kind") {
        const auto report = made.analyse({.kind = Kind::job});
        CHECK(report.groups.size() == 1);
        CHECK(report.filtered_out == 3);
    }
    SECTION("age: unknown is not old") {
        const auto report = made.analyse({.older_ns = 40 * s});
        REQUIRE(report.groups.size() == 2);
        CHECK(report.groups[0].age_min == 50 * s);
        CHECK(report.groups[1].age_min == 40 * s);
        CHECK(report.filtered_out == 2);
    }
}

TEST_CASE("the option --match looks at task names, wait names, functions and files") {
    MadeSnapshot made;
    made.place("send", frame_at("Channel::send(int)", "/src/sender.hpp", 3));
    made.thread(11, "pool-1").blocked({"send"});
    made.thread(12, "pool-2").blocked({"send"});
    made.job({"mail"}).waits(WaitReason::job_queue, "outbox", 1s);
    made.job({"bill"}).waits(WaitReason::job_queue, "inbox", 1s);
    const auto matched = [&](const char* pattern) {
        const auto report = made.analyse({.match = pattern});
        std::uint64_t tasks = 0;
        for (const auto& group : report.groups) {
            tasks += group.count;
        }
        CHECK(tasks + report.filtered_out == 4);
        return tasks;
    };
    CHECK(matched("Channel::(send|receive)") == 2);
    CHECK(matched("sender\\.hpp$") == 2);
    CHECK(matched("^pool-2$") == 1); // one of a group
    CHECK(matched("^mail$") == 1);
    CHECK(matched("outbox") == 1);
    CHECK(matched("payments\\.cpp") == 2); // created there
    CHECK(matched("nothing such") == 0);
}

TEST_CASE("a pattern that is none is told in words") {
    CHECK_FALSE(pattern_problem("a(b|c)+"));
    REQUIRE(pattern_problem("a(b"));
    CHECK_FALSE(pattern_problem("a(b")->empty());
    MadeSnapshot made;
    made.job({"a(b"});
    CHECK(made.analyse({.match = "a(b"}).groups.empty());
}

TEST_CASE("the option --limit counts what it leaves out") {
    MadeSnapshot made;
    for (std::uint32_t tid = 0; tid < 6; ++tid) {
        made.thread(100 + tid, "w").blocked({tid < 3 ? "a" : tid < 5 ? "b" : "c"});
    }
    const auto report = made.analyse({.limit = 1});
    REQUIRE(report.groups.size() == 1);
    CHECK(report.groups[0].count == 3);
    CHECK(report.groups_left_out == 2);
    CHECK(report.tasks_left_out == 3);
    CHECK(made.analyse({.limit = 3}).groups_left_out == 0);
}

TEST_CASE("the option --full makes a group of every task, the oldest first, with shapes shared") {
    MadeSnapshot made;
    made.thread(11, "w1").blocked({"send"}).last_ran(3s);
    made.thread(12, "w2").blocked({"send"}).last_ran(9s);
    made.thread(13, "w3").blocked({"receive"}).last_ran(5s);
    const auto report = made.analyse({.full = true});
    REQUIRE(report.groups.size() == 3);
    CHECK(report.name(report.groups[0]) == "w2");
    CHECK(report.name(report.groups[1]) == "w3");
    CHECK(report.name(report.groups[2]) == "w1");
    CHECK(report.groups[0].shape == report.groups[2].shape);
    CHECK(report.groups[0].age_min == report.groups[0].age_max);
}

TEST_CASE("a stack that ends early says why") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({"send"});
    const std::vector<Frame> frames{frame_at("send", "", 0)};
    const StackSource source{[](const ThreadFacts&) { return Trace{{1}, {true}, false, "no unwind information"}; },
                             [&](std::uint64_t, bool) -> const std::vector<Frame>& { return frames; }};
    const auto report = analyse_stacks(*made, source, {});
    REQUIRE(report.groups.size() == 1);
    CHECK(report.shape(report.groups[0]).cut == "no unwind information");
}

TEST_CASE("a thread whose stack gives no frame at all says so") {
    MadeSnapshot made;
    made.thread(11, "w").blocked({});
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 1);
    CHECK(report.shape(report.groups[0]).no_stack == "its stack could not be unwound");
}

TEST_CASE("a process without tasks gives no groups") {
    MadeSnapshot made;
    const auto report = made.analyse();
    CHECK(report.groups.empty());
    CHECK(report.tasks == 0);
}

TEST_CASE("a thread is grouped by the call that made it, told without the runtime's own frames") {
    MadeSnapshot made;
    made.place("std::thread::thread<void (&)()>(void (&)())", inlined_at("std::thread::thread<>", "std_thread.h", 140));
    made.place("serve(int)", frame_at("serve(int)", "/src/server.cpp", 12));
    made.place("accept_all()", frame_at("accept_all()", "/src/server.cpp", 40));
    const auto created = [&made](std::uint32_t tid, const std::string& by) {
        auto thread = made.thread(tid, "w");
        thread.blocked({"syscall", "work"});
        thread.facts().birth = {tid,
                                10,
                                MadeSnapshot::now_ns - 5 * s,
                                {made.pc_of("std::thread::thread<void (&)()>(void (&)())"), made.pc_of(by)}};
    };
    created(11, "serve(int)");
    created(12, "serve(int)");
    created(13, "accept_all()");
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 2);
    CHECK(report.tasks == 3);
    CHECK(report.groups[0].count == 2);
    CHECK(report.shape(report.groups[0]).created_by == CreatedBy{"serve(int)", "/src/server.cpp", 12});
    CHECK(report.shape(report.groups[1]).created_by == CreatedBy{"accept_all()", "/src/server.cpp", 40});
}
