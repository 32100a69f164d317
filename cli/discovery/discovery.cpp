#include "discovery/discovery.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

namespace tasks::discovery {
namespace {

using inspect::Error;
using inspect::Target;
using inspect::Trouble;

Failure<Error> failure(Trouble trouble, std::string sentence) { return Failure{Error{trouble, std::move(sentence)}}; }

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const auto& text : texts) {
        all += (all.empty() ? "" : ", ") + text;
    }
    return all;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Error not_ours(std::uint32_t pid, std::uint32_t uid, std::uint32_t euid) {
    return {Trouble::permission, "process " + std::to_string(pid) + ": owned by uid " + std::to_string(uid) +
                                     ", you are " + std::to_string(euid) + "; run as that user or as root"};
}

std::string earlier_program(const Process& process) {
    return "process " + std::to_string(process.stat.pid) + " (" + process.stat.command +
           "): the agent's files are of another program that it was before exec(); this one has no agent; tasks "
           "stack " +
           std::to_string(process.inner_pid) + "@" + std::to_string(process.stat.start_time_ticks) +
           " shows what was registered in the other one";
}

Error no_agent(const Process& process, const AgentLocator::Located& located) {
    if (located.problem) {
        return *located.problem;
    }
    return {Trouble::not_inspectable,
            "process " + std::to_string(process.stat.pid) + " (" + process.stat.command +
                "): no agent found; it must be linked with the agent and run a tasks::Agent, without TASKS_AGENT=off; "
                "looked for " +
                protocol::instance_name(process.inner_pid, process.stat.start_time_ticks) + ".sock in " +
                joined(located.looked_in)};
}

} // namespace

bool is_named(const Target& target, std::string_view name) {
    return target.process.name == name || last_part(target.process.exe) == name;
}

Discovery::Discovery(const inspect::World& world, Machine machine, std::uint64_t patience_ns)
    : world_(&world), machine_(std::make_unique<const Machine>(std::move(machine))),
      locator_(std::make_unique<AgentLocator>(world, *machine_, patience_ns)) {}

Result<Discovery, Error> Discovery::begin(const inspect::World& world, std::uint64_t patience_ns) {
    auto machine = read_machine(world);
    if (!machine) {
        return Failure{machine.error()};
    }
    return Discovery{world, *std::move(machine), patience_ns};
}

Result<Target, Error> Discovery::by_pid(std::uint32_t pid) {
    const auto process = read_process(*world_, pid);
    if (!process && (process.error() == ENOENT || process.error() == ESRCH)) {
        return Failure{no_such_process(pid)};
    }
    if (!process) {
        return failure(Trouble::not_inspectable,
                       "process " + std::to_string(pid) + ": " + std::strerror(process.error()));
    }
    if (!world_->is_root() && process->uid != world_->euid) {
        return Failure{not_ours(pid, process->uid, world_->euid)};
    }
    auto located = locator_->locate({*process}, true);
    if (!located.front().files) {
        return Failure{no_agent(*process, located.front())};
    }
    auto& files = *located.front().files;
    if (is_replaced(*process, files)) {
        return failure(Trouble::not_inspectable, earlier_program(*process));
    }
    return with_name(*process, std::move(files));
}

bool Discovery::is_replaced(const Process& process, const inspect::AgentFiles& files) const {
    std::vector<std::string> problems;
    const auto table = table_head(*world_, files, problems);
    return table && is_of_earlier_program(*world_, *machine_, process.stat.pid, *table);
}

Target Discovery::with_name(const Process& process, inspect::AgentFiles files) const {
    std::vector<std::string> problems; // the capture tells them
    const auto table = table_head(*world_, files, problems);
    return living_target(*world_, process, std::move(files), table ? &*table : nullptr);
}

Error Discovery::no_such_process(std::uint32_t pid) {
    std::vector<std::string> left;
    for (const auto& directory : searched_directories(*world_)) {
        const auto& opened = locator_->own_place(directory);
        for (const auto& files : opened.place ? list_place(*opened.place) : std::vector<inspect::AgentFiles>{}) {
            if (files.inner_pid == pid && files.has_table) {
                left.push_back("tasks stack " + protocol::instance_name(pid, files.start_time_ticks));
                left.back()[left.back().rfind('-')] = '@';
            }
        }
    }
    return {Trouble::not_inspectable,
            "process " + std::to_string(pid) + ": there is no such process" +
                (left.empty() ? "; tasks list shows those that there are" : "; of a dead one see: " + joined(left))};
}

Result<Target, Error> Discovery::by_name(std::string_view name, bool may_be_verb) {
    auto seen = survey();
    std::erase_if(seen.living, [name](const Sighting& one) { return !is_named(one.target, name); });
    if (seen.living.size() == 1) {
        return std::move(seen.living.front().target);
    }
    const auto subject = "name " + std::string{name} + ": ";
    if (seen.living.empty()) {
        return failure(Trouble::not_inspectable,
                       subject + (may_be_verb ? "no verb, and no process with an agent, has it; tasks --help lists the "
                                                "verbs, tasks list the processes"
                                              : "no process with an agent has it; tasks list shows those that there "
                                                "are"));
    }
    std::vector<std::string> pids;
    std::ranges::transform(seen.living, std::back_inserter(pids),
                           [](const Sighting& one) { return std::to_string(one.target.process.pid); });
    return failure(Trouble::usage, subject + std::to_string(pids.size()) + " processes have it (" + joined(pids) +
                                       "); say which by its PID");
}

Result<Target, Error> Discovery::by_instance(std::uint32_t pid, std::uint64_t start_time_ticks) {
    const auto process = read_process(*world_, pid);
    if (process && process->stat.start_time_ticks == start_time_ticks) {
        const auto located = locator_->locate({*process}, true);
        if (!located.front().files || !is_replaced(*process, *located.front().files)) {
            return by_pid(pid);
        }
    }
    const auto directories = searched_directories(*world_);
    for (const auto& directory : directories) {
        const auto& opened = locator_->own_place(directory);
        auto files = opened.place ? find_in_place(*opened.place, pid, start_time_ticks) : std::nullopt;
        struct stat facts{};
        if (!files || !files->has_table ||
            ::fstatat(files->directory->get(), files->table_name().c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if (!world_->is_root() && facts.st_uid != world_->euid) {
            return failure(Trouble::permission, "table " + files->table_path() + ": owned by uid " +
                                                    std::to_string(facts.st_uid) + ", you are " +
                                                    std::to_string(world_->euid) + "; run as that user or as root");
        }
        files->owner_uid = facts.st_uid;
        std::vector<std::string> problems;
        const auto table = table_head(*world_, *files, problems);
        return table ? Result<Target, Error>{dead_target(*world_, *std::move(files), &*table)}
                     : failure(Trouble::not_inspectable, problems.front());
    }
    return failure(Trouble::not_inspectable, "process " + std::to_string(pid) + "@" + std::to_string(start_time_ticks) +
                                                 ": there is neither that process nor a table of it; tasks list "
                                                 "--dead shows those that there are; looked in " +
                                                 joined(directories));
}

} // namespace tasks::discovery
