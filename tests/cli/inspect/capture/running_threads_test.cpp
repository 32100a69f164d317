#include "capture/running_threads.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include "capture/proc_stat.hpp"
#include "capture/proc_threads.hpp"
#include "capture/running_refusal.hpp"
#include "capture/running_registers.hpp"
#include "inspect/capture/temporary_directory.hpp"

using namespace tasks::inspect;
using tasks::protocol::Capture;

extern "C" const char __start_test_spinning[];
extern "C" const char __stop_test_spinning[];

namespace {

__attribute__((noinline, section("test_spinning"), no_sanitize("address", "undefined"))) void spin_for_ever() {
    for (;;) {
        asm volatile("" : : : "memory");
    }
}

bool is_spinning(std::uint64_t pc) {
    return pc >= reinterpret_cast<std::uint64_t>(__start_test_spinning) &&
           pc < reinterpret_cast<std::uint64_t>(__stop_test_spinning);
}

/// A child process in which `count` threads spin and the main thread sleeps, until the end of the scope.
class Spinners {
public:
    explicit Spinners(int count) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe(ends.data()) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            for (int number = 0; number < count; ++number) {
                std::thread([end = ends[1]] {
                    [[maybe_unused]] const auto told = ::write(end, "r", 1);
                    spin_for_ever();
                }).detach();
            }
            for (;;) {
                ::pause();
            }
        }
        REQUIRE(pid_ > 1);
        ::close(ends[1]);
        for (char told = 0; count > 0; --count) {
            REQUIRE(::read(ends[0], &told, 1) == 1);
        }
        ::close(ends[0]);
    }
    ~Spinners() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Spinners(const Spinners&) = delete;
    Spinners& operator=(const Spinners&) = delete;

    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = -1;
};

struct Look {
    explicit Look(pid_t pid) : world(this_machine(clock)) { asked.pid = static_cast<std::uint32_t>(pid); }

    void take(std::uint64_t patience_ns = 20'000'000'000) {
        const Deadline deadline{clock, patience_ns};
        snapshot = {};
        tids = read_threads(world, {asked.pid, 0, true, asked.stack_bytes}, deadline, watch, snapshot);
        capture_running(world, asked, deadline, watch, tids, snapshot.threads, snapshot.incomplete);
    }

    std::ptrdiff_t count(RunningBy by) const {
        return std::ranges::count_if(snapshot.threads, [by](const ThreadFacts& thread) {
            return thread.running_by == by && thread.captured_running() && is_spinning(thread.pc) &&
                   thread.capture == Capture::captured;
        });
    }

    /// Of all threads: nobody traces them, none is stopped.
    bool left_alone() const {
        return std::ranges::all_of(tids, [this](std::uint32_t tid) {
            const auto folder = std::to_string(asked.pid) + "/task/" + std::to_string(tid);
            const auto stat = world.proc.read(folder + "/stat");
            const auto facts = stat ? parse_stat(*stat) : std::nullopt;
            const auto status = world.proc.read(folder + "/status");
            return facts && !facts->stopped() && status && status->find("TracerPid:\t0\n") != std::string::npos;
        });
    }

    bool is_told(const std::string& words) const {
        return std::ranges::any_of(snapshot.incomplete, [&words](const Incomplete& one) {
            return one.reason.find(words) != std::string::npos;
        });
    }

    SystemClock clock;
    World world;
    RunningAsked asked{0, tasks::protocol::default_stack_bytes};
    std::vector<std::uint32_t> tids;
    MemoryWatch watch;
    Snapshot snapshot;
};

constexpr int spinners = 12; // more than there are processors on a small machine

/// False where this machine does not let us: nothing to test.
bool permitted(const Look& look) {
    if (look.is_told("is refused") || look.is_told("are refused")) {
        WARN(look.snapshot.incomplete.front().reason);
        return false;
    }
    return true;
}

