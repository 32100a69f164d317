#include <tasks/leak_check.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/protocol/table_layout.hpp>
#include <tasks/task_handle.hpp>
#include <tasks/wait.hpp>

#include "check_words.hpp"
#include "scopes.hpp"
#include "stuck_thread.hpp"

using namespace std::chrono_literals;
using namespace tasks;
using namespace tasks::test;

namespace {

/// For so many records.
std::size_t room() {
    const auto* header = static_cast<const protocol::TableHeader*>(leaks::Scopes::the().table());
    std::size_t bytes = 0;
    for (std::uint32_t at = 0; at < __atomic_load_n(&header->segment_count, __ATOMIC_ACQUIRE); ++at)
        if (header->segments[at].kind == static_cast<std::uint32_t>(protocol::SegmentKind::records))
            bytes += header->segments[at].bytes;
    return bytes / protocol::record_bytes;
}

TaskHandle coroutine(const char* name) { return TaskHandle{task_kind::coroutine, name, SourcePlace::here()}; }

} // namespace

TEST_CASE("a check that nothing was started in finds nothing") {
    LeakCheck check;
    const auto leaks = check.find();
    CHECK(leaks.empty());
    CHECK(leaks.message().empty());
    CHECK(leaks.tasks() == 0);
}

TEST_CASE("a thread that is left behind is told with its wait, its frames and who made it") {
    LeakCheck check{at_once()};
    StuckThread stuck;
    const auto leaks = check.find();
    INFO(leaks.message());
    REQUIRE(leaks.groups().size() == 1);
    const LeakGroup& group = leaks.groups()[0];
    CHECK(group.kind == "thread");
    CHECK(group.state == "waiting");
    CHECK(group.count == 1);
    REQUIRE(group.created_by);
    CHECK(is_in("StuckThread", group.created_by->function));
    REQUIRE_FALSE(group.frames.empty());
    CHECK(is_in("wait_for_ever", group.frames[0].function));
    CHECK(is_in("found unexpected tasks: 1 task still lives", leaks.message()));
    CHECK(is_in("stuck_thread.hpp:", leaks.message()));
}

TEST_CASE("what lived before a check, and what ends in it, is no leak of it") {
    StuckThread before;
    LeakCheck check{at_once()};
    std::thread{[] {}}.join();
    {
        StuckThread inside;
    }
    CHECK(check.find().empty());
}

TEST_CASE("a task that is ending is waited for, and the first clean look ends the wait") {
    LeakCheck check;
    std::thread late{[] { std::this_thread::sleep_for(50ms); }};
    late.detach();
    const auto begun = std::chrono::steady_clock::now();
    CHECK(check.find().empty());
    CHECK(std::chrono::steady_clock::now() - begun >= 30ms);
}

TEST_CASE("leaks are looked for as long as goleak does, unless another time is given") {
    StuckThread* stuck = nullptr;
    const auto took = [&](LeakOptions options) {
        LeakCheck check{options};
        StuckThread one;
        stuck = &one;
        const auto begun = std::chrono::steady_clock::now();
        CHECK_FALSE(check.find().empty());
        return std::chrono::steady_clock::now() - begun;
    };
    CHECK(took({}) >= 431ms);
    CHECK(took(LeakOptions{}.timeout(600ms)) >= 600ms);
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(LeakCheck{LeakOptions{}.until(stop.get_token())}.find());
}

TEST_CASE("a search ends when it is asked to stop") {
    std::stop_source stop;
    LeakCheck check{LeakOptions{}.until(stop.get_token())};
    StuckThread stuck;
    std::thread asks{[&] {
        std::this_thread::sleep_for(30ms);
        stop.request_stop();
    }};
    CHECK_FALSE(check.find().empty());
    asks.join();
    CHECK(stop.stop_requested());
}

TEST_CASE("a thread that has ended and was never joined is told so") {
    LeakCheck check{at_once()};
    std::thread forgotten{[] {}};
    LeakReport leaks;
    do // it may not have ended yet
        leaks = check.find();
    while (!leaks.empty() && leaks.groups()[0].state != "finished, never joined");
    INFO(leaks.message());
    forgotten.join();
    REQUIRE(leaks.groups().size() == 1);
    REQUIRE(leaks.groups()[0].created_by);
    CHECK(is_in("leak_check_test.cpp", leaks.groups()[0].created_by->file));
    CHECK(check.find().empty());
}

