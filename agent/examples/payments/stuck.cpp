#include "stuck.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace {

/// Threads of this process that do not sleep, the calling one left out. See proc(5), /proc/pid/stat, field 3.
unsigned awake_threads() {
    unsigned awake = 0;
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
        std::ifstream file{thread.path() / "stat"};
        std::string stat;
        std::getline(file, stat);
        const std::size_t name_end = stat.rfind(')');
        if (name_end != std::string::npos && name_end + 2 < stat.size() && stat[name_end + 2] == 'R')
            ++awake;
    }
    return awake == 0 ? 0 : awake - 1;
}

} // namespace

bool Stuck::all_there() const {
    return std::ranges::all_of(places_, [](const auto& reached) { return reached(); }) && awake_threads() <= running_;
}

void Stuck::wait() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!all_there() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    places_.clear();
    running_ = 0;
}
