#include "discovery/survey.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "capture/file_table_source.hpp"
#include "discovery/listening_sockets.hpp"

namespace tasks::discovery {
namespace {

constexpr std::uint64_t head_patience_ns = 2'000'000'000; // for a few KiB of a file
constexpr std::size_t max_processes = 1u << 22;           // PID_MAX_LIMIT
constexpr std::size_t max_sockets_bytes = 64u << 20;
constexpr std::size_t max_net_namespaces = 1024;

using InstanceKey = std::pair<std::uint32_t, std::uint64_t>; // inner pid, start time

/// The entries of a directory that are named PREFIX and a uid: no others are of agents.
std::vector<std::string> names_in(const std::string& directory, std::string_view prefix) {
    const std::unique_ptr<DIR, int (*)(DIR*)> open{::opendir(directory.c_str()), ::closedir};
    std::vector<std::string> names;
    while (const auto* entry = open ? ::readdir(open.get()) : nullptr) {
        const std::string_view name{entry->d_name};
        if (name.starts_with(prefix) && name.size() > prefix.size() &&
            name.find_first_not_of("0123456789", prefix.size()) == name.npos) {
            names.emplace_back(name);
        }
    }
    return names;
}

std::uint64_t last_seen(const Sighting& sighting) {
    if (!sighting.table)
        return 0;
    const auto& table = *sighting.table;
    return table.started_at_realtime_ns +
           (table.seen_alive_ns > table.started_at_ns ? table.seen_alive_ns - table.started_at_ns : 0);
}

class Surveyor {
public:
    Surveyor(const inspect::World& world, const Machine& machine, AgentLocator& locator)
        : world_(world), machine_(machine), locator_(locator) {}

    Survey make() {
        for (const auto& directory : searched_directories(world_)) {
            look_into(directory);
        }
        if (!world_.environment("TASKS_DIR")) {
            listen();
        }
        find_unplaced();
        std::ranges::sort(survey_.living, {}, [](const Sighting& one) { return one.target.process.pid; });
        std::ranges::sort(survey_.dead, std::ranges::greater{},
                          [](const Sighting& one) { return std::pair{last_seen(one), one.target.process.pid}; });
        return std::move(survey_);
    }

private:
    /// Files whose process is not known yet.
    struct Unplaced {
        std::string hint;                         ///< directory, "" unknown
        std::optional<inspect::AgentFiles> files; ///< found in one of our directories
    };

    void look_into(const std::string& directory) {
        const auto& opened = locator_.own_place(directory);
        if (opened.problem) {
            survey_.problems.push_back(opened.problem->sentence);
        }
        if (!opened.place) {
            return;
        }
        for (auto& files : list_place(*opened.place)) {
            sort_out(std::move(files));
        }
    }

    void sort_out(inspect::AgentFiles files) {
        auto process = read_near_process(world_, files.inner_pid, files.owner_uid);
        const bool here = process && process->stat.start_time_ticks == files.start_time_ticks;
        if (here && !world_.is_root() && process->uid != world_.euid) {
            ++strangers_; // in a directory that users share
            return;
        }
        if (!adopt(files, here ? std::optional{process->uid} : std::nullopt)) {
            return;
        }
        auto table = table_head(world_, files, survey_.problems);
        switch (judge(machine_, files, table ? &*table : nullptr, process)) {
        case Liveness::living:
            return add_living(*process, std::move(files), std::move(table));
        case Liveness::dead:
            survey_.dead.push_back({dead_target(world_, std::move(files), &*table), std::move(table)});
            return;
        case Liveness::elsewhere:
            unplaced_[{files.inner_pid, files.start_time_ticks}] = {"", std::move(files)};
        }
    }

