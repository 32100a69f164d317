// Crashes with suspended coroutines: "coroutine_crasher WAY [COUNT [PATH]]". As many chains as COUNT says (default 3)
// know nothing of us, `charge` awaits `send`; one, `audit` awaits `store`, is registered. PATH is where the dump goes,
// as crasher's; the command that shows it comes by TASKS_BINARY. WAY: "segv", or "closed": the process has closed
// itself to others before (PR_SET_DUMPABLE), "stays": it writes a profile to PATH, prints "ready" and waits for input.
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/coroutine.hpp>
#include <tasks/crash_dump.hpp>
#include <tasks/profile.hpp>

namespace {

/// A lazy coroutine that another one may await: what programs have.
template <template <class> class With> struct Lazy {
    struct Promise {
        std::coroutine_handle<> outer;

        Lazy get_return_object();
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_value(int) noexcept {}
        void unhandled_exception() noexcept { std::abort(); }
    };
    using promise_type = With<Promise>;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> by) const noexcept {
        frame.promise().outer = by;
        return frame;
    }
    int await_resume() const noexcept { return 0; }

    std::coroutine_handle<promise_type> frame;
};

template <template <class> class With> Lazy<With> Lazy<With>::Promise::get_return_object() {
    return {std::coroutine_handle<promise_type>::from_promise(static_cast<promise_type&>(*this))};
}

template <class Promise> struct AsItIs : Promise {};
using Plain = Lazy<AsItIs>;
using Traced = Lazy<tasks::traced>;

Plain send(int amount) {
    co_await std::suspend_always{}; // the innermost of a plain chain
    co_return amount;
}
Plain charge(int amount) {
    const int fee = amount / 100;
    co_return co_await send(amount + fee); // its outer one
}
Traced store(int entry) {
    co_await std::suspend_always{}; // the innermost of a traced one
    co_return entry;
}
Traced audit(int entry) { co_return co_await store(entry); }

volatile int* volatile nowhere = nullptr;

int stay(const char* path) {
    const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (tasks::write_profile(file, tasks::ProfileDetail::stacks) != 0)
        return 1;
    std::puts("ready");
    std::fflush(stdout);
    char byte = 0;
    return static_cast<int>(::read(STDIN_FILENO, &byte, 1));
}

} // namespace

int main(int count, char** words) {
    const std::string way = count > 1 ? words[1] : "segv";
    const int chains = count > 2 ? std::atoi(words[2]) : 3;
    const char* path = count > 3 ? words[3] : "";
    const tasks::Agent agent{{.name = "coroutine_crasher"}};
    tasks::CrashDumpOptions options;
    options.path = path;
    if (way != "stays")
        tasks::install_crash_dump(options);
    std::vector<Plain> held;
    for (int at = 0; at < chains; ++at) {
        held.push_back(charge(1'000 + at));
        held.back().frame.resume();
    }
    const auto traced = audit(7);
    traced.frame.resume();
    if (way == "stays")
        return stay(path);
    if (way == "closed")
        ::prctl(PR_SET_DUMPABLE, 0);
    *nowhere = 1;
    return 0;
}
