#include "discovery/process_facts.hpp"

#include <cerrno>

#include <sys/stat.h>

namespace tasks::discovery {

Result<Process, int> read_process(const inspect::World& world, std::uint32_t pid) {
    auto stat = inspect::read_stat(world.proc, pid);
    const auto text = world.proc.read(pid, "status");
    if (!stat || !text) {
        return Failure{stat ? text.error() : stat.error()};
    }
    if (stat->ended()) {
        return Failure{ESRCH};
    }
    const auto status = inspect::parse_status(*text);
    if (!status.effective_uid) {
        return Failure{EBADMSG};
    }
    return Process{*std::move(stat), *status.effective_uid, status.innermost_pid.value_or(pid), ""};
}

Result<Process, int> read_near_process(const inspect::World& world, std::uint32_t pid, std::uint32_t likely_uid) {
    auto stat = inspect::read_stat(world.proc, pid);
    struct stat folder{};
    if (!stat || ::stat(world.proc.path(pid, "").c_str(), &folder) != 0) {
        return Failure{stat ? errno : stat.error()};
    }
    if (stat->ended()) {
        return Failure{ESRCH};
    }
    // The folder of a process that is not dumpable belongs to root.
    if (folder.st_uid == likely_uid) {
        return Process{*std::move(stat), folder.st_uid, pid, ""};
    }
    return read_process(world, pid);
}

bool is_of_earlier_program(const inspect::World& world, const Machine& machine, std::uint32_t pid,
                           const protocol::TableFacts& table) {
    if (table.agent_tid == 0 || table.pid_namespace == 0 || table.pid_namespace != machine.pid_namespace) {
        return false;
    }
    struct stat thread{};
    return ::stat(world.proc.path(pid, "task/" + std::to_string(table.agent_tid)).c_str(), &thread) != 0 &&
           errno == ENOENT && ::stat(world.proc.path(pid, "task").c_str(), &thread) == 0;
}

inspect::Target living_target(const inspect::World& world, const Process& process, inspect::AgentFiles files,
                              const protocol::TableFacts* table) {
    inspect::Target target;
    auto& facts = target.process;
    facts.pid = process.stat.pid;
    facts.ppid = process.stat.ppid;
    facts.start_time_ticks = process.stat.start_time_ticks;
    facts.uid = process.uid;
    facts.user = world.user_name(process.uid);
    facts.name = table != nullptr && !table->name.empty() ? table->name : process.stat.command;
    if (const auto exe = world.proc.link(process.stat.pid, "exe")) {
        facts.exe = *exe;
    }
    facts.agent = process.stat.stopped() ? inspect::AgentState::stopped : inspect::AgentState::answers;
    target.files = std::move(files);
    target.threads = process.stat.threads;
    return target;
}

inspect::Target dead_target(const inspect::World& world, inspect::AgentFiles files, const protocol::TableFacts* table) {
    inspect::Target target;
    auto& facts = target.process;
    facts.pid = files.inner_pid;
    facts.start_time_ticks = files.start_time_ticks;
    facts.uid = files.owner_uid;
    facts.user = world.user_name(files.owner_uid);
    facts.name = table != nullptr ? table->name : "";
    facts.agent = inspect::AgentState::dead;
    target.files = std::move(files);
    return target;
}

} // namespace tasks::discovery
