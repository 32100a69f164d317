// A demo service that takes payments and leaks tasks, each cause of leaks on demand; with --fixed it does not. Its
// tasks are threads, or with --coroutines coroutines of one thread.

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <unistd.h>

#include <tasks/agent.hpp>

#include "cause.hpp"
#include "coroutines/service.hpp"
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
    while (!termination.within(options.pause()) && std::chrono::steady_clock::now() < end)
        handle();
}

int run_leaking(const Options& options, const Cause& cause, const Termination& termination) {
    Stuck stuck;
    for (unsigned i = 0; i < options.requests; ++i)
        cause.leak(stuck);
    stuck.wait();
    serve(options, termination, [&] {
        Stuck later;
        cause.leak(later);
    });
    return 0;
}

int run_repaired(const Options& options, const Cause& cause, const Termination& termination) {
    WorkerPool pool{4};
    for (unsigned i = 0; i < options.requests; ++i)
        pool.submit(cause.repaired);
    pool.drain(10s);
    serve(options, termination, [&] { pool.submit(cause.repaired); });
    return pool.finish(5s) ? 0 : 1;
}

void complain(const tasks::Agent& agent) {
    if (!agent.error().empty())
        std::fprintf(stderr, "payments: not to be seen by tasks: %.*s\n", static_cast<int>(agent.error().size()),
                     agent.error().data());
}

int run_threads(const Options& options) {
    const Termination termination;
    const tasks::Agent agent{{.name = options.name}};
    complain(agent);
    const Cause& cause = *std::ranges::find(causes, options.cause, &Cause::name);
    return options.fixed ? run_repaired(options, cause, termination) : run_leaking(options, cause, termination);
}

int run_coroutines(const Options& options) {
    const tasks::Agent agent{{.name = options.name}};
    complain(agent);
    return coroutines::serve(options);
}

} // namespace

int main(int argc, char** argv) {
    const auto options = parse_options(argc, argv);
    if (!options)
        return 2;
    if (options->help)
        return print_usage(), 0;

    return options->coroutines ? run_coroutines(*options) : run_threads(*options);
}
