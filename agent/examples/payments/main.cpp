// A demo service that takes payments and leaks tasks, each cause of leaks on demand; with --fixed it does not.

#include <chrono>
#include <cstdio>

#include <unistd.h>

#include <tasks/agent.hpp>

#include "options.hpp"
#include "stuck.hpp"
#include "termination.hpp"
#include "worker_pool.hpp"

namespace {

using namespace std::chrono_literals;

/// Until SIGTERM, an hour at the most, with a request now and then.
template <class Handle> void serve(const Options& options, const Termination& termination, Handle&& handle) {
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    const auto end = std::chrono::steady_clock::now() + 1h;
    const auto pause = options.rate < 0.001 ? std::chrono::milliseconds{1h}
                                            : std::chrono::milliseconds{static_cast<long>(1000 / options.rate)};
    while (!termination.within(pause) && std::chrono::steady_clock::now() < end)
        handle();
}

int run_leaking(const Options& options, const Termination& termination) {
    Stuck stuck;
    for (unsigned i = 0; i < options.requests; ++i)
        options.cause.leak(stuck);
    stuck.wait();
    serve(options, termination, [&] {
        Stuck later;
        options.cause.leak(later);
    });
    return 0;
}

int run_repaired(const Options& options, const Termination& termination) {
    WorkerPool pool{4};
    for (unsigned i = 0; i < options.requests; ++i)
        pool.submit(options.cause.repaired);
    pool.drain(10s);
    serve(options, termination, [&] { pool.submit(options.cause.repaired); });
    return pool.finish(5s) ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const auto options = parse_options(argc, argv);
    if (!options)
        return 2;
    if (options->help)
        return print_usage(), 0;

    const Termination termination;
    tasks::Agent agent{{.name = options->name}};
    if (!agent.error().empty())
        std::fprintf(stderr, "payments: not to be seen by tasks: %.*s\n", static_cast<int>(agent.error().size()),
                     agent.error().data());
    return options->fixed ? run_repaired(*options, termination) : run_leaking(*options, termination);
}