TEST_CASE("a detached thread is forgotten when it ends, whoever detached it and when") {
    LeakCheck check;
    std::thread{[] {}}.detach();
    pthread_t thread;
    const auto detaches_itself = [](void*) -> void* {
        ::pthread_detach(::pthread_self());
        return nullptr;
    };
    REQUIRE(::pthread_create(&thread, nullptr, detaches_itself, nullptr) == 0);
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    REQUIRE(::pthread_create(&thread, &attributes, [](void*) -> void* { return nullptr; }, nullptr) == 0);
    ::pthread_attr_destroy(&attributes);
    std::thread ended{[] {}};
    std::this_thread::sleep_for(1ms);
    ended.detach();
    CHECK(check.find().empty());
}

TEST_CASE("coroutines, jobs and fibers are told by their state") {
    LeakCheck check{at_once()};
    JobHandle queued{"settle"};
    TaskHandle begun = coroutine("session");
    TaskHandle waits = coroutine("reader");
    static int object = 0;
    waits.suspends(wait_reason::chan_receive, &object, "orders", SourcePlace::here());
    TaskHandle done = coroutine("writer");
    done.done();
    TaskHandle fiber{task_kind::fiber, "fiber", SourcePlace::here()};
    const auto leaks = check.find();
    const std::string message = leaks.message();
    INFO(message);
    CHECK(leaks.tasks() == 5);
    CHECK(is_in("job, runnable", message));
    CHECK(is_in("[settle]", message));
    CHECK(is_in("coroutine, runnable", message));
    CHECK(is_in("chan receive \"orders\"", message));
    CHECK(is_in("coroutine, done", message));
    CHECK(is_in("fiber, ", message));
}

TEST_CASE("a coroutine that another one awaits is a frame of that one") {
    LeakCheck check{at_once()};
    TaskHandle outer = coroutine("outer");
    TaskHandle inner = coroutine("inner");
    outer.suspends(wait_reason::await, nullptr, nullptr, SourcePlace::here());
    inner.awaited_by(outer);
    inner.suspends(wait_reason::timer, nullptr, nullptr, SourcePlace::here());
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK(leaks.tasks() == 1);
    CHECK(leaks.groups().at(0).reason == "timer");
    CHECK(leaks.groups().at(0).name == "outer");
}

TEST_CASE("labels of leaked tasks are told") {
    LeakCheck check{at_once()};
    const Label label{"request", 8431};
    const JobHandle job{"settle"};
    CHECK(is_in("request=8431", check.find().message()));
}

TEST_CASE("each check looks at its own scope, and an outer one at the inner ones' too") {
    LeakCheck outer{at_once()};
    const JobHandle of_outer{"outer"};
    LeakReport inner_found;
    std::vector<JobHandle> kept;
    {
        LeakCheck inner{at_once()};
        kept.emplace_back("inner");
        inner_found = inner.find();
    }
    CHECK(inner_found.tasks() == 1);
    CHECK(outer.find().tasks() == 2);
    LeakCheck later{at_once()};
    CHECK(later.find().empty());
}

TEST_CASE("what a task starts is of the task's scope, on whatever thread") {
    std::unique_ptr<StuckThread> grandchild;
    LeakCheck first; // starts the agent, without which no handle has a job
    JobHandle queued_outside{"outside"};
    LeakCheck check{at_once()};
    std::thread{[&] { grandchild = std::make_unique<StuckThread>(); }}.join();
    const auto leaks = check.find();
    CHECK(leaks.tasks() == 1);
    {
        const auto run = queued_outside.run();
        static JobHandle of_outside;
        of_outside = JobHandle{"of outside"};
    }
    CHECK(check.find().tasks() == 1);
}

TEST_CASE("the whole process's tasks are told where they are asked for") {
    LeakCheck check{at_once().whole_process()};
    std::promise<void> end;
    std::promise<void> begun;
    LeakCheck* scope = &check;
    std::thread other{[&, over = end.get_future()] {
        begun.set_value();
        over.wait();
    }};
    begun.get_future().wait();
    CHECK(scope->find().tasks() == 1);
    end.set_value();
    other.join();
    CHECK(scope->find().empty());
}

