#include "capture/capture.hpp"

#include <algorithm>
#include <csignal>

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include "capture/proc_stat.hpp"
#include "inspect/capture/fake_agent.hpp"
#include "inspect/capture/made_table.hpp"
#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::inspect;
using tasks::tests::Connection;
using tasks::tests::FakeAgent;
using tasks::tests::MadeTable;

namespace {

constexpr std::uint64_t patient_ns = 240'000'000'000;

/// This test's own process as the target, in front of a real /proc.
struct Scene {
    Scene() : world(this_machine(clock)) {
        const auto stat = read_stat(world.proc, static_cast<std::uint32_t>(::getpid()));
        REQUIRE(stat);
        target.process.pid = stat->pid;
        target.process.start_time_ticks = stat->start_time_ticks;
        target.process.uid = ::geteuid();
        target.process.name = "capture_test";
        target.files = tests::files_in(directory.path(), stat->pid, stat->start_time_ticks);
    }

    void agent_that(const FakeAgent::Behaviour& behaves) {
        agent =
            std::make_unique<FakeAgent>(directory.path(), target.process.pid, target.process.start_time_ticks, behaves);
        target.files.has_socket = true;
    }

    /// With two jobs that no thread carries, and one that the main thread carries.
    MadeTable table() const {
        MadeTable made{target.process.pid, target.process.start_time_ticks};
        const auto site = made.site("charge card", "charge(Card&)", "payments.cpp", 31);
        const auto inner = made.site("query", "query()", "payments.cpp", 35);
        made.job(site);
        made.job(site);
        made.label(made.site("request", "charge(Card&)", "payments.cpp", 33), "8432");
        made.thread(static_cast<std::uint32_t>(::getpid()), {site, inner});
        made.header.agent_tid = 0;
        return made;
    }

    void leave(const MadeTable& made) {
        made.write_to(target.files.table_path());
        target.files.has_table = true;
    }

    Result<Snapshot, Error> take(std::uint64_t timeout_ns = patient_ns, CaptureOptions options = {}) const {
        return capture(world, target, with_timeout(options, timeout_ns));
    }

