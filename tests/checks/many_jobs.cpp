// many_jobs JOBS [MIB]: holds that many queued jobs under an agent and says "ready PID"; stays until SIGTERM.
// The table begins with MIB mebibytes, so that all find room; else as usual.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>

#include "termination.hpp"

int main(int argc, char** argv) {
    const Termination termination;
    tasks::AgentOptions options;
    if (argc == 3)
        options.table_initial_bytes = std::strtoul(argv[2], nullptr, 10) << 20;
    tasks::Agent agent{options};
    if (!agent.error().empty())
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
    std::vector<tasks::JobHandle> jobs;
    for (long left = argc > 1 ? std::atol(argv[1]) : 0; left > 0; --left)
        jobs.emplace_back("job");
    stay(termination);
}
