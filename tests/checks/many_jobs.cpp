// many_jobs JOBS: holds that many queued jobs under an agent and says "ready PID"; stays until SIGTERM.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>

#include "termination.hpp"

int main(int argc, char** argv) {
    const Termination termination;
    tasks::Agent agent;
    if (!agent.error().empty())
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
    std::vector<tasks::JobHandle> jobs;
    for (long left = argc == 2 ? std::atol(argv[1]) : 0; left > 0; --left)
        jobs.emplace_back("job");
    stay(termination);
}
