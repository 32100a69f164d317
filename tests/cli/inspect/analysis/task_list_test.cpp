#include "analysis/task_list.hpp"

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

std::vector<TaskView> tasks_of(const TaskList& list) {
    std::vector<TaskView> all;
    for (std::uint32_t slot = 0; slot < list.slots(); ++slot) {
        if (list.is_task(slot)) {
            all.push_back(list.at(slot));
        }
    }
    return all;
}

} // namespace

TEST_CASE("a thread that carries a job is that job") {
    MadeSnapshot made;
    made.thread(11, "worker").blocked({"f"}).last_ran(3s);
    made.thread(12, "main").blocked({"f"});
    made.job({"query"}).on_thread(11).waits(WaitReason::chan_send, "results", 5s);
    const TaskList list(*made);
    const auto tasks = tasks_of(list);
    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0].kind == Kind::job);
    CHECK(tasks[0].tid == 11);
    CHECK(tasks[0].thread == &made->threads[0]);
    CHECK(tasks[0].wait_reason == WaitReason::chan_send);
    CHECK(tasks[0].age == 5 * s);
    CHECK_FALSE(tasks[0].from_thread);
    CHECK(tasks[1].kind == Kind::thread);
    CHECK(tasks[1].tid == 12);
}

TEST_CASE("a thread's own wait gives it reason, object and exact age") {
    MadeSnapshot made;
    made.thread(11, "worker").blocked({"f"}).last_ran(1s);
    made.job({}).on_thread(11).is(Kind::thread).waits(WaitReason::cond, "work", 7s);
    const TaskList list(*made);
    const auto tasks = tasks_of(list);
    REQUIRE(tasks.size() == 1);
    CHECK(tasks[0].kind == Kind::thread);
    CHECK(tasks[0].wait_reason == WaitReason::cond);
    CHECK(tasks[0].age == 7 * s);
    CHECK_FALSE(tasks[0].from_thread);
    CHECK(list.name(0) == "worker");
}

TEST_CASE("a job outside every wait is as its thread is") {
    MadeSnapshot made;
    made.thread(11, "a").blocked({"f"}, 35).last_ran(2s);
    made.thread(12, "b").comes_to(Capture::running);
    made.job({"sleeps"}).on_thread(11).runs(9s);
    made.job({"works"}).on_thread(12).runs(9s);
    const auto tasks = tasks_of(TaskList(*made));
    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0].state == State::waiting);
    CHECK(tasks[0].wait_reason == WaitReason::sleep);
    CHECK(tasks[0].age == 2 * s);
    CHECK(tasks[0].from_thread);
    CHECK(tasks[1].state == State::running);
    CHECK(tasks[1].wait_reason == WaitReason::none);
    CHECK(tasks[1].age == 9 * s); // since its start
    CHECK_FALSE(tasks[1].from_thread);
}

TEST_CASE("a job whose thread is not known is not said to run") {
    MadeSnapshot made;
    made->threads_known = false;
    made.job({"query"}).on_thread(11).runs(9s);
    const auto tasks = tasks_of(TaskList(*made));
    REQUIRE(tasks.size() == 1);
    CHECK(tasks[0].state == State::unknown);
    CHECK(tasks[0].age == 9 * s);
}

TEST_CASE("a job that no thread carries keeps what it says of itself") {
    MadeSnapshot made;
    made.job({"send receipt"}).waits(WaitReason::job_queue, "mails", 4s);
    made.job({"later"});
    const auto tasks = tasks_of(TaskList(*made));
    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0].wait_reason == WaitReason::job_queue);
    CHECK(tasks[0].age == 4 * s);
    CHECK(tasks[1].age == TaskView::unknown_age);
}

TEST_CASE("what came of a thread's capture tells its state") {
    struct Row {
        Capture capture;
        State state;
    };
    for (const auto& [capture, state] :
         {Row{Capture::captured, State::waiting}, Row{Capture::unreadable, State::waiting},
          Row{Capture::running, State::running}, Row{Capture::changing, State::running},
          Row{Capture::not_permitted, State::unknown}, Row{Capture::deadline, State::unknown},
          Row{Capture::unknown, State::unknown}}) {
        MadeSnapshot made;
        made.thread(11, "t").comes_to(capture);
        const auto tasks = tasks_of(TaskList(*made));
        INFO("capture " << static_cast<int>(capture));
        REQUIRE(tasks.size() == 1);
        CHECK(tasks[0].state == state);
        CHECK(tasks[0].age == TaskView::unknown_age);
    }
}

TEST_CASE("a thread that was captured while it ran runs") {
    MadeSnapshot made;
    made.thread(11, "t").blocked({"f"}).last_ran(3s).facts().registers.assign(17, 1);
    made.thread(12, "u").blocked({"f"}).facts().registers.assign(17, 1);
    made.job({"settle"}).on_thread(12).runs(9s);
    const auto tasks = tasks_of(TaskList(*made));
    REQUIRE(tasks.size() == 2);
    CHECK(tasks[0].state == State::running);
    CHECK(tasks[0].age == 9 * s); // of the job: since its start
    CHECK(tasks[1].state == State::running);
    CHECK(tasks[1].wait_reason == WaitReason::none);
    CHECK(tasks[1].age == TaskView::unknown_age);
}

TEST_CASE("a thread that ended during the capture is no task") {
    MadeSnapshot made;
    made.thread(11, "t").comes_to(Capture::exited);
    CHECK(tasks_of(TaskList(*made)).empty());
}

TEST_CASE("a wait that began after the capture is of age 0") {
    MadeSnapshot made;
    made.job({"query"}).waits(WaitReason::chan_send, "results", -3ms);
    CHECK(tasks_of(TaskList(*made)).at(0).age == 0);
}

TEST_CASE("a wait that began after a dead process was last seen alive is of unknown age") {
    MadeSnapshot made;
    made->process.agent = AgentState::dead;
    made.job({"query"}).waits(WaitReason::chan_send, "results", -3s);
    CHECK(tasks_of(TaskList(*made)).at(0).age == TaskView::unknown_age);
}

TEST_CASE("names are the nested scopes, then what there was no room for") {
    MadeSnapshot made;
    made.job({"charge card", "ask bank"});
    made->scope_lists.back().left_out = 3;
    CHECK(TaskList(*made).name(0) == "charge card > ask bank > 3 more");
}

TEST_CASE("indexes out of range are no site, no scopes") {
    MadeSnapshot made;
    made.job({"query"}).facts().scopes = 1'000;
    made->tasks[0].wait_site = 1'000;
    CHECK(TaskList(*made).name(0).empty());
    CHECK(site_at(*made, 1'000).name.empty());
}
