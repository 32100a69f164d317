#include "discovery/cpp_processes.hpp"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

#include "capture/patient_reader.hpp"
#include "discovery/cpp_program.hpp"
#include "discovery/process_facts.hpp"
#include "discovery/verdict_cache.hpp"

namespace tasks::discovery {
namespace {

constexpr std::size_t max_processes = 1u << 22; // PID_MAX_LIMIT
constexpr std::size_t max_maps_bytes = 4u << 20;
constexpr std::uint64_t maps_patience_ns = 100'000'000;

struct Candidate {
    inspect::ProcStat stat;
    std::string exe;
    VerdictCache::Key key;
    std::optional<bool> verdict;
};

class Finder {
public:
    Finder(const inspect::World& world, const Machine& machine, const std::set<std::uint32_t>& known,
           std::uint64_t patience_ns)
        : world_(world), known_(known), cache_(world, machine), deadline_(*world.clock, patience_ns) {}

    CppProcesses find() {
        const auto pids = world_.proc.numbers("", max_processes);
        for (const auto pid : pids ? *pids : std::vector<std::uint32_t>{}) {
            look_at(pid);
        }
        judge_by_maps();
        judge_by_program();
        cache_.save();
        for (const auto& candidate : candidates_) {
            take(candidate);
        }
        std::ranges::sort(found_.targets, {}, [](const auto& target) { return target.process.pid; });
        return std::move(found_);
    }

private:
    void look_at(std::uint32_t pid) {
        auto stat = inspect::read_stat(world_.proc, pid);
        if (!stat || stat->of_kernel()) {
            return;
        }
        found_.parents[pid] = stat->ppid;
        struct stat folder{};
        if (stat->ended() || known_.contains(pid) || pid == own_pid_ ||
            ::stat(world_.proc.path(pid, "").c_str(), &folder) != 0) {
            return;
        }
        if (!world_.is_root() && folder.st_uid != world_.euid) {
            ++found_.strangers;
            return;
        }
        auto exe = world_.proc.link(pid, "exe");
        if (!exe) {
            return; // not permitted: then neither are its maps
        }
        Candidate candidate{*std::move(stat), *std::move(exe), {}, std::nullopt};
        candidate.key = {pid, candidate.stat.start_time_ticks, VerdictCache::program_hash(candidate.exe)};
        candidate.verdict = cache_.find(candidate.key);
        candidates_.push_back(std::move(candidate));
    }

    void judge_by_maps() {
        std::vector<Candidate*> open;
        std::vector<std::string> paths;
        for (auto& candidate : candidates_) {
            if (!candidate.verdict) {
                open.push_back(&candidate);
                paths.push_back(world_.proc.path(candidate.stat.pid, "maps"));
            }
        }
        if (open.empty()) {
            return;
        }
        const auto texts = inspect::read_patiently(paths, max_maps_bytes, maps_patience_ns, deadline_);
        for (std::size_t at = 0; at < open.size(); ++at) {
            if (!texts[at]) {
                found_.late += deadline_.passed() ? 1u : 0u;
            } else if (maps_cpp_library(*texts[at])) {
                open[at]->verdict = true;
                cache_.keep(open[at]->key, true);
            } else {
                by_program_[open[at]->exe].push_back(open[at]);
            }
        }
    }

    /// Each program once, however many processes run it.
    void judge_by_program() {
        std::vector<std::string> paths;
        for (const auto& [exe, candidates] : by_program_) {
            paths.push_back(world_.proc.path(candidates.front()->stat.pid, "exe"));
        }
        const auto verdicts = paths.empty() ? std::vector<bool>{} : hold_cpp_runtime(paths, deadline_);
        std::size_t at = 0;
        for (const auto& [exe, candidates] : by_program_) {
            for (auto* candidate : candidates) {
                candidate->verdict = verdicts[at];
                if (!deadline_.passed()) {
                    cache_.keep(candidate->key, verdicts[at]);
                }
            }
            ++at;
        }
    }

    void take(const Candidate& candidate) {
        if (!candidate.verdict.value_or(false)) {
            return;
        }
        const auto process = read_process(world_, candidate.stat.pid);
        if (!process || process->stat.start_time_ticks != candidate.stat.start_time_ticks) {
            return; // it has ended meanwhile
        }
        inspect::AgentFiles none;
        none.inner_pid = process->inner_pid;
        none.start_time_ticks = process->stat.start_time_ticks;
        auto target = living_target(world_, *process, std::move(none), nullptr);
        target.process.agent = inspect::AgentState::none;
        found_.targets.push_back(std::move(target));
    }

    const inspect::World& world_;
    const std::set<std::uint32_t>& known_;
    VerdictCache cache_;
    inspect::Deadline deadline_;
    std::uint32_t own_pid_ = static_cast<std::uint32_t>(::getpid());
    std::vector<Candidate> candidates_;
    std::map<std::string, std::vector<Candidate*>> by_program_;
    CppProcesses found_;
};

} // namespace

CppProcesses find_cpp_processes(const inspect::World& world, const Machine& machine,
                                const std::set<std::uint32_t>& known, std::uint64_t patience_ns) {
    return Finder{world, machine, known, patience_ns}.find();
}

} // namespace tasks::discovery