    /// Says whose files they are; false: another user's, which we may not read.
    bool adopt(inspect::AgentFiles& files, std::optional<std::uint32_t> process_uid) const {
        if (process_uid) {
            files.owner_uid = *process_uid;
            return true;
        }
        struct stat facts{};
        const auto name = files.has_table ? files.table_name() : files.socket_name();
        if (::fstatat(files.directory->get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
            return false;
        }
        files.owner_uid = facts.st_uid;
        return world_.is_root() || facts.st_uid == world_.euid;
    }

    void add_living(const Process& process, inspect::AgentFiles files, std::optional<protocol::TableFacts> table) {
        if (table && is_of_earlier_program(world_, machine_, process.stat.pid, *table)) {
            survey_.dead.push_back({dead_target(world_, std::move(files), &*table), std::move(table)});
            return;
        }
        if (living_.insert(process.stat.pid).second) {
            known_.insert({files.inner_pid, files.start_time_ticks});
            const auto* facts = table ? &*table : nullptr;
            survey_.living.push_back({living_target(world_, process, std::move(files), facts), std::move(table)});
        }
    }

    void listen() {
        hear("net/unix");
        std::set<std::uint64_t> heard{machine_.net_namespace, 0}; // 0: we may not look
        const auto pids = world_.proc.numbers("", max_processes);
        for (const auto pid : pids ? *pids : std::vector<std::uint32_t>{}) {
            if (heard.size() < max_net_namespaces && heard.insert(world_.proc.namespace_of(pid, "net")).second) {
                hear(std::to_string(pid) + "/net/unix");
            }
        }
    }

    void hear(const std::string& file) {
        const auto text = world_.proc.read(file, max_sockets_bytes);
        for (auto& socket : text ? parse_listening(*text) : std::vector<ListeningSocket>{}) {
            if (!known_.contains({socket.inner_pid, socket.start_time_ticks})) {
                unplaced_[{socket.inner_pid, socket.start_time_ticks}].hint = std::move(socket.directory);
            }
        }
    }

    /// Looks for the processes that unplaced files and sockets are named after, first by their start times.
    void find_unplaced() {
        std::set<std::uint64_t> starts;
        for (const auto& [key, unplaced] : unplaced_) {
            starts.insert(key.second);
        }
        const auto pids = starts.empty() ? Failure{0} : world_.proc.numbers("", max_processes);
        std::vector<Process> found;
        for (const auto pid : pids ? *pids : std::vector<std::uint32_t>{}) {
            const auto stat = inspect::read_stat(world_.proc, pid);
            if (stat && starts.contains(stat->start_time_ticks) && !living_.contains(pid)) {
                identify(pid, found);
            }
        }
        place(found);
        tell_the_rest();
    }

    void identify(std::uint32_t pid, std::vector<Process>& found) {
        auto process = read_process(world_, pid);
        const auto unplaced =
            process ? unplaced_.find({process->inner_pid, process->stat.start_time_ticks}) : unplaced_.end();
        if (unplaced == unplaced_.end()) {
            return;
        }
        if (!world_.is_root() && process->uid != world_.euid) {
            ++strangers_;
            unplaced_.erase(unplaced);
            return;
        }
        process->hint = unplaced->second.hint;
        found.push_back(*std::move(process));
    }

    void place(const std::vector<Process>& found) {
        auto located = locator_.locate(found, true);
        for (std::size_t index = 0; index < found.size(); ++index) {
            const InstanceKey key{found[index].inner_pid, found[index].stat.start_time_ticks};
            auto& files = located[index].files;
            if (!files) {
                files = std::move(unplaced_[key].files);
            }
            unplaced_.erase(key);
            if (files) {
                files->owner_uid = found[index].uid;
                auto table = table_head(world_, *files, survey_.problems);
                add_living(found[index], *std::move(files), std::move(table));
            } else {
                survey_.problems.push_back(
                    located[index].problem ? located[index].problem->sentence
                                           : "process " + std::to_string(found[index].stat.pid) +
                                                 ": it has an agent whose directory is not known; tasks vitals -p " +
                                                 std::to_string(found[index].stat.pid) + " says where was looked");
            }
        }
    }

    void tell_the_rest() {
        for (const auto& [key, unplaced] : unplaced_) {
            if (unplaced.files && unplaced.files->has_table) {
                survey_.problems.push_back("table " + unplaced.files->table_path() +
                                           ": its process is in another pid namespace, or the table does not tell "
                                           "which; whether it lives cannot be judged from here");
            }
        }
        if (strangers_ != 0) {
            survey_.problems.push_back(std::to_string(strangers_) + (strangers_ == 1 ? " process" : " processes") +
                                       " with an agent of other users not shown; run as root to see all");
        }
    }

    const inspect::World& world_;
    const Machine& machine_;
    AgentLocator& locator_;
    Survey survey_;
    std::set<std::uint32_t> living_; ///< pids as we see them
    std::set<InstanceKey> known_;    ///< of the living
    std::map<InstanceKey, Unplaced> unplaced_;
    std::size_t strangers_ = 0;
};

} // namespace

std::vector<std::string> searched_directories(const inspect::World& world) {
    auto directories = protocol::places(world.environment, world.euid);
    if (!world.is_root() || world.environment("TASKS_DIR")) {
        return directories;
    }
    for (const auto& user : names_in("/run/user", "")) {
        directories.push_back("/run/user/" + user + "/tasks");
    }
    for (const std::string shared : {"/dev/shm", "/tmp"}) {
        for (const auto& name : names_in(shared, "tasks-")) {
            directories.push_back(shared + "/" + name);
        }
    }
    std::ranges::sort(directories);
    directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
    return directories;
}

std::optional<protocol::TableFacts> table_head(const inspect::World& world, const inspect::AgentFiles& files,
                                               std::vector<std::string>& problems) {
    if (!files.has_table) {
        return std::nullopt;
    }
    auto table = inspect::open_table(files, inspect::Deadline{*world.clock, head_patience_ns});
    if (!table) {
        problems.push_back(table.error().sentence);
        return std::nullopt;
    }
    return table->reader.facts();
}

Liveness judge(const Machine& machine, const inspect::AgentFiles& files, const protocol::TableFacts* table,
               const Result<Process, int>& process) {
    const bool here = process && process->stat.start_time_ticks == files.start_time_ticks;
    if (table == nullptr) {
        return here ? Liveness::living : Liveness::elsewhere;
    }
    if (!table->boot_id.empty() && !machine.boot_id.empty() && table->boot_id != machine.boot_id) {
        return Liveness::dead;
    }
    const bool same_namespace = table->pid_namespace == machine.pid_namespace;
    if (table->pid_namespace != 0 && machine.pid_namespace != 0 && !same_namespace) {
        return Liveness::elsewhere;
    }
    if (here) {
        return Liveness::living;
    }
    return same_namespace ? Liveness::dead : Liveness::elsewhere;
}

Survey survey(const inspect::World& world, const Machine& machine, AgentLocator& locator) {
    return Surveyor{world, machine, locator}.make();
}

} // namespace tasks::discovery
