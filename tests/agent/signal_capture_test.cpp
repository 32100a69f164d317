// Threads that run, captured by the signal that the host opted in to. The signal is taken for the whole test process.
#include <signal.h>
#include <sys/mman.h>

#include <catch2/catch.hpp>

#include <set>

#include "server_fixture.hpp"
#include "signal_capture.hpp"

using namespace tasks;
using namespace tasks::test;
using protocol::Capture;

namespace {

const int capture_signal = SIGRTMIN + 3;

void opt_in() {
    std::string problem;
    const bool installed = agent::SignalCapture::install(capture_signal, problem);
    INFO(problem);
    REQUIRE(installed);
}

/// Never enters the kernel, and calls nothing even where the compiler does not optimize.
__attribute__((noinline)) void spin(const bool& end) {
    while (!__atomic_load_n(&end, __ATOMIC_RELAXED)) {
    }
    asm volatile("" ::: "memory");
}

class Spinners {
public:
    explicit Spinners(std::size_t count, bool blocking_the_signal = false) {
        for (std::size_t at = 0; at < count; ++at)
            threads_.emplace_back([this, blocking_the_signal] {
                if (blocking_the_signal) {
                    sigset_t all;
                    ::sigfillset(&all);
                    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
                }
                {
                    const std::lock_guard lock{mutex_};
                    tids_.insert(own_tid());
                }
                spin(end_);
            });
        REQUIRE(eventually([this, count] {
            const std::lock_guard lock{mutex_};
            return tids_.size() == count;
        }));
    }
    ~Spinners() {
        __atomic_store_n(&end_, true, __ATOMIC_RELAXED);
        for (std::thread& thread : threads_)
            thread.join();
    }
    Spinners(const Spinners&) = delete;
    Spinners& operator=(const Spinners&) = delete;

    std::vector<std::uint32_t> tids() const { return {tids_.begin(), tids_.end()}; }

private:
    std::mutex mutex_;
    std::set<std::uint32_t> tids_;
    bool end_ = false;
    std::vector<std::thread> threads_;
};

struct Seen {
    std::size_t captured = 0;
    std::size_t running = 0;
    std::size_t others = 0;
    std::size_t in_spin = 0;
};

Seen look(TestClient& client, const std::vector<std::uint32_t>& tids) {
    REQUIRE(client.send(protocol::StacksRequest{.tids = tids}, 7));
    const auto start = reinterpret_cast<std::uint64_t>(&spin);
    constexpr std::uint64_t longest = 512;
    Seen seen;
    for (const protocol::Frame& part : client.receive_answer()) {
        const auto answer = protocol::read<protocol::StacksAnswer>(part.payload);
        REQUIRE(answer);
        for (const protocol::ThreadStack& thread : answer->threads) {
            seen.captured += thread.capture == Capture::captured ? 1u : 0u;
            seen.running += thread.capture == Capture::running ? 1u : 0u;
            seen.others += thread.capture != Capture::captured && thread.capture != Capture::running ? 1u : 0u;
            if (thread.register_count == 0)
                continue;
            CHECK(thread.register_count == 17);
            CHECK(thread.registers[16] == thread.pc);
            CHECK(thread.registers[7] == thread.sp);
            CHECK(thread.stack.size() >= 64);
            CHECK(thread.syscall == -1);
            seen.in_spin += thread.pc >= start && thread.pc < start + longest ? 1u : 0u;
        }
    }
    return seen;
}

} // namespace

TEST_CASE("Threads that run are captured with all their registers, many at once") {
    opt_in();
    RunningServer server;
    const Spinners spinners{24};
    TestClient client = server.greeted();
    // Loaded machines may not let all of them run within one answer's time.
    Seen best;
    REQUIRE(eventually([&] {
        const Seen seen = look(client, spinners.tids());
        REQUIRE(seen.captured + seen.running + seen.others == spinners.tids().size());
        REQUIRE(seen.others == 0);
        best = seen.captured > best.captured ? seen : best;
        return best.captured == spinners.tids().size();
    }));
#ifndef __SANITIZE_THREAD__ // atomics are calls there
    CHECK(best.in_spin == best.captured);
#endif
}

TEST_CASE("Clients that go before their answer leave every slot free") {
    opt_in();
    RunningServer server;
    const Spinners spinners{agent::SignalCapture::slot_count / 4};
    for (int at = 0; at < 40; ++at) {
        TestClient gone = server.greeted();
        REQUIRE(gone.send(protocol::StacksRequest{.tids = spinners.tids()}, 7));
        std::this_thread::sleep_for(std::chrono::microseconds(at * 100)); // in all stages of the answer
    }
    TestClient client = server.greeted();
    CHECK(eventually([&] { return look(client, spinners.tids()).captured == spinners.tids().size(); }));
}

TEST_CASE("A thread that blocks the signal is told as running, and is not sent a second one") {
    opt_in();
    RunningServer server;
    {
        const Spinners deaf{2, true};
        TestClient client = server.greeted();
        for (int at = 0; at < 3; ++at) {
            const Seen seen = look(client, deaf.tids());
            CHECK(seen.captured == 0);
            CHECK(seen.running == 2);
        }
    }
    // The slots of threads that ended are used again.
    const Spinners others{agent::SignalCapture::slot_count / 4};
    TestClient client = server.greeted();
    CHECK(eventually([&] { return look(client, others.tids()).captured == others.tids().size(); }));
}

TEST_CASE("The same signal from elsewhere does nothing") {
    opt_in();
    errno = 77;
    REQUIRE(::raise(capture_signal) == 0);
    const sigval value{.sival_int = 257};
    REQUIRE(::sigqueue(::getpid(), capture_signal, value) == 0);
    CHECK(agent::SignalCapture::send(0, 100) == 0);
}

TEST_CASE("A signal that the host handles, a second one, and one that is not fit are refused with a sentence") {
    opt_in();
    std::string problem;
    CHECK(agent::SignalCapture::install(capture_signal, problem));
    CHECK(problem.empty());
    CHECK_FALSE(agent::SignalCapture::install(SIGPROF, problem));
    CHECK_THAT(problem, Catch::Contains("was taken before and stays"));
    CHECK_FALSE(agent::SignalCapture::install(SIGSEGV, problem));
}

TEST_CASE("A signal that the host has taken back is not sent, and one that it gave up again is taken anew") {
    opt_in();
    std::string problem;
    struct sigaction ours{};
    struct sigaction hosts{};
    hosts.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(capture_signal, &hosts, &ours) == 0);
    CHECK_FALSE(agent::SignalCapture::install(capture_signal, problem));
    CHECK_THAT(problem, Catch::Contains("the host handles it already"));
    CHECK_FALSE(agent::SignalCapture::ready());
    hosts.sa_handler = SIG_DFL;
    REQUIRE(::sigaction(capture_signal, &hosts, nullptr) == 0);
    opt_in();
    CHECK(agent::SignalCapture::ready());
    CHECK(agent::SignalCapture::install(0, problem)); // of an agent that wants none
    CHECK_FALSE(agent::SignalCapture::ready());
}
