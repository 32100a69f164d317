// Dies, in the way that its first word says, with eight threads that wait and as many registered tasks as its second
// word says (default 3): for tests of crash dumps. The third is where the dump goes ("": as the library chooses); the
// command that shows it comes by TASKS_BINARY. "plain-WAY": the same without a crash dump. In the environment:
// CRASHER_HANDLER=returns, crashes: a handler of SIGSEGV that was there before, which tells how long the dump took and
// how often it took memory; CRASHER_DELAY_US: until the second fault of "again"; CRASHER_THREADS: as many in place of
// eight; CRASHER_ASLEEP=dump, abort: the watchdog.
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/crash_dump.hpp>
#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>
#include <tasks/wait.hpp>

namespace {

std::atomic<long> allocations{0};
std::uint64_t crashed_at = 0; // just before

std::uint64_t now_us() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

std::mutex gate;
std::condition_variable opened;
std::vector<long> waiting; // their tids, under `gate`

void wait_for_ever() {
    const tasks::Job job{"charge card"};
    std::unique_lock lock{gate};
    const tasks::Wait wait{tasks::wait_reason::chan_send, &gate, "results"};
    waiting.push_back(::syscall(SYS_gettid));
    opened.wait(lock, [] { return false; });
}

/// Having said that it waits, a thread runs on for a moment.
bool sleeps(long tid) {
    std::ifstream stat{"/proc/self/task/" + std::to_string(tid) + "/stat"};
    std::string line;
    return std::getline(stat, line) && line.find(") S ") != std::string::npos;
}

bool all_wait(std::size_t threads) {
    const std::lock_guard lock{gate};
    return waiting.size() == threads && std::all_of(waiting.begin(), waiting.end(), sleeps);
}

volatile int* volatile nowhere = nullptr; // which no compiler knows
void read_nothing() { *nowhere = 1; }

volatile int most_depth = 1 << 30;

[[gnu::noinline]] int overflow(int depth) {
    volatile char room[256];
    room[0] = static_cast<char>(depth);
    return (depth < most_depth ? overflow(depth + 1) : 0) + room[0];
}

void run_over() { std::printf("%d", overflow(0)); }

void read_past_the_end() {
    const int fd = ::memfd_create("short", MFD_CLOEXEC);
    auto* page = static_cast<volatile int*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    *page = 1;
}

void throw_error() { throw std::runtime_error("no route to the bank"); }
void throw_in_noexcept() noexcept { throw_error(); }
void divide() {
    volatile int nothing = 0;
    volatile int something = 1;
    volatile int result = something / nothing;
    (void)result;
}

void on_thread(void (*way)(), bool with_job) {
    std::thread{[way, with_job] {
        if (with_job) {
            const tasks::Job job{"settle"};
            way();
        } else {
            way();
        }
    }}.join();
}

void with_crash_stack() {
    const tasks::CrashStack stack;
    run_over();
}

void two_at_once() {
    std::atomic<int> ready{0};
    std::deque<std::thread> both;
    for (int at = 0; at < 2; ++at)
        both.emplace_back([&ready] {
            const tasks::Job job{"settle"};
            ++ready;
            while (ready < 2) {
            }
            read_nothing();
        });
    for (std::thread& thread : both)
        thread.join();
}

/// What the process was asked to die by the child's end.
void in_forked_child() {
    const pid_t child = ::fork();
    if (child == 0) {
        read_nothing();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::printf("child %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    std::fflush(stdout);
}

void by_kill() {
    ::kill(::getpid(), SIGSEGV);
    for (;;)
        ::pause();
}

void out_of_files() {
    rlimit limit{32, 4096};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) {
    }
    read_nothing();
}

/// Of what() of the exception that nobody catches.
struct Spiteful : std::exception {
    const char* what() const noexcept override { return "spite\n  end  tasks 99"; }
};
void throw_spite() { throw Spiteful{}; }

/// All threads in malloc's lock, as far as the crash can tell.
void in_malloc() {
    std::thread holder{[] {
        ::malloc_info(0, nullptr);
        for (;;)
            std::free(std::malloc(100));
    }};
    holder.detach();
    read_nothing();
}

/// What lay behind a block of the heap is not what it was: glibc finds that within malloc, and aborts there.
void in_corrupted_heap() {
    constexpr std::size_t block = 100'000; // one behind the other: nothing that large was freed
    volatile char* volatile first = static_cast<char*>(std::malloc(block)); // how large it is no compiler knows
    void* second = std::malloc(block);
    void* third = std::malloc(block);
    std::free(second);
    for (std::size_t at = block; at < block + 32; ++at)
        first[at] = '\x7f';
    std::free(third);
    for (;;)
        std::free(std::malloc(block / 2));
}

extern "C" void handler_of_host(int) { read_nothing(); }
void in_handler() {
    ::signal(SIGUSR1, handler_of_host);
    ::raise(SIGUSR1);
}

/// A second fault comes upon the thread that dumps.
void again() {
    const auto tid = static_cast<long>(::syscall(SYS_gettid));
    std::thread{[tid] {
        ::syscall(SYS_tgkill, ::getpid(), tid, SIGSEGV);
        const char* delay = std::getenv("CRASHER_DELAY_US");
        ::usleep(delay == nullptr ? 1'000 : static_cast<useconds_t>(std::atoi(delay)));
        ::syscall(SYS_tgkill, ::getpid(), tid, SIGSEGV);
        for (;;)
            ::pause();
    }}.detach();
    for (;;)
        ::pause();
}

/// A client may come: nobody is asleep.
void serve() {
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family);
    ::listen(listener, 1);
    ::accept(listener, nullptr, nullptr);
}

struct Way {
    const char* name;
    void (*die)();
};
const Way ways[]{{"segv", read_nothing},
                 {"abort", [] { std::abort(); }},
                 {"bus", read_past_the_end},
                 {"fpe", divide},
                 {"ill", [] { __builtin_trap(); }},
                 {"trap", [] { __asm__ volatile("int3"); }},
                 {"quit", [] { ::raise(SIGQUIT); }},
                 {"kill", by_kill},
                 {"overflow", run_over},
                 {"overflow-thread", [] { on_thread(run_over, true); }},
                 {"overflow-crash-stack", [] { on_thread(with_crash_stack, false); }},
                 {"segv-thread", [] { on_thread(read_nothing, true); }},
                 {"segv-plain-thread", [] { on_thread(read_nothing, false); }},
                 {"throw", throw_error},
                 {"throw-thread", [] { on_thread(throw_error, true); }},
                 {"throw-spite", throw_spite},
                 {"noexcept", throw_in_noexcept},
                 {"terminate", [] { std::terminate(); }},
                 {"two", two_at_once},
                 {"fork", in_forked_child},
                 {"files", out_of_files},
                 {"malloc", in_malloc},
                 {"heap", in_corrupted_heap},
                 {"handler", in_handler},
                 {"again", again},
                 {"sleep", wait_for_ever},
                 {"serve", serve}};

extern "C" void handler_before(int signal, siginfo_t* info, void*) {
    const long taken = allocations;
    const std::uint64_t us = now_us() - crashed_at;
    char text[100];
    const int bytes = std::snprintf(text, sizeof text, "handler before: %ld allocations, %lu us\n", taken, us);
    if (info->si_signo == signal)
        (void)!::write(STDOUT_FILENO, text, static_cast<std::size_t>(bytes));
    ::signal(signal, SIG_DFL);
}

extern "C" void handler_that_crashes(int, siginfo_t*, void*) { read_nothing(); }

void set_handler(void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    ::sigaction(SIGSEGV, &action, nullptr);
}

void install(const std::string& path) {
    if (std::getenv("CRASHER_HANDLER") != nullptr)
        set_handler(std::strcmp(std::getenv("CRASHER_HANDLER"), "crashes") == 0 ? handler_that_crashes
                                                                                : handler_before);
    tasks::CrashDumpOptions options;
    options.path = path;
    if (const char* deadline = std::getenv("CRASHER_DEADLINE_MS"); deadline != nullptr)
        options.deadline_ms = static_cast<std::uint32_t>(std::atoi(deadline));
    if (const char* deadline = std::getenv("CRASHER_COMMAND_MS"); deadline != nullptr)
        options.command_deadline_ms = static_cast<std::uint32_t>(std::atoi(deadline));
    if (const int error = tasks::install_crash_dump(options); error != 0)
        std::fprintf(stderr, "install_crash_dump: %s\n", std::strerror(error));
}

int die(std::string way) {
    for (const Way& each : ways)
        if (way == each.name) {
            allocations = 0;
            crashed_at = now_us();
            return each.die(), 0;
        }
    std::fprintf(stderr, "%s: no such way to die\n", way.c_str());
    return 2;
}

tasks::WhenAsleep when_asleep() {
    const char* asked = std::getenv("CRASHER_ASLEEP");
    return asked == nullptr                   ? tasks::WhenAsleep::nothing
           : std::strcmp(asked, "abort") == 0 ? tasks::WhenAsleep::abort
                                              : tasks::WhenAsleep::dump;
}

} // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t bytes) { return ++allocations, __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) { return ++allocations, __libc_calloc(count, bytes); }
void* realloc(void* from, std::size_t bytes) { return ++allocations, __libc_realloc(from, bytes); }
}
#endif