/// Once in 20 looks at the least: a busy machine gives a thread no turn for long.
bool all_answer(Look& look, RunningBy by) {
    for (int tries = 0; tries < 20; ++tries) {
        look.take();
        if (look.count(by) == spinners) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_CASE("threads that run are sampled while they go on, or held where samples are refused") {
    const Spinners target{spinners};
    Look look{target.pid()};
    look.take();
    if (!permitted(look)) {
        return;
    }
    const bool sampled = look.count(RunningBy::ptrace) == 0;
    CHECK(all_answer(look, sampled ? RunningBy::perf_sample : RunningBy::ptrace));
    CHECK(look.left_alone());
}

TEST_CASE("threads that run are held for a moment each, and go on") {
    const Spinners target{spinners};
    Look look{target.pid()};
    look.asked.sample = false;
    look.take();
    if (!permitted(look)) {
        return;
    }
    CHECK(all_answer(look, RunningBy::ptrace));
    CHECK(look.left_alone());
    for (const auto& thread : look.snapshot.threads) {
        if (thread.running_by == RunningBy::ptrace) {
            CHECK(thread.registers.size() == running_register_count);
            CHECK(thread.registers[running_sp] == thread.sp);
            CHECK(thread.stack.size() >= 256);
            CHECK(thread.syscall == -1);
        }
    }
}

TEST_CASE("threads that run are left alone when so asked, and it is told") {
    const Spinners target{2};
    Look look{target.pid()};
    look.asked.touch = false;
    look.take();
    CHECK(look.count(RunningBy::perf_sample) + look.count(RunningBy::ptrace) == 0);
    CHECK(look.is_told("--no-touch"));
}

TEST_CASE("nothing is asked once the deadline has passed, and no thread stays held") {
    const Spinners target{4};
    Look look{target.pid()};
    for (const bool sample : {true, false}) {
        look.asked.sample = sample;
        look.take();
        if (!permitted(look)) {
            return;
        }
        auto threads = look.snapshot.threads;
        for (auto& thread : threads) {
            thread.capture = Capture::running;
            thread.registers.clear();
        }
        const Deadline passed{look.clock, 0};
        capture_running(look.world, look.asked, passed, look.watch, look.tids, threads, look.snapshot.incomplete);
        CHECK(look.left_alone());
    }
}

TEST_CASE("a thread that has ended is told as such") {
    const Spinners target{1};
    Look look{target.pid()};
    look.take();
    for (const bool sample : {true, false}) {
        look.asked.sample = sample;
        std::vector<ThreadFacts> threads(1);
        threads[0].tid = 4'194'304; // beyond all that there are
        threads[0].capture = Capture::running;
        const std::array<std::uint32_t, 1> tids{threads[0].tid};
        std::vector<Incomplete> incomplete;
        const Deadline deadline{look.clock, 1'000'000'000};
        capture_running(look.world, look.asked, deadline, look.watch, tids, threads, incomplete);
        if (incomplete.empty()) {
            CHECK(threads[0].capture == Capture::exited);
        }
    }
}

TEST_CASE("a process that is stopped is captured as it stands and stays stopped") {
    const Spinners target{2};
    REQUIRE(::kill(target.pid(), SIGSTOP) == 0);
    REQUIRE(::waitpid(target.pid(), nullptr, WUNTRACED) == target.pid());
    Look look{target.pid()};
    for (const bool sample : {true, false}) {
        look.asked.sample = sample;
        look.take();
        const auto stat = read_stat(look.world.proc, look.asked.pid);
        REQUIRE(stat);
        CHECK(stat->state == 'T');
    }
}

TEST_CASE("a thread that stops while it is held stays stopped, and goes on when it is told to") {
    const Spinners target{4};
    Look look{target.pid()};
    look.asked.sample = false;
    for (int round = 0; round < 20; ++round) {
        std::thread stopper{[&target] { ::kill(target.pid(), SIGSTOP); }};
        look.take();
        stopper.join();
        const auto stopped = [&look] {
            const auto stat = read_stat(look.world.proc, look.asked.pid);
            return stat && stat->state == 'T';
        };
        for (int tries = 0; tries < 5000 && !stopped(); ++tries) {
            ::usleep(1000);
        }
        CHECK(stopped());
        REQUIRE(::kill(target.pid(), SIGCONT) == 0);
    }
    for (int tries = 0; tries < 5000 && !look.left_alone(); ++tries) {
        ::usleep(1000);
    }
    CHECK(look.left_alone());
}

TEST_CASE("what refuses a capture is named with its setting and the way out") {
    const tasks::tests::TemporaryDirectory proc;
    proc.file("sys/kernel/perf_event_paranoid", "3\n");
    proc.file("sys/kernel/yama/ptrace_scope", "1\n");
    proc.file("12/status", "Name:\tx\nTracerPid:\t0\n");
    World world;
    world.proc = ProcFiles{proc.path()};
    world.euid = 1000;
    CHECK(sentence_of(world, 12, {EACCES, EPERM}) ==
          "threads that run are not captured: perf events are refused: Permission denied (kernel.perf_event_paranoid "
          "is 3); ptrace is refused: Operation not permitted (kernel.yama.ptrace_scope is 1); run as root, or give the "
          "process an agent");
    CHECK(not_stopped_sentence(world, 12, EPERM) ==
          "the process could not be held, as --stop asks: ptrace is refused: Operation not permitted "
          "(kernel.yama.ptrace_scope is 1); run as root, or give the process an agent");
    proc.file("12/status", "Name:\tx\nTracerPid:\t77\n");
    CHECK(sentence_of(world, 12, {0, EPERM}) ==
          "threads that run are not captured: ptrace is refused: Operation not permitted (process 77 traces it "
          "already); run as root, or give the process an agent");
    world.euid = 0;
    CHECK(
        not_stopped_sentence(world, 12, EPERM) ==
        "the process could not be held, as --stop asks: ptrace is refused: Operation not permitted (process 77 traces "
        "it already); a container needs CAP_SYS_PTRACE for it");
}
