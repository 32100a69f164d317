#include "discovery/discovery.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include "discovery/fake_machine.hpp"
#include "discovery/plain_process.hpp"
#include "inspect/capture/made_table.hpp"

using namespace tasks;
using namespace tasks::discovery;
using tasks::tests::FakeMachine;
using tasks::tests::MadeTable;

namespace {

constexpr std::uint64_t patient_ns = 240'000'000'000;

/// A fake machine with one directory for agents' files, which TASKS_DIR names.
struct Scene {
    Scene() { machine.environment["TASKS_DIR"] = directory.path(); }

    static MadeTable table_of(std::uint32_t pid, std::uint64_t start, const std::string& name = "payments") {
        MadeTable table{pid, start};
        table.header.pid_namespace = FakeMachine::pid_namespace;
        std::copy_n(FakeMachine::boot_id, table.header.boot_id.size(), table.header.boot_id.begin());
        table.header.name = {};
        std::copy(name.begin(), name.end(), table.header.name.begin());
        return table;
    }

    void leave(const MadeTable& table) { leave(table, directory); }
    static void leave(const MadeTable& table, const tests::TemporaryDirectory& where) {
        table.write_to(where.path(protocol::instance_name(table.header.pid, table.header.start_time_ticks) + ".table"));
    }

    void living(std::uint32_t pid, std::uint64_t start, const std::string& name = "payments",
                const FakeMachine::Facts& facts = {}) {
        machine.process(pid, start, facts);
        leave(table_of(pid, start, name));
    }

    Discovery discovery() {
        world = machine.world();
        auto begun = Discovery::begin(world, patient_ns);
        REQUIRE(begun);
        return *std::move(begun);
    }
    Survey survey() { return discovery().survey(); }