int main(int count, char** words) {
    std::string way = count > 1 ? words[1] : "segv";
    const bool plain = way.rfind("plain-", 0) == 0;
    if (plain)
        way.erase(0, 6);
    const long tasks_wanted = count > 2 ? std::atol(words[2]) : 3;
    tasks::AgentOptions options;
    options.name = "crasher";
    options.table_cap_bytes = std::size_t{1} << 30;
    options.table_initial_bytes = std::size_t{1} << 20;
    options.when_asleep = when_asleep();
    const tasks::Agent agent{options};
    if (!plain)
        install(count > 3 ? words[3] : "");
    const char* asked = std::getenv("CRASHER_THREADS");
    const int threads_wanted = asked == nullptr ? 8 : std::atoi(asked);
    std::deque<std::thread> threads;
    for (int at = 0; at < threads_wanted; ++at)
        threads.emplace_back(wait_for_ever);
    while (!all_wait(static_cast<std::size_t>(threads_wanted)))
        std::this_thread::yield();
    std::vector<tasks::JobHandle> queued;
    queued.reserve(static_cast<std::size_t>(tasks_wanted));
    for (long at = 0; at < tasks_wanted; ++at) {
        queued.emplace_back("queued");
        if (at % 4096 == 4095)
            std::this_thread::sleep_for(std::chrono::milliseconds(1)); // the table grows ahead on its own thread
    }
    std::printf("ready %d\n", static_cast<int>(::getpid()));
    std::fflush(stdout);
    const int status = die(way);
    std::fflush(stdout);
    ::_exit(status);
}
