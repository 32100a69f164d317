#include "capture/program_facts.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/proc_stat.hpp"
#include "discovery/fake_machine.hpp"

using namespace tasks::inspect;

namespace {

constexpr std::uint64_t patience = 60'000'000'000;

ProcessFacts this_process() {
    ProcessFacts process;
    process.pid = static_cast<std::uint32_t>(::getpid());
    process.ppid = static_cast<std::uint32_t>(::getppid());
    const auto stat = read_stat(ProcFiles{"/proc"}, process.pid);
    REQUIRE(stat);
    process.start_time_ticks = stat->start_time_ticks;
    return process;
}

/// A socket that listens on a port of 127.0.0.1 that the kernel chose.
struct Listener {
    FileDescriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::string name;

    Listener() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(fd.get(), 1) == 0);
        REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        name = "listening on 127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }
};

} // namespace

TEST_CASE("who started a process, with which arguments, what it costs and whom it listens to") {
    const Listener listener;
    const SystemClock clock;
    const auto world = this_machine(clock);
    const auto facts = read_program(world, this_process(), 0, patience);
    CHECK(facts.command_line.find("cli_tests") != std::string::npos);
    CHECK_FALSE(facts.command_line_cut);
    CHECK_FALSE(facts.parent_name.empty());
    CHECK(facts.cpu_ns.has_value());
    CHECK_FALSE(facts.period_cpu_ns.has_value());
    CHECK(facts.machine_memory_bytes.value_or(0) > 1u << 20);
    REQUIRE(facts.sockets);
    const auto is_it = [&](const SocketFacts& one) { return one.name == listener.name; };
    CHECK(std::ranges::count_if(*facts.sockets, is_it) == 1);
}

TEST_CASE("processor time over a period is that period's") {
    const SystemClock clock;
    const auto facts = read_program(this_machine(clock), this_process(), 20'000'000, patience);
    CHECK(facts.period_ns >= 20'000'000);
    REQUIRE(facts.period_cpu_ns);
    CHECK(*facts.period_cpu_ns <= *facts.cpu_ns);
}

TEST_CASE("of a process that is not there any more nothing is told") {
    tasks::tests::FakeMachine machine;
    machine.process(12, 345);
    ProcessFacts process;
    process.pid = 12;
    process.start_time_ticks = 99; // another one's by now
    const auto facts = read_program(machine.world(), process, 0, patience);
    CHECK_FALSE(facts.cpu_ns.has_value());
    CHECK_FALSE(facts.machine_memory_bytes.has_value());
    CHECK(facts.parent_name.empty());
}
