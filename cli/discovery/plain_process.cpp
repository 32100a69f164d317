#include "discovery/plain_process.hpp"

#include <charconv>
#include <cstddef>
#include <cstring>

#include <elf.h>

#include "capture/patient_reader.hpp"

namespace tasks::discovery {
namespace {

using inspect::AgentState;
using inspect::Error;
using inspect::Target;
using inspect::Trouble;

constexpr std::size_t max_processes = 1u << 22; // PID_MAX_LIMIT
constexpr std::size_t max_named = 64;

#if defined(__x86_64__)
constexpr std::uint16_t our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t our_machine = EM_AARCH64;
#else
constexpr std::uint16_t our_machine = EM_NONE;
#endif

std::string subject(const Process& process) {
    return "process " + std::to_string(process.stat.pid) + " (" + process.stat.command + "): ";
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// "/usr/bin/python3 (deleted)" is python3: replaced while it ran.
bool program_is(const std::string& exe, std::string_view name) {
    constexpr std::string_view mark = " (deleted)";
    std::string_view path{exe};
    if (path.ends_with(mark)) {
        path.remove_suffix(mark.size());
    }
    return last_part(path) == name;
}

std::uint32_t own_pid(const inspect::World& world) {
    const auto link = world.proc.link("self");
    std::uint32_t pid = 0;
    if (link) {
        std::from_chars(link->data(), link->data() + link->size(), pid);
    }
    return pid;
}

} // namespace

std::string foreign_program(std::string_view first_bytes) {
    Elf64_Ehdr header{}; // e_machine lies at the same place in both classes
    constexpr auto needed = offsetof(Elf64_Ehdr, e_machine) + sizeof header.e_machine;
    if (first_bytes.size() < needed || std::memcmp(first_bytes.data(), ELFMAG, SELFMAG) != 0) {
        return {};
    }
    std::memcpy(&header, first_bytes.data(), needed);
    if (header.e_ident[EI_CLASS] == ELFCLASS32) {
        return "a 32-bit program; this tasks reads 64-bit ones";
    }
    if (our_machine != EM_NONE && header.e_machine != our_machine) {
        return "a program for another processor (ELF machine " + std::to_string(header.e_machine) +
               "); use the tasks of that machine";
    }
    return {};
}

Result<Target, Error> plain_target(const inspect::World& world, const Process& process, std::uint64_t patience_ns) {
    if (process.stat.of_kernel()) {
        return Failure{Error{Trouble::not_inspectable, subject(process) +
                                                           "a thread of the kernel; it runs no program, "
                                                           "and /proc/" +
                                                           std::to_string(process.stat.pid) +
                                                           "/stack tells root what it does"}};
    }
    const auto program = inspect::read_patiently({world.proc.path(process.stat.pid, "exe")}, sizeof(Elf64_Ehdr),
                                                 patience_ns / 4, inspect::Deadline{*world.clock, patience_ns / 4});
    if (const auto foreign = program.front() ? foreign_program(*program.front()) : ""; !foreign.empty()) {
        return Failure{Error{Trouble::not_inspectable, subject(process) + foreign}};
    }
    inspect::AgentFiles none;
    none.inner_pid = process.inner_pid;
    none.start_time_ticks = process.stat.start_time_ticks;
    auto target = living_target(world, process, std::move(none), nullptr);
    target.process.agent = AgentState::none;
    if (process.stat.stopped()) {
        target.notes.push_back("the process is stopped by a signal or a tracer; kill -CONT " +
                               std::to_string(process.stat.pid) + " lets it go on after a signal");
    }
    return target;
}

NamedProcesses processes_named(const inspect::World& world, std::string_view name) {
    NamedProcesses named;
    const auto pids = world.proc.numbers("", max_processes);
    const auto self = own_pid(world);
    for (const auto pid : pids ? *pids : std::vector<std::uint32_t>{}) {
        const auto stat = inspect::read_stat(world.proc, pid);
        if (!stat || pid == self || stat->ended() || stat->of_kernel()) {
            continue;
        }
        if (stat->command != name) {
            const auto exe = world.proc.link(pid, "exe");
            if (!exe || !program_is(*exe, name)) {
                continue;
            }
        }
        auto process = read_process(world, pid);
        if (process && (world.is_root() || process->uid == world.euid)) {
            if (named.ours.size() < max_named) {
                named.ours.push_back(pid);
            }
        } else if (process && named.strangers.size() < max_named) {
            named.strangers.push_back(*std::move(process));
        }
    }
    return named;
}

} // namespace tasks::discovery
