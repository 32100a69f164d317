#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/task_handle.hpp>

#include <pthread.h>

#include <cstdint>
#include <thread>

#include "agent_fixture.hpp"
#include "birth_interface.hpp"

using namespace tasks;
using namespace tasks::test;
using tasks::agent::birth_interface;

namespace {

std::uint32_t present_scope() {
    const std::uint32_t* scope = birth_interface.scope();
    REQUIRE(scope != nullptr);
    return *scope;
}

void enter_scope(std::uint32_t scope) {
    REQUIRE(birth_interface.scope() != nullptr);
    *birth_interface.scope() = scope;
}

std::uint32_t scope_of(JobHandle& job) {
    const auto run = job.run();
    return present_scope();
}

/// Of a coroutine that no thread runs.
std::uint32_t scope_of(TaskHandle& task) {
    task.resumes();
    const std::uint32_t scope = present_scope();
    task.suspends(wait_reason::timer, nullptr, nullptr, SourcePlace::here());
    return scope;
}

TaskHandle coroutine(const char* name) { return TaskHandle{task_kind::coroutine, name, SourcePlace::here()}; }

} // namespace

TEST_CASE("what a task starts has its scope, with a label or without") {
    const OwnAgent own;
    CHECK(present_scope() == 0);
    enter_scope(7);
    CHECK(present_scope() == 7);
    JobHandle job{"queued"};
    TaskHandle task = coroutine("session");
    const Label label{"request", 1};
    JobHandle labelled{"queued"};
    TaskHandle labelled_task = coroutine("session");
    enter_scope(8);
    CHECK(scope_of(job) == 7);
    CHECK(scope_of(task) == 7);
    CHECK(scope_of(labelled) == 7);
    CHECK(scope_of(labelled_task) == 7);
    CHECK(present_scope() == 8);
}

TEST_CASE("a scope outlives the labels that come and go beside it") {
    const OwnAgent own;
    enter_scope(7);
    {
        const Label outer{"request", 1};
        const Label inner{"attempt", 2};
        CHECK(present_scope() == 7);
    }
    CHECK(present_scope() == 7);
    TaskHandle task = coroutine("session");
    task.label("request", "2");
    enter_scope(8);
    CHECK(scope_of(task) == 7);
}

TEST_CASE("while a thread carries a job it has the job's scope, then its own again") {
    const OwnAgent own;
    enter_scope(7);
    JobHandle job{"queued"};
    JobHandle labelled{"labelled"};
    labelled.label("request", "1");
    enter_scope(8);
    {
        const auto run = job.run();
        CHECK(present_scope() == 7);
        const auto nested = labelled.run();
        CHECK(present_scope() == 7);
    }
    CHECK(present_scope() == 8);
    {
        const auto run = job.run();
        job = JobHandle{};
        CHECK(present_scope() == 7);
    }
    CHECK(present_scope() == 8);
}

TEST_CASE("what a coroutine starts has the coroutine's scope, not that of the thread which resumes it") {
    const OwnAgent own;
    enter_scope(7);
    TaskHandle session = coroutine("session");
    enter_scope(8);
    session.resumes();
    CHECK(present_scope() == 7);
    JobHandle job{"queued"};
    TaskHandle other = coroutine("other");
    session.suspends(wait_reason::timer, nullptr, nullptr, SourcePlace::here());
    CHECK(present_scope() == 8);
    CHECK(scope_of(job) == 7);
    CHECK(scope_of(other) == 7);
}

TEST_CASE("a coroutine that enters a scope takes it along to the next thread") {
    const OwnAgent own;
    TaskHandle session = coroutine("session");
    session.resumes();
    enter_scope(7);
    session.suspends(wait_reason::timer, nullptr, nullptr, SourcePlace::here());
    CHECK(present_scope() == 0);
    std::uint32_t there = 0;
    std::thread{[&] {
        session.resumes();
        there = present_scope();
        session.suspends(wait_reason::timer, nullptr, nullptr, SourcePlace::here());
    }}.join();
    CHECK(there == 7);
}

TEST_CASE("a thread has the scope of who made it, from its first step to its end") {
    CHECK(in_child([] { // births are kept from then on, in the whole process
              birth_interface.want();
              const OwnAgent own;
              *birth_interface.scope() = 7;
              static std::uint32_t seen = 0;
              const auto look = [](void*) -> void* {
                  seen = *birth_interface.scope();
                  return nullptr;
              };
              const std::uint64_t pc = 1;
              void* slot = birth_interface.begin(&pc, 1, look, nullptr);
              if (slot == nullptr)
                  return 1;
              *birth_interface.scope() = 0;
              pthread_t thread;
              if (::pthread_create(&thread, nullptr, birth_interface.run, slot) != 0)
                  return 2;
              ::pthread_join(thread, nullptr);
              std::uint32_t next = 1;
              std::thread{[&] { next = present_scope(); }}.join(); // in the state that the first one gave back
              return seen == 7 && next == 0 ? 0 : 3;
          }) == 0);
}

TEST_CASE("without an agent there is no scope and no table") {
    CHECK(birth_interface.scope() == nullptr);
    CHECK(birth_interface.table() == nullptr);
    const OwnAgent own;
    CHECK(birth_interface.table() != nullptr);
}
