// labelled: a host with all that only some hosts have: labels, a queue probe, and a capture signal with a thread that
// runs. Says "ready PID"; then one thread reads an empty pipe in a job with a label, another one computes in one.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/queue_probe.hpp>
#include <tasks/wait.hpp>

namespace {

std::atomic<std::uint64_t> mixed{1};
std::array<int, 2> silent_pipe{-1, -1};

[[noreturn]] void compute(std::atomic<bool>& begun) {
    const tasks::Job job{"compute"};
    const tasks::Label label{"batch", 17};
    begun.store(true);
    for (std::uint64_t number = 1;; ++number)
        mixed.store((mixed.load() ^ number) * 0xbf58476d1ce4e5b9u);
}

[[noreturn]] void serve() {
    const tasks::Job job{"serve"};
    const tasks::Label label{"request", "a name that is longer than 31 bytes"};
    const tasks::Wait wait{tasks::wait_reason::io_read, &silent_pipe, "requests"};
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    char byte = 0;
    while (::read(silent_pipe[0], &byte, 1) != 0 || errno == EINTR) { // nobody writes
    }
    std::abort();
}

} // namespace

int main() {
    const tasks::Agent agent{{.name = "labelled", .capture_signal = SIGPROF}};
    if (!agent.error().empty() || ::pipe2(silent_pipe.data(), O_CLOEXEC) != 0) {
        std::fprintf(stderr, "%s\n", agent.error().data());
        return 2;
    }
    const tasks::QueueProbe probe{"orders", [] { return 3; }};
    std::atomic<bool> begun{false};
    std::thread(compute, std::ref(begun)).detach();
    while (!begun.load())
        std::this_thread::yield();
    serve();
}
