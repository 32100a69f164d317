#include "capture/machine_checks.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "discovery/fake_machine.hpp"
#include "discovery/place_checks.hpp"

using namespace tasks::inspect;
using tasks::tests::FakeMachine;
using State = Check::State;

namespace {

Check named(const std::vector<Check>& checks, const std::string& what) {
    const auto found = std::ranges::find(checks, what, &Check::what);
    REQUIRE(found != checks.end());
    return *found;
}

bool says(const std::string& text, const char* what) { return text.find(what) != std::string::npos; }

} // namespace

TEST_CASE("this machine shows blocked threads and their ages") {
    const SystemClock clock;
    const auto checks = check_machine(this_machine(clock));
    CHECK(named(checks, "blocked threads").state == State::works);
    CHECK(named(checks, "ages").state == State::works);
    for (const auto& check : checks) {
        CHECK_FALSE(check.finding.empty());
    }
}

TEST_CASE("a kernel that does not tell is named, with what helps") {
    FakeMachine machine;
    machine.euid = 1000;
    const auto checks = check_machine(machine.world());
    CHECK(named(checks, "blocked threads").state == State::missing);
    CHECK(says(named(checks, "blocked threads").finding, "/proc/self/syscall"));
    CHECK(named(checks, "ages").state == State::limited);
    CHECK(named(checks, "processes").state == State::limited);
    machine.proc().file("self/syscall", "running");
    machine.proc().file("self/schedstat", "1 2 3");
    machine.proc().file("self/sched", "se.exec_start : 5.000001\n");
    const auto better = check_machine(machine.world());
    CHECK(named(better, "blocked threads").state == State::works);
    CHECK(named(better, "ages").state == State::works);
}

TEST_CASE("Yama's setting decides whether other processes can be looked at") {
    FakeMachine machine;
    machine.euid = 1000;
    machine.proc().file("sys/kernel/yama/ptrace_scope", "1\n");
    const auto refused = named(check_machine(machine.world()), "other processes");
    CHECK(refused.state == State::missing);
    CHECK(says(refused.finding, "kernel.yama.ptrace_scope is 1"));
    CHECK(says(refused.way_out, "run as root"));
    machine.euid = 0;
    CHECK(named(check_machine(machine.world()), "other processes").state == State::works);
    machine.proc().file("sys/kernel/yama/ptrace_scope", "3\n");
    CHECK(named(check_machine(machine.world()), "other processes").state == State::missing);
}

TEST_CASE("the runtime directory is the first that an agent can use") {
    FakeMachine machine;
    const tasks::tests::TemporaryDirectory directory;
    machine.environment["TASKS_DIR"] = directory.path("made-by-an-agent");
    const auto works = tasks::discovery::check_places(machine.world());
    CHECK(works.state == State::works);
    CHECK(says(works.finding, "made-by-an-agent"));
    machine.environment["TASKS_DIR"] = directory.path("not-there/below");
    const auto missing = tasks::discovery::check_places(machine.world());
    CHECK(missing.state == State::missing);
    CHECK(says(missing.finding, "not-there"));
    CHECK(says(missing.way_out, "TASKS_DIR"));
}
