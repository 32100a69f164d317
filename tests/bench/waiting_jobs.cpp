// bench_waiting_jobs N [coroutines]: registers N jobs that no thread carries and that wait, at twenty pairs of creation
// and wait sites; or as many coroutines, as an adapter registers them, without any in memory. Prints "ready" when all
// are there, stays until its standard input ends.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <unistd.h>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>

namespace {

constexpr std::array names{"charge card", "send receipt", "settle", "refund", "audit"};
constexpr std::array reasons{tasks::wait_reason::chan_send, tasks::wait_reason::job_queue, tasks::wait_reason::io_read,
                             tasks::wait_reason::future};

constexpr std::size_t job_bytes = 128; // in the table

std::vector<tasks::JobHandle> waiting_jobs(std::size_t count) {
    std::vector<tasks::JobHandle> jobs;
    jobs.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
        jobs.emplace_back(names[at % names.size()]);
        jobs.back().waits(reasons[at / names.size() % reasons.size()], &names, "outbox");
    }
    return jobs;
}

std::vector<tasks::TaskHandle> suspended_coroutines(std::size_t count) {
    std::vector<tasks::TaskHandle> coroutines;
    coroutines.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
        coroutines.emplace_back(tasks::task_kind::coroutine, names[at % names.size()], tasks::SourcePlace::here());
        coroutines.back().suspends(reasons[at / names.size() % reasons.size()], &names, "outbox",
                                   tasks::SourcePlace::here());
    }
    return coroutines;
}

} // namespace

int main(int argc, char** argv) {
    const auto count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000ul;
    const auto table_bytes = count * job_bytes + (std::size_t{8} << 20);
    const tasks::Agent agent{
        {.name = "bench_waiting_jobs", .table_cap_bytes = table_bytes, .table_initial_bytes = table_bytes}};
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
        return 1;
    }
    const bool as_coroutines = argc > 2 && std::string_view{argv[2]} == "coroutines";
    const auto jobs = waiting_jobs(as_coroutines ? 0 : count);
    const auto coroutines = suspended_coroutines(as_coroutines ? count : 0);
    std::puts("ready");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