    FakeMachine machine;
    tests::TemporaryDirectory directory;
    inspect::World world;
};

bool tells(const std::vector<std::string>& problems, const std::string& what) {
    return std::ranges::any_of(problems, [&what](const auto& one) { return one.find(what) != std::string::npos; });
}

bool says(const inspect::Error& error, const std::string& what) {
    return error.sentence.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("living processes are listed by pid with what their tables say") {
    Scene scene;
    scene.living(20, 200, "orders");
    scene.living(12, 345, "payments");
    const auto survey = scene.survey();
    CHECK(survey.problems.empty());
    CHECK(survey.dead.empty());
    REQUIRE(survey.living.size() == 2);
    const auto& first = survey.living[0].target;
    CHECK(first.process.pid == 12);
    CHECK(first.process.name == "payments");
    CHECK(first.process.exe == "/srv/bin/payments");
    CHECK(first.threads == 3);
    CHECK(first.files.has_table);
    CHECK(survey.living[1].target.process.name == "orders");
}

TEST_CASE("a process that has ended is dead, also when its pid is used again") {
    Scene scene;
    scene.leave(Scene::table_of(12, 345));
    scene.leave(Scene::table_of(13, 345));
    scene.machine.process(13, 999);
    const auto survey = scene.survey();
    CHECK(survey.living.empty());
    CHECK(survey.dead.size() == 2);
    CHECK(survey.dead[0].target.process.agent == inspect::AgentState::dead);
}

TEST_CASE("a zombie is dead") {
    Scene scene;
    scene.living(12, 345, "payments", {.state = 'Z', .threads = 1});
    const auto survey = scene.survey();
    CHECK(survey.living.empty());
    CHECK(survey.dead.size() == 1);
}

TEST_CASE("a process lives on in its other threads when its main thread has ended") {
    Scene scene;
    scene.living(12, 345, "payments", {.state = 'Z', .threads = 2});
    CHECK(scene.survey().living.size() == 1);
    CHECK(scene.discovery().by_pid(12));
}

TEST_CASE("the files of a program before exec() are not taken for those of the one after it") {
    Scene scene;
    scene.machine.process(12, 345, {.command = "after"});
    scene.machine.proc().file("12/task/12/comm", "after\n");
    auto table = Scene::table_of(12, 345, "before");
    table.header.agent_tid = 13;
    scene.leave(table);
    const auto survey = scene.survey();
    CHECK(survey.living.empty());
    REQUIRE(survey.dead.size() == 1);
    CHECK(survey.dead[0].target.process.name == "before");
    const auto now = scene.discovery().by_pid(12);
    REQUIRE(now);
    CHECK(now->process.agent == inspect::AgentState::none);
    CHECK((tells(now->notes, "another program") && tells(now->notes, "tasks stack 12@345")));
    const auto then = scene.discovery().by_instance(12, 345);
    REQUIRE(then);
    CHECK(then->process.agent == inspect::AgentState::dead);
    scene.machine.proc().file("12/task/13/comm", "tasks-agent\n");
    CHECK(scene.survey().living.size() == 1);
    CHECK(scene.discovery().by_pid(12));
}

TEST_CASE("a process that did chroot() after its agent began is found where it was before") {
    Scene scene;
    const tests::TemporaryDirectory jail;
    scene.living(12, 345, "payments", {.root = jail.path()});
    const auto found = scene.discovery().by_pid(12);
    REQUIRE(found);
    CHECK(found->process.name == "payments");
}

TEST_CASE("a table from before the boot is of a dead process, whoever has its pid now") {
    Scene scene;
    scene.machine.process(12, 345);
    auto table = Scene::table_of(12, 345);
    table.header.boot_id[0] = 'X';
    scene.leave(table);
    const auto survey = scene.survey();
    CHECK(survey.living.empty());
    CHECK(survey.dead.size() == 1);
}

TEST_CASE("the dead are listed with the last one first") {
    Scene scene;
    for (const std::uint32_t pid : {12u, 13u, 14u}) {
        auto table = Scene::table_of(pid, 345);
        table.header.seen_alive_ns = (pid == 13 ? 9 : 2) * 1'000'000'000ull;
        scene.leave(table);
    }
    const auto survey = scene.survey();
    REQUIRE(survey.dead.size() == 3);
    CHECK(survey.dead[0].target.process.pid == 13);
}

TEST_CASE("a process of another pid namespace is found by its start time and its own number") {
    Scene scene;
    auto table = Scene::table_of(7, 345);
    table.header.pid_namespace = FakeMachine::pid_namespace + 1;
    scene.leave(table);
    scene.machine.process(7, 999);                     // ours, with the same number
    scene.machine.process(800, 345, {.inner_pid = 6}); // started in the same tick
    scene.machine.process(900, 345, {.inner_pid = 7});
    const auto survey = scene.survey();
    REQUIRE(survey.living.size() == 1);
    CHECK(survey.living[0].target.process.pid == 900);
    CHECK(survey.living[0].target.files.inner_pid == 7);
    CHECK(survey.dead.empty());
}

TEST_CASE("what cannot be judged is said, and neither living nor dead") {
    Scene scene;
    auto table = Scene::table_of(7, 345);
    table.header.pid_namespace = FakeMachine::pid_namespace + 1;
    scene.leave(table);
    const auto survey = scene.survey();
    CHECK(survey.living.empty());
    CHECK(survey.dead.empty());
    CHECK(tells(survey.problems, "cannot be judged from here"));
    CHECK(std::filesystem::exists(scene.directory.path("7-345.table")));
}

TEST_CASE("a stopped process is marked") {
    Scene scene;
    scene.living(12, 345, "payments", {.state = 'T'});
    const auto survey = scene.survey();
    REQUIRE(survey.living.size() == 1);
    CHECK(survey.living[0].target.process.agent == inspect::AgentState::stopped);
}

TEST_CASE("a damaged table is told, and its process listed all the same") {
    Scene scene;
    scene.machine.process(12, 345);
    scene.directory.file("12-345.table", "scribbled");
    const auto survey = scene.survey();
    REQUIRE(survey.living.size() == 1);
    CHECK(survey.living[0].target.process.name == "payments"); // the command's
    CHECK(tells(survey.problems, "12-345.table"));
}

TEST_CASE("an agent that was moved is found by its socket and its environment") {
    Scene scene;
    const tests::TemporaryDirectory elsewhere;
    scene.machine.environment.clear(); // ours names no directory, theirs does
    scene.machine.process(12, 345, {.environ = std::string{"A=1\0TASKS_DIR="} + '\0'});
    scene.machine.process(12, 345, {.environ = "A=1" + std::string(1, '\0') + "TASKS_DIR=" + elsewhere.path()});
    Scene::leave(Scene::table_of(12, 345), elsewhere);
    scene.machine.proc().file("net/unix", "0: 00000002 00000000 00010000 0001 01 35062 /proc/self/fd/5/12-345.sock\n");
    const auto survey = scene.survey();
    const auto found =
        std::ranges::find(survey.living, 12u, [](const Sighting& one) { return one.target.process.pid; });
    REQUIRE(found != survey.living.end());
    CHECK(found->target.files.directory_path == elsewhere.path());
}

TEST_CASE("an agent in another network namespace and root is found there") {
    Scene scene;
    const tests::TemporaryDirectory root;
    scene.machine.environment.clear();
    root.file("run/agents/7-345.table", Scene::table_of(7, 345).bytes());
    scene.machine.process(900, 345,
                          {.inner_pid = 7,
                           .net_namespace = 5,
                           .mount_namespace = 6,
                           .root = root.path(),
                           .environ = "TASKS_DIR=/run/agents"});
    scene.machine.proc().file("900/net/unix",
                              "0: 00000002 00000000 00010000 0001 01 35062 /proc/self/fd/5/7-345.sock\n");
    const auto survey = scene.survey();
    const auto found =
        std::ranges::find(survey.living, 900u, [](const Sighting& one) { return one.target.process.pid; });
    REQUIRE(found != survey.living.end());
    CHECK(found->target.files.directory_path == "/run/agents");
}

TEST_CASE("processes of other users are counted, not shown") {
    Scene scene;
    scene.machine.euid = 4711;
    scene.machine.environment.clear();
    scene.machine.process(12, 345, {.uid = 4712});
    scene.machine.proc().file("net/unix", "0: 00000002 00000000 00010000 0001 01 35062 /proc/self/fd/5/12-345.sock\n");
    const auto survey = scene.survey();
    CHECK(survey.living.empty());
    CHECK(tells(survey.problems, "1 process with an agent of other users not shown; run as root"));
}

TEST_CASE("a process is found by its pid in the place that everybody uses, its environment, or its maps") {
    Scene scene;
    const tests::TemporaryDirectory elsewhere;
    SECTION("place") { scene.living(12, 345); }
    SECTION("environment") {
        scene.machine.process(12, 345, {.environ = "TASKS_DIR=" + elsewhere.path()});
        Scene::leave(Scene::table_of(12, 345), elsewhere);
    }
    SECTION("maps") {
        scene.machine.process(12, 345);
        Scene::leave(Scene::table_of(12, 345), elsewhere);
        scene.machine.proc().file("12/maps",
                                  "7f00-7f01 rw-s 00000000 00:01 9   " + elsewhere.path("12-345.table") + "\n");
    }
    auto discovery = scene.discovery();
    const auto target = discovery.by_pid(12);
    REQUIRE(target);
    CHECK(target->process.name == "payments");
    CHECK(target->files.has_table);
}

TEST_CASE("a pid that nobody has is not inspectable, with the way to its table") {
    Scene scene;
    scene.leave(Scene::table_of(12, 345));
    auto discovery = scene.discovery();
    const auto dead = discovery.by_pid(12);
    REQUIRE_FALSE(dead);
    CHECK(dead.error().trouble == inspect::Trouble::not_inspectable);
    CHECK(says(dead.error(), "there is no such process; of a dead one see: tasks stack 12@345"));
    const auto never = discovery.by_pid(99);
    REQUIRE_FALSE(never);
    CHECK(says(never.error(), "process 99: there is no such process"));
}

TEST_CASE("a process without an agent is one to look at from outside") {
    Scene scene;
    scene.machine.process(12, 345, {.command = "bash", .inner_pid = 3});
    auto discovery = scene.discovery();
    const auto target = discovery.by_pid(12);
    REQUIRE(target);
    CHECK(target->process.agent == inspect::AgentState::none);
    CHECK(target->process.name == "bash");
    CHECK(target->files.directory == nullptr);
    CHECK(target->files.inner_pid == 3);
    CHECK(target->notes.empty());
    const auto instance = discovery.by_instance(12, 345);
    REQUIRE(instance);
    CHECK(instance->process.agent == inspect::AgentState::none);
}

TEST_CASE("a process that is stopped and has no agent says so") {
    Scene scene;
    scene.machine.process(12, 345, {.state = 'T'});
    const auto target = scene.discovery().by_pid(12);
    REQUIRE(target);
    CHECK(target->process.agent == inspect::AgentState::none);
    CHECK(tells(target->notes, "kill -CONT 12"));
}

TEST_CASE("a zombie has nothing left to look at") {
    Scene scene;
    scene.machine.process(12, 345, {.state = 'Z', .threads = 1});
    const auto target = scene.discovery().by_pid(12);
    REQUIRE_FALSE(target);
    CHECK(target.error().trouble == inspect::Trouble::not_inspectable);
    CHECK(says(target.error(), "process 12: it has ended, and is a zombie until its parent 1"));
}

TEST_CASE("the kernel's own threads and programs of another kind are refused with a sentence") {
    Scene scene;
    scene.machine.process(2, 3, {.command = "kthreadd", .flags = 0x00208040});
    const auto kernel = scene.discovery().by_pid(2);
    REQUIRE_FALSE(kernel);
    CHECK(says(kernel.error(), "process 2 (kthreadd): a thread of the kernel"));

    scene.machine.process(12, 345, {.command = "old"});
    std::filesystem::remove(scene.machine.proc().path("12/exe"));
    scene.machine.proc().file("12/exe", std::string{"\x7f"
                                                    "ELF\x01\x01\x01"} +
                                            std::string(45, '\0'));
    const auto foreign = scene.discovery().by_pid(12);
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().trouble == inspect::Trouble::not_inspectable);
    CHECK(says(foreign.error(), "process 12 (old): a 32-bit program"));
}

TEST_CASE("a program of another processor is told by its first bytes, and too few bytes tell nothing") {
    std::string header{"\x7f"
                       "ELF\x02\x01\x01"};
    header.resize(64);
    header[18] = '\xf3'; // EM_RISCV
    CHECK(foreign_program(header).find("ELF machine 243") != std::string::npos);
    CHECK(foreign_program(header.substr(0, 19)).empty());
    CHECK(foreign_program("#!/bin/sh").empty());
    CHECK(foreign_program("").empty());
}

TEST_CASE("a name leads to a process without an agent, where none with one has it") {
    Scene scene;
    scene.machine.process(12, 345, {.command = "python3"});
    scene.machine.process(13, 345, {.command = "kworker", .flags = 0x00200000});
    auto discovery = scene.discovery();
    const auto target = discovery.by_name("python3");
    REQUIRE(target);
    CHECK((target->process.pid == 12 && target->process.agent == inspect::AgentState::none));
    CHECK_FALSE(discovery.by_name("kworker"));
    scene.machine.process(14, 346, {.command = "python3"});
    const auto two = scene.discovery().by_name("python3");
    REQUIRE_FALSE(two);
    CHECK(says(two.error(), "2 processes have it (12, 14)"));
    scene.living(15, 347, "python3");
    const auto with_agent = scene.discovery().by_name("python3");
    REQUIRE(with_agent);
    CHECK(with_agent->process.pid == 15);
}

TEST_CASE("another user's process is a matter of permission") {
    Scene scene;
    scene.machine.euid = 4711;
    scene.machine.process(12, 345, {.uid = 4712});
    auto discovery = scene.discovery();
    const auto target = discovery.by_pid(12);
    REQUIRE_FALSE(target);
    CHECK(target.error().trouble == inspect::Trouble::permission);
    CHECK(target.error().sentence == "process 12: owned by uid 4712, you are 4711; run as that user or as root");
}

TEST_CASE("files in a directory of another user are not believed") {
    Scene scene;
    constexpr uid_t stranger = 65534;
    if (::geteuid() == 0)
        REQUIRE(::chown(scene.directory.path().c_str(), stranger, stranger) == 0);
    else
        scene.machine.euid += 1; // we are somebody else, so that our directory is a stranger's
    scene.living(12, 345);
    auto discovery = scene.discovery();
    const auto target = discovery.by_pid(12);
    REQUIRE(target);
    CHECK(target->process.agent == inspect::AgentState::none);
    CHECK(tells(target->notes, "it is not believed"));
    CHECK(tells(target->notes, scene.directory.path()));
}

TEST_CASE("a unique name leads to its process, by agent's name or program") {
    Scene scene;
    scene.living(12, 345, "payments", {.command = "pay-server"});
    scene.living(20, 200, "orders", {.command = "orders-server"});
    auto discovery = scene.discovery();
    REQUIRE(discovery.by_name("payments"));
    CHECK(discovery.by_name("payments")->process.pid == 12);
    REQUIRE(discovery.by_name("orders-server"));
    CHECK(discovery.by_name("orders-server")->process.pid == 20);
    const auto nobody = discovery.by_name("billing");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().trouble == inspect::Trouble::not_inspectable);
}