TEST_CASE("eight tests in parallel threads: exactly those that leak are told") {
    constexpr int tests = 8;
    std::vector<std::string> messages(tests);
    std::vector<std::vector<std::unique_ptr<StuckThread>>> kept(tests);
    std::vector<std::vector<JobHandle>> jobs(tests);
    std::vector<std::thread> threads;
    for (int test = 0; test < tests; ++test)
        threads.emplace_back([&, at = static_cast<std::size_t>(test)] {
            LeakCheck check{LeakOptions{}.timeout(20ms)};
            for (int i = 0; i < 20; ++i) {
                const JobHandle job{"passing"};
                std::thread{[] { std::this_thread::sleep_for(1ms); }}.join();
            }
            if (at == 2)
                kept[at].push_back(std::make_unique<StuckThread>());
            if (at == 5)
                jobs[at].emplace_back("left by the sixth");
            messages[at] = check.find().message();
        });
    for (std::thread& thread : threads)
        thread.join();
    for (std::size_t test = 0; test < tests; ++test) {
        INFO(test << ": " << messages[test]);
        CHECK(messages[test].empty() == (test != 2 && test != 5));
    }
    CHECK(is_in("StuckThread", messages[2]));
    CHECK(is_in("left by the sixth", messages[5]));
}

TEST_CASE("a test that throws leaves its scope") {
    LeakCheck outer{at_once()};
    std::vector<JobHandle> kept;
    try {
        LeakCheck check{at_once()};
        kept.emplace_back("left");
        throw 1;
    } catch (int) {
    }
    LeakCheck next{at_once()};
    CHECK(next.find().empty());
    CHECK(outer.find().tasks() == 1);
}

TEST_CASE("a forked child finds nothing, and says why") {
    LeakCheck check{at_once()};
    StuckThread stuck;
    const pid_t child = ::fork();
    if (child == 0) {
        const auto report = check.find();
        ::_exit(report.empty() && has_note(report, "forked child") ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    CHECK(check.find().tasks() == 1);
}

#ifndef __SANITIZE_THREAD__ // whose forked children may make no threads
TEST_CASE("in a forked child a check of its own tells of the child's threads, and nothing of the parent's tasks") {
    const LeakCheck check{at_once()};
    const StuckThread stuck;
    const JobHandle job{"the parent's"};
    const pid_t child = ::fork();
    if (child == 0) {
        bool holds = find_leaks(at_once()).empty() && find_untold_leaks(at_once()).empty();
        LeakCheck own{at_once()};
        holds = holds && own.find().empty();
        const StuckThread of_child;
        const auto report = own.find();
        holds = holds && report.tasks() == 1 && has_note(report, "only threads are seen");
        ::_exit(holds ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
}
#endif

TEST_CASE("tasks that end while they are described do no harm") {
    LeakCheck check{at_once()};
    std::atomic<bool> over{false};
    std::vector<std::thread> churn;
    for (int i = 0; i < 4; ++i)
        churn.emplace_back([&] {
            while (!over) {
                const JobHandle job{"short"};
                std::thread{[] {}}.join();
            }
        });
    for (int look = 0; look < 5; ++look)
        CHECK(check.find().tasks() < 100);
    over = true;
    for (std::thread& thread : churn)
        thread.join();
    CHECK(check.find().empty());
}

TEST_CASE("a hundred thousand leaked tasks, and a million, make a message of one screen") {
    LeakCheck check{at_once()};
    std::vector<JobHandle> jobs;
    for (const auto& [count, words] :
         {std::pair{100'000u, "100,000 tasks"}, std::pair{1'000'000u, "1,000,000 tasks"}}) {
        while (jobs.size() < count) {
            jobs.emplace_back("settle");
            while (jobs.size() % 1000 == 0 && room() < jobs.size() + 2000) // the table grows on the agent's thread
                std::this_thread::sleep_for(1ms);
        }
        const auto leaks = check.find();
        const std::string message = leaks.message();
        INFO(message);
        CHECK(leaks.tasks() == count);
        CHECK(std::count(message.begin(), message.end(), '\n') < 50);
        CHECK(is_in(words, message));
    }
}
