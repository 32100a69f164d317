// eintr: one thread for each of 40 blocking calls. What disturbs a thread makes some of them return early with EINTR; a
// capture must not. Prints "ready PID calls N" when all threads stand in their calls (and "unavailable NAME" for
// those that this kernel does not offer). Commands on stdin, a line each:
//     print    prints "returned NAME EINTR" (or another cause) for each call that returned since, then "end"
//     signal   sends each thread a signal whose handler does not restart calls: the control of the test
// Ends at the end of stdin.
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include <tasks/agent.hpp>

#include "blocking_calls.hpp"
#include "settle.hpp"

namespace {

struct Caller {
    targets::BlockingCall call;
    std::atomic<int> tid{0};
    std::atomic<int> returned{0};
    std::atomic<int> error{0};
    std::atomic<bool> given_up{false};
};

/// A call that does not block here would spin: it is given up after a few returns.
constexpr int returns_endured = 1000;

void call_again_and_again(Caller& caller) {
    caller.tid.store(targets::thread_id());
    while (caller.returned.load() < returns_endured) {
        errno = 0;
        const long result = caller.call.block();
        caller.error.store(result == 0 ? 0 : errno);
        caller.returned.fetch_add(1);
    }
    caller.given_up.store(true);
    for (;;)
        ::pause();
}

void print_returned(std::deque<Caller>& callers) {
    for (Caller& caller : callers) {
        if (caller.given_up.load() || caller.returned.exchange(0) == 0)
            continue;
        const char* name = ::strerrorname_np(caller.error.load());
        std::printf("returned %s %s\n", caller.call.name, name != nullptr ? name : "?");
    }
    std::puts("end");
    std::fflush(stdout);
}

void signal_all(const std::deque<Caller>& callers) {
    for (const Caller& caller : callers)
        ::tgkill(::getpid(), caller.tid.load(), SIGRTMIN + 4);
    std::puts("end");
    std::fflush(stdout);
}

void handle_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    ::sigaction(SIGRTMIN + 4, &action, nullptr);
    sigset_t waited_for; // for the calls that wait for a signal
    ::sigemptyset(&waited_for);
    ::sigaddset(&waited_for, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &waited_for, nullptr);
}

void start(std::deque<Caller>& callers) {
    std::vector<int> tids;
    for (Caller& caller : callers)
        std::thread([&caller] { call_again_and_again(caller); }).detach();
    for (Caller& caller : callers) {
        while (caller.tid.load() == 0)
            std::this_thread::yield();
        tids.push_back(caller.tid.load());
    }
    targets::wait_until_blocked(tids);
    int calls = 0;
    for (Caller& caller : callers) {
        if (caller.given_up.load())
            std::printf("unavailable %s\n", caller.call.name);
        else
            ++calls;
        caller.returned.store(0);
    }
    std::printf("ready %d calls %d\n", ::getpid(), calls);
    std::fflush(stdout);
}

} // namespace

int main() {
    const pid_t child = targets::sleeping_child(); // before there are threads
    handle_signals();
    targets::CallResources resources{child};
    const tasks::Agent agent{{.name = "eintr"}};
    if (!agent.error().empty())
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
    static std::deque<Caller> callers;
    for (targets::BlockingCall& call : targets::blocking_calls(resources)) {
        callers.emplace_back();
        callers.back().call = std::move(call);
    }
    start(callers);
    std::string line(64, '\0');
    while (std::fgets(line.data(), static_cast<int>(line.size()), stdin) != nullptr) {
        if (line.rfind("print", 0) == 0)
            print_returned(callers);
        if (line.rfind("signal", 0) == 0)
            signal_all(callers);
    }
    resources.remove();
    ::kill(child, SIGKILL);
    ::_exit(0);
}
