#include "discovery/discovery.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>

#include "discovery/plain_process.hpp"

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
    return "the agent's files are of another program that this process was before exec(); tasks stack " +
           std::to_string(process.inner_pid) + "@" + std::to_string(process.stat.start_time_ticks) +
           " shows what was registered in the other one";
}

Error nobody_is_named(std::string_view name, bool may_be_verb) {
    return {Trouble::not_inspectable,
            "name " + std::string{name} + ": " +
                (may_be_verb
                     ? "no verb, and no process that you may look at, has it; tasks --help lists the verbs, tasks "
                       "list -a the processes"
                     : "no process that you may look at has it; tasks list -a shows those that there are")};
}

Error several_are_named(std::string_view name, std::vector<std::uint32_t> pids) {
    std::ranges::sort(pids);
    std::vector<std::string> texts;
    std::ranges::transform(pids, std::back_inserter(texts), [](auto pid) { return std::to_string(pid); });
    return {Trouble::usage, "name " + std::string{name} + ": " + std::to_string(pids.size()) + " processes have it (" +
                                joined(texts) + "); say which by its PID"};
}

} // namespace

bool is_named(const Target& target, std::string_view name) {
    return target.process.name == name || last_part(target.process.exe) == name;
}

Discovery::Discovery(const inspect::World& world, Machine machine, std::uint64_t patience_ns)
    : world_(&world), patience_ns_(patience_ns), machine_(std::make_unique<const Machine>(std::move(machine))),
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
    if (!may_read(*process)) {
        return Failure{not_ours(pid, process->uid, world_->euid)};
    }
    auto found = locate(*process);
    return found.of_earlier_program ? without_agent(*process, earlier_program(*process)) : target_of(*process, found);
}

bool Discovery::may_read(const Process& process) const noexcept {
    return world_->is_root() || process.uid == world_->euid;
}

Discovery::Found Discovery::locate(const Process& process) {
    auto located = locator_->locate({process}, true);
    Found found{std::move(located.front()), {}, false};
    if (found.located.files) {
        std::vector<std::string> problems; // the capture tells them
        found.table = table_head(*world_, *found.located.files, problems);
        found.of_earlier_program =
            found.table && is_of_earlier_program(*world_, *machine_, process.stat.pid, *found.table);
    }
    return found;
}

Result<Target, Error> Discovery::target_of(const Process& process, Found& found) const {
    auto& [located, table, _] = found;
    if (!located.files) {
        return without_agent(process, located.problem ? located.problem->sentence : "");
    }
    return living_target(*world_, process, *std::move(located.files), table ? &*table : nullptr);
}

Result<Target, Error> Discovery::without_agent(const Process& process, std::string note) const {
    auto target = plain_target(*world_, process, patience_ns_);
    if (target && !note.empty()) {
        target->notes.push_back(std::move(note));
    }
    return target;
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
    const auto stat = inspect::read_stat(world_->proc, pid);
    const auto what = stat && stat->ended() ? "it has ended, and is a zombie until its parent " +
                                                  std::to_string(stat->ppid) + " asks what came of it"
                                            : std::string{"there is no such process"};
    return {Trouble::not_inspectable,
            "process " + std::to_string(pid) + ": " + what +
                (left.empty() ? "; tasks list -a shows those that there are" : "; of a dead one see: " + joined(left))};
}

Result<Target, Error> Discovery::by_name(std::string_view name, bool may_be_verb) {
    auto seen = survey();
    std::erase_if(seen.living, [name](const Sighting& one) { return !is_named(one.target, name); });
    if (seen.living.size() == 1) {
        return std::move(seen.living.front().target);
    }
    std::vector<std::uint32_t> pids;
    std::ranges::transform(seen.living, std::back_inserter(pids),
                           [](const Sighting& one) { return one.target.process.pid; });
    if (pids.empty()) {
        const auto plain = processes_named(*world_, name);
        if (plain.ours.size() == 1) {
            return by_pid(plain.ours.front());
        }
        if (plain.ours.empty()) {
            return Failure{plain.strangers.empty()
                               ? nobody_is_named(name, may_be_verb)
                               : not_ours(plain.strangers.front().stat.pid, plain.strangers.front().uid, world_->euid)};
        }
        pids = plain.ours;
    }
    return Failure{several_are_named(name, std::move(pids))};
}

Result<Target, Error> Discovery::by_instance(std::uint32_t pid, std::uint64_t start_time_ticks) {
    const auto process = read_process(*world_, pid);
    if (process && process->stat.start_time_ticks == start_time_ticks) {
        if (!may_read(*process)) {
            return Failure{not_ours(pid, process->uid, world_->euid)};
        }
        if (auto found = locate(*process); !found.of_earlier_program) {
            return target_of(*process, found);
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