TEST_CASE("an ambiguous name is answered with the pids") {
    Scene scene;
    scene.living(12, 345);
    scene.living(20, 200);
    auto discovery = scene.discovery();
    const auto target = discovery.by_name("payments");
    REQUIRE_FALSE(target);
    CHECK(target.error().trouble == inspect::Trouble::usage);
    CHECK(says(target.error(), "2 processes have it (12, 20); say which by its PID"));
}

TEST_CASE("pid and start time lead to the dead, and to the living that has both") {
    Scene scene;
    scene.leave(Scene::table_of(12, 345));
    scene.living(20, 200);
    auto discovery = scene.discovery();
    const auto dead = discovery.by_instance(12, 345);
    REQUIRE(dead);
    CHECK(dead->process.agent == inspect::AgentState::dead);
    const auto living = discovery.by_instance(20, 200);
    REQUIRE(living);
    CHECK(living->process.agent == inspect::AgentState::answers);
    const auto neither = discovery.by_instance(12, 346);
    REQUIRE_FALSE(neither);
    CHECK(says(neither.error(), "process 12@346: there is neither that process nor a table of it"));
}

TEST_CASE("without /proc nothing can be found, and that is said") {
    Scene scene;
    scene.world = scene.machine.world();
    scene.world.proc = inspect::ProcFiles{"/nonexistent"};
    const auto discovery = Discovery::begin(scene.world, patient_ns);
    REQUIRE_FALSE(discovery);
    CHECK(discovery.error().trouble == inspect::Trouble::not_inspectable);
    CHECK(says(discovery.error(), "mount /proc"));
}

TEST_CASE("a table named after one process and written for another is not believed") {
    Scene scene;
    scene.machine.process(12, 345);
    Scene::table_of(13, 345).write_to(scene.directory.path("12-345.table"));
    const auto survey = scene.survey();
    CHECK(tells(survey.problems, "not of the one that it is named after"));
    REQUIRE(survey.living.size() == 1);
    CHECK_FALSE(survey.living[0].table);
}

TEST_CASE("an environment is read entry by entry") {
    const auto look = parse_environ(std::string{"A=1\0TASKS_DIR=/x\0TASKS_DIRECTORY=/y\0EMPTY=\0noise", 44});
    CHECK(look("TASKS_DIR") == "/x");
    CHECK(look("EMPTY") == "");
    CHECK_FALSE(look("TASKS"));
    CHECK_FALSE(look("noise"));
}
