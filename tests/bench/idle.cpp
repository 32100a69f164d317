// bench_idle [stay]: what the agent costs a process that does nothing. Prints "KEY VALUE" lines for measure.py. With
// `stay` it prints "ready" and stays until its standard input ends, to be looked at.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>

#include <dirent.h>
#include <unistd.h>

#include <tasks/agent.hpp>

namespace {

// The number after `key` in a status file of /proc; 0 where it is not there.
std::uint64_t figure(const std::string& path, const std::string& key) {
    std::ifstream status(path);
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(key + ":")) {
            return std::stoull(line.substr(key.size() + 1));
        }
    }
    return 0;
}

// Context switches of all threads but the main one, which sleeps to measure: of the agent's.
std::uint64_t switches() {
    std::uint64_t sum = 0;
    auto* threads = ::opendir("/proc/self/task");
    while (const auto* entry = ::readdir(threads)) {
        if (entry->d_name[0] != '.' && std::stol(entry->d_name) != ::getpid()) {
            const auto status = std::string("/proc/self/task/") + entry->d_name + "/status";
            sum += figure(status, "voluntary_ctxt_switches") + figure(status, "nonvoluntary_ctxt_switches");
        }
    }
    ::closedir(threads);
    return sum;
}

std::uint64_t own_kib() { return figure("/proc/self/status", "RssAnon") + figure("/proc/self/status", "RssFile"); }

void sleep_for(time_t seconds) {
    timespec left{.tv_sec = seconds, .tv_nsec = 0};
    while (::nanosleep(&left, &left) != 0) {
    }
}

} // namespace

int main(int argc, char** argv) {
    const bool stay = argc > 1 && std::strcmp(argv[1], "stay") == 0;
    const auto warm = own_kib() + switches(); // reads everything once, so that the readers' own pages do not count
    const auto before = own_kib();
    const tasks::Agent agent{{.name = "bench_idle"}};
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
        return 1;
    }
    if (stay) {
        std::puts("ready");
        std::fflush(stdout);
        char byte = 0;
        while (::read(STDIN_FILENO, &byte, 1) > 0) {
        }
        return 0;
    }
    sleep_for(1); // the agent's thread has begun its sleep
    const auto settled = switches();
    sleep_for(3);
    std::printf("idle_switches %llu\n", static_cast<unsigned long long>(switches() - settled));
    std::printf("idle_rss_kib %llu\n", static_cast<unsigned long long>(own_kib() - before));
    return warm == 0 ? 1 : 0;
}
