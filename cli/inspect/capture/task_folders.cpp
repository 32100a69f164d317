#include "capture/task_folders.hpp"

#include "capture/proc_stat.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t max_threads = 65'536;

}

TaskFolders::TaskFolders(const World& world, std::uint32_t pid, bool own_pid_namespace)
    : world_(world), all_(std::to_string(pid) + "/task/"), same_numbers_(own_pid_namespace) {
    if (!same_numbers_) {
        outer_ = outer_tids();
    }
}

std::string TaskFolders::of(std::uint32_t tid) const {
    if (same_numbers_) {
        return all_ + std::to_string(tid) + "/";
    }
    const auto outer = outer_.find(tid);
    return outer == outer_.end() ? "" : all_ + std::to_string(outer->second) + "/";
}

std::vector<std::uint32_t> TaskFolders::tids() const {
    std::vector<std::uint32_t> all;
    if (same_numbers_) {
        auto listed = world_.proc.numbers(all_, max_threads);
        return listed ? *std::move(listed) : all;
    }
    for (const auto& [inner, outer] : outer_tids()) {
        all.push_back(inner);
    }
    return all;
}

std::unordered_map<std::uint32_t, std::uint32_t> TaskFolders::outer_tids() const {
    std::unordered_map<std::uint32_t, std::uint32_t> outer;
    const auto listed = world_.proc.numbers(all_, max_threads);
    for (const auto tid : listed ? *listed : std::vector<std::uint32_t>{}) {
        if (const auto status = world_.proc.read(all_ + std::to_string(tid) + "/status")) {
            outer.emplace(parse_status(*status).innermost_pid.value_or(tid), tid);
        }
    }
    return outer;
}

} // namespace tasks::inspect
