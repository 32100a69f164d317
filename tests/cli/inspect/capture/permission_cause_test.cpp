#include "capture/permission_cause.hpp"

#include <catch2/catch.hpp>

#include "discovery/fake_machine.hpp"

using namespace tasks::inspect;
using tasks::protocol::Capture;
using tasks::tests::FakeMachine;

namespace {

Snapshot with_threads(std::initializer_list<Capture> captures) {
    Snapshot snapshot;
    snapshot.process.pid = 12;
    snapshot.process.agent = AgentState::none;
    for (const auto capture : captures) {
        snapshot.threads.emplace_back().capture = capture;
    }
    return snapshot;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("Yama's scope is told with who may read, and the way out") {
    FakeMachine machine;
    machine.euid = 1000;
    machine.proc().file("sys/kernel/yama/ptrace_scope", "1\n");
    const auto one = permission_cause(machine.world());
    CHECK((has(one, "ptrace_scope is 1") && has(one, "root and its parents") && has(one, "agent")));
    machine.proc().file("sys/kernel/yama/ptrace_scope", "2\n");
    CHECK((has(permission_cause(machine.world()), "is 2: only root") &&
           !has(permission_cause(machine.world()), "parents")));
    machine.proc().file("sys/kernel/yama/ptrace_scope", "3\n");
    CHECK(has(permission_cause(machine.world()), "until the next boot"));
    machine.proc().file("sys/kernel/yama/ptrace_scope", "0\n");
    CHECK(has(permission_cause(machine.world()), "run as root"));
    machine.euid = 0;
    CHECK(has(permission_cause(machine.world()), "CAP_SYS_PTRACE"));
}

TEST_CASE("threads that may not be read are counted, with the cause") {
    const FakeMachine machine;
    auto some = with_threads({Capture::captured, Capture::not_permitted, Capture::not_permitted});
    tell_forbidden(machine.world(), some);
    REQUIRE(some.incomplete.size() == 1);
    CHECK(has(some.incomplete.front().reason, "2 threads may not be read: "));
    CHECK_FALSE(all_forbidden(machine.world(), some));
    auto fine = with_threads({Capture::captured});
    tell_forbidden(machine.world(), fine);
    CHECK(fine.incomplete.empty());
}

TEST_CASE("where no thread may be read, that is an error of permission") {
    const FakeMachine machine;
    auto none = with_threads({Capture::not_permitted, Capture::not_permitted});
    const auto error = all_forbidden(machine.world(), none);
    REQUIRE(error);
    CHECK(error->trouble == Trouble::permission);
    CHECK(has(error->sentence, "process 12: its stacks may not be read: "));
    none.process.agent = AgentState::hung; // its table still tells something
    CHECK_FALSE(all_forbidden(machine.world(), none));
    CHECK_FALSE(all_forbidden(machine.world(), with_threads({})));
}
