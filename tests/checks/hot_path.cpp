// hot_path nothing|job|wait|label|handle|run TIMES: does that so often, under an agent. For counting its instructions.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

namespace {

template <class Once> void repeat(long times, Once&& once) {
    for (long i = 0; i < times; ++i) {
        asm volatile("" ::: "memory");
        once();
    }
}

void repeat(std::string_view what, long times) {
    if (what == "job")
        repeat(times, [] { tasks::Job job{"charge card"}; });
    else if (what == "wait")
        repeat(times, [&] { tasks::Wait wait{tasks::wait_reason::chan_send, &what, "results"}; });
    else if (what == "label")
        repeat(times, [] { tasks::Label label{"request", "0123456789abcdef"}; });
    else if (what == "handle")
        repeat(times, [] { tasks::JobHandle handle{"send receipt"}; });
    else if (what == "run")
        repeat(times, [handle = tasks::JobHandle{"send receipt"}]() mutable { auto scope = handle.run(); });
    else
        repeat(times, [] {});
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    tasks::Agent agent;
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
        return 1;
    }
    tasks::Job outer{"outer"}; // waits are those of a task
    repeat(argv[1], std::atol(argv[2]));
}