    tests::TemporaryDirectory directory;
    SystemClock clock;
    World world;
    Target target;
    std::unique_ptr<FakeAgent> agent;
};

/// A child that is stopped until the end of the scope.
class StoppedChild {
public:
    StoppedChild() : pid_(::fork()) {
        if (pid_ == 0) {
            for (;;) {
                ::pause();
            }
        }
        REQUIRE(pid_ > 1); // to kill(), -1 would be every process that there is
        const bool stopped = ::kill(pid_, SIGSTOP) == 0 && ::waitpid(pid_, nullptr, WUNTRACED) == pid_;
        if (!stopped) {
            end();
        }
        REQUIRE(stopped);
    }
    ~StoppedChild() { end(); }
    StoppedChild(const StoppedChild&) = delete;
    StoppedChild& operator=(const StoppedChild&) = delete;
    pid_t pid() const { return pid_; }

private:
    void end() const {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid_;
};

bool lacks(const Snapshot& snapshot, const std::string& what) {
    return std::ranges::any_of(snapshot.incomplete,
                               [&what](const Incomplete& one) { return one.reason.find(what) != std::string::npos; });
}

} // namespace

TEST_CASE("an agent without a table is asked for everything") {
    Scene scene;
    scene.agent_that(tests::answer_everything);
    const auto snapshot = scene.take();
    REQUIRE(snapshot);
    CHECK(snapshot->process.agent == AgentState::answers);
    CHECK(snapshot->process.name == "fake");
    CHECK(snapshot->vitals.tasks == 3);
    CHECK(snapshot->vitals.rss_bytes == 4096);
    REQUIRE(snapshot->threads.size() == 2);
    CHECK(snapshot->threads_known);
    CHECK(snapshot->threads[0].stack == "bytes");
    CHECK(snapshot->skew_ns == 50);
    REQUIRE(snapshot->modules.size() == 1);
    CHECK(snapshot->modules[0].path == "/bin/fake");
    REQUIRE(snapshot->tasks.size() == 1);
    const auto& scopes = snapshot->scope_lists[snapshot->tasks[0].scopes].sites;
    REQUIRE(scopes.size() == 1);
    CHECK(snapshot->sites[scopes[0]].name == "charge card");
    REQUIRE(snapshot->labels.size() == 2);
    CHECK(snapshot->tasks[0].label == 1);
    CHECK(snapshot->labels[1] == LabelFacts{"request", "8431", true});
    REQUIRE(snapshot->vitals.queues);
    REQUIRE(snapshot->vitals.queues->size() == 1);
    CHECK(snapshot->vitals.queues->front().name == "mail");
    CHECK(snapshot->vitals.queues->front().depth == 1204);
    CHECK(snapshot->vitals.queues_left_out == 2);
    CHECK_FALSE(snapshot->threads[0].captured_running());
    CHECK(snapshot->threads[1].registers == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("tasks are read from the table, not asked for, where there is one") {
    Scene scene;
    scene.agent_that(tests::answer_everything);
    scene.leave(scene.table());
    const auto snapshot = scene.take();
    REQUIRE(snapshot);
    CHECK(snapshot->tasks.size() == 3);
    CHECK(snapshot->vitals.jobs_started == 5); // the agent's word
    const auto nested = std::ranges::find(snapshot->tasks, static_cast<std::uint32_t>(::getpid()), &TaskFacts::tid);
    REQUIRE(nested != snapshot->tasks.end());
    const auto& scopes = snapshot->scope_lists[nested->scopes].sites;
    REQUIRE(scopes.size() == 2);
    CHECK(snapshot->sites[scopes[0]].name == "charge card");
    CHECK(snapshot->sites[scopes[1]].name == "query");
    CHECK(snapshot->sites[scopes[1]].line == 35);
    REQUIRE(snapshot->labels.size() == 2);
    CHECK(snapshot->labels[1] == LabelFacts{"request", "8432", false});
    CHECK(std::ranges::count(snapshot->tasks, 1u, &TaskFacts::label) == 1);
    CHECK(snapshot->vitals.queues); // they are the agent's word too
}

TEST_CASE("a scribbled table is left aside and the agent asked") {
    Scene scene;
    scene.agent_that(tests::answer_everything);
    auto made = scene.table();
    made.header.segments[2].offset = 1ull << 60;
    scene.leave(made);
    const auto snapshot = scene.take();
    REQUIRE(snapshot);
    CHECK(snapshot->tasks.size() == 1);
    CHECK(lacks(*snapshot, "the agent was asked instead"));
}

TEST_CASE("a stalled agent is answered for from the table and /proc, and marked") {
    Scene scene;
    scene.agent_that([](Connection& peer) { peer.stall(); });
    scene.leave(scene.table());
    const auto snapshot = scene.take(4'000'000'000);
    REQUIRE(snapshot);
    CHECK(snapshot->process.agent == AgentState::hung);
    CHECK(snapshot->process.name == "made");
    CHECK(snapshot->tasks.size() == 3);
    CHECK(lacks(*snapshot, "did not answer before the deadline"));
    CHECK(snapshot->vitals.rss_bytes.value_or(0) > 0);
    CHECK(snapshot->threads_known);
    // Every thread of this process but the one that carries a job is a task, and so are the jobs.
    CHECK(snapshot->vitals.tasks == snapshot->threads.size() - 1 + 3);
    CHECK_FALSE(snapshot->vitals.queues); // not known, which is not none
    CHECK(snapshot->labels.size() == 2);
}

TEST_CASE("an agent that greets and then stalls is hung too") {
    Scene scene;
    scene.agent_that([](Connection& peer) { peer.welcome(), peer.stall(); });
    scene.leave(scene.table());
    const auto snapshot = scene.take(4'000'000'000);
    REQUIRE(snapshot);
    CHECK(snapshot->process.agent == AgentState::hung);
}

TEST_CASE("a stalled agent without a table gives a sentence") {
    Scene scene;
    scene.agent_that([](Connection& peer) { peer.stall(); });
    const auto snapshot = scene.take(100'000'000);
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().trouble == Trouble::no_answer);
}

TEST_CASE("an agent that sends garbage is not answered for by its table") {
    Scene scene;
    scene.agent_that([](Connection& peer) { peer.hear(), peer.say("garbage, and more of it"), peer.stall(); });
    scene.leave(scene.table());
    const auto snapshot = scene.take();
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().trouble == Trouble::no_answer);
}

TEST_CASE("threads that came before a stall in the middle are kept, and the rest is said to lack") {
    Scene scene;
    scene.agent_that([](Connection& peer) {
        peer.welcome();
        while (const auto request = peer.hear()) {
            const auto id = request->header.request_id;
            if (request->header.type == static_cast<std::uint16_t>(protocol::MessageType::vitals_request)) {
                peer.answer(protocol::VitalsAnswer{}, id);
            } else {
                protocol::StacksAnswer part;
                part.threads.emplace_back();
                part.threads.back().tid = 11;
                peer.answer(part, id, true);
            }
        }
    });
    scene.leave(scene.table());
    const auto snapshot = scene.take(4'000'000'000);
    REQUIRE(snapshot);
    CHECK(snapshot->process.agent == AgentState::answers);
    CHECK(snapshot->threads.size() == 1);
    CHECK_FALSE(snapshot->threads_known);
    CHECK(lacks(*snapshot, "did not come whole before the deadline"));
}

TEST_CASE("a dead process is told from its table, dated back to when it lived") {
    Scene scene;
    scene.leave(scene.table());
    scene.target.process.agent = AgentState::dead;
    const auto snapshot = scene.take();
    REQUIRE(snapshot);
    CHECK(snapshot->tasks.size() == 3);
    CHECK_FALSE(snapshot->threads_known);
    CHECK(snapshot->threads.empty());
    CHECK(snapshot->taken_at_ns == 5'000'000'000);
    CHECK(snapshot->vitals.uptime_ns == 4'000'000'000);
    CHECK(lacks(*snapshot, "the process is gone"));
}

TEST_CASE("tables that cannot be are refused with a sentence") {
    Scene scene;
    scene.target.process.agent = AgentState::dead;
    auto made = scene.table();
    std::string expected;
    SECTION("of another version") {
        made.header.version = 99;
        expected = "version";
    }
    SECTION("of something else") {
        made.header.magic[0] = 'X';
        expected = "table";
    }
    SECTION("of another process") {
        made.header.pid += 1;
        expected = "not of the one that it is named after";
    }
    SECTION("with segments outside the file") { made.header.segments[0].bytes = 1ull << 50; }
    scene.leave(made);
    const auto snapshot = scene.take();
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().trouble == Trouble::not_inspectable);
    CHECK(snapshot.error().sentence.find(scene.target.files.table_path()) != std::string::npos);
    CHECK(snapshot.error().sentence.find(expected) != std::string::npos);
}

TEST_CASE("a table cut anywhere is read or refused, never a crash") {
    Scene scene;
    scene.leave(scene.table());
    scene.target.process.agent = AgentState::dead;
    for (const std::uintmax_t size : {0u, 1u, 100u, 4095u, 4096u, 5000u, 12288u, 12300u, 20000u}) {
        std::filesystem::resize_file(scene.target.files.table_path(), size);
        const auto snapshot = scene.take();
        CHECK((snapshot ? !snapshot->incomplete.empty() : !snapshot.error().sentence.empty()));
        scene.table().write_to(scene.target.files.table_path());
    }
}

TEST_CASE("a table that is no file is not opened for long") {
    Scene scene;
    scene.target.process.agent = AgentState::dead;
    scene.target.files.has_table = true;
    SECTION("a pipe") { REQUIRE(::mkfifo(scene.target.files.table_path().c_str(), 0600) == 0); }
    SECTION("a link to a table") {
        scene.table().write_to(scene.directory.path("elsewhere"));
        std::filesystem::create_symlink("elsewhere", scene.target.files.table_path());
    }
    const auto snapshot = scene.take();
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().trouble == Trouble::not_inspectable);
}

TEST_CASE("a table file with a hole of many GiB does not hold the command beyond its deadline") {
    Scene scene;
    auto made = scene.table();
    made.header.segments[2].bytes = 15ull << 30;
    made.write_to(scene.target.files.table_path());
    scene.target.files.has_table = true;
    std::filesystem::resize_file(scene.target.files.table_path(), (15ull << 30) + 3 * 4096);
    scene.target.process.agent = AgentState::dead;
    const auto before = scene.clock.monotonic_ns();
    const auto snapshot = scene.take(250'000'000);
    // A whole pass takes far longer than this bound even on a fast machine; a loaded one gets a hundredfold.
    CHECK(scene.clock.monotonic_ns() - before < 25'000'000'000);
    CHECK((snapshot ? !snapshot->incomplete.empty() : !snapshot.error().sentence.empty()));
}

TEST_CASE("a stopped process is told from outside, with stacks and modules") {
    Scene scene;
    const StoppedChild child;
    const auto stat = read_stat(scene.world.proc, static_cast<std::uint32_t>(child.pid()));
    REQUIRE(stat);
    CHECK(stat->stopped());
    scene.target.process.pid = stat->pid;
    scene.target.process.start_time_ticks = stat->start_time_ticks;
    scene.target.process.agent = AgentState::stopped;
    scene.target.files.inner_pid = stat->pid;
    const auto snapshot = scene.take();
    REQUIRE(snapshot);
    CHECK(snapshot->process.agent == AgentState::stopped);
    CHECK(snapshot->vitals.os_threads == 1);
    CHECK_FALSE(snapshot->vitals.tasks); // without its table nobody knows of jobs
    REQUIRE(snapshot->threads.size() == 1);
    if (snapshot->threads[0].capture == protocol::Capture::captured) { // may be forbidden to us
        CHECK(snapshot->threads[0].stack.size() > 100);
    }
    CHECK_FALSE(snapshot->modules.empty());
    CHECK(std::ranges::any_of(snapshot->modules, [](const ModuleFacts& module) { return !module.build_id.empty(); }));
}

TEST_CASE("a process that ended meanwhile is said to have ended") {
    Scene scene;
    scene.leave(scene.table());
    scene.target.process.agent = AgentState::stopped;
    scene.target.process.start_time_ticks += 1; // the pid has been used again
    const auto snapshot = scene.take();
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().sentence.find("ended while it was looked at") != std::string::npos);
}
