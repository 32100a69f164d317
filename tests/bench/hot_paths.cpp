// bench_hot_paths: what the agent's hot paths cost in this process. Prints "KEY VALUE" lines for measure.py:
// nanoseconds over an empty loop, the best of many rounds, so that a busy machine adds nothing; the rate of two threads
// at once as a part of one thread's, in CPU time of each thread, so that sharing cores with others does not count.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>
#include <time.h>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/coroutine.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

namespace {

constexpr int rounds = 40;
constexpr int steps = 100'000;
constexpr int counted_threads = 1'000;

double cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void keep(const void* object) { __asm__ volatile("" : : "g"(object) : "memory"); }

void nothing() { keep(nullptr); }

void job() {
    const tasks::Job job{"charge card"};
    keep(&job);
}

void wait() {
    static int channel;
    const tasks::Wait wait{tasks::wait_reason::chan_send, &channel, "results"};
    keep(&wait);
}

void handle() {
    const tasks::JobHandle job{"send receipt"};
    keep(&job);
}

void carried_handle() {
    tasks::JobHandle job{"send receipt"};
    const auto scope = job.run();
    keep(&job);
}

void label() {
    static std::uint64_t request = 8'431;
    const tasks::Label label{"request", request};
    keep(&label);
}

struct Coroutine {
    struct Promise {
        Coroutine get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept {}
    };
    using promise_type = Promise;
    std::coroutine_handle<Promise> handle;
};
struct Traced : Coroutine {
    using promise_type = tasks::traced<Promise>;
    Traced(const Coroutine& made) : Coroutine(made) {}
};

template <class Result> Result turns() {
    for (;;) {
        co_await std::suspend_always{};
    }
}

template <class Result> void coroutine() {
    const auto made = turns<Result>();
    keep(made.handle.address());
    made.handle.destroy();
}

// Nanoseconds of one step.
template <class Step> double round_of(Step step, int count = steps) {
    const auto begin = cpu_ns();
    for (int at = 0; at < count; ++at) {
        step();
    }
    return (cpu_ns() - begin) / count;
}

template <class Step> double best_of(Step step, int count = steps) {
    double best = round_of(step, count);
    for (int round = 1; round < rounds; ++round) {
        best = std::min(best, round_of(step, count));
    }
    return best;
}

// Waits and labels are measured inside a job, as most are.
template <class Step> double best_in_job(Step step) {
    const tasks::Job outer{"serve"};
    return best_of(step);
}

// One suspend and one resume.
template <class Result> double best_turn() {
    const auto made = turns<Result>();
    made.handle.resume();
    const auto best = best_of([&] { made.handle.resume(); });
    made.handle.destroy();
    return best;
}

double best_wait() { return best_in_job(wait); }

// One thread's time divided by that of each of two at once; of the slower one.
template <class Best> double kept_by_two(Best best) {
    auto alone = best();
    std::atomic<int> ready{0};
    double times[2]{};
    const auto run = [&](int which) {
        ready.fetch_add(1);
        while (ready.load() < 2) {
        }
        times[which] = best();
    };
    std::thread other(run, 1);
    run(0);
    other.join();
    alone = std::min(alone, best()); // noise before or after must not look like a gain
    return alone / std::max(times[0], times[1]);
}

double count_with_threads() {
    std::mutex mutex;
    std::condition_variable over;
    bool done = false;
    std::vector<std::thread> threads;
    for (int at = 0; at < counted_threads; ++at) {
        threads.emplace_back([&] {
            std::unique_lock lock(mutex);
            over.wait(lock, [&] { return done; });
        });
    }
    const auto best = best_of([] { keep(reinterpret_cast<const void*>(tasks::count())); }, 200);
    {
        const std::lock_guard lock(mutex);
        done = true;
    }
    over.notify_all();
    for (auto& thread : threads) {
        thread.join();
    }
    return best;
}

} // namespace

int main() {
    const tasks::Agent agent{{.name = "bench_hot_paths"}};
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
        return 1;
    }
    const auto empty = best_of(nothing);
    std::printf("nothing_ns %.2f\n", empty);
    std::printf("job_ns %.2f\n", best_of(job) - empty);
    std::printf("wait_ns %.2f\n", best_wait() - empty);
    std::printf("handle_ns %.2f\n", best_of(handle) - empty);
    std::printf("carried_handle_ns %.2f\n", best_of(carried_handle) - empty);
    std::printf("label_ns %.2f\n", best_in_job(label) - empty);
    std::printf("job_kept %.3f\n", kept_by_two([] { return best_of(job); }));
    std::printf("wait_kept %.3f\n", kept_by_two(best_wait));
    std::printf("coroutine_ns %.2f\n", best_of(coroutine<Traced>) - best_of(coroutine<Coroutine>));
    std::printf("coroutine_turn_ns %.2f\n", best_turn<Traced>() - best_turn<Coroutine>());
    std::printf("coroutine_kept %.3f\n", kept_by_two([] { return best_of(coroutine<Traced>); }));
    std::printf("coroutine_turn_kept %.3f\n", kept_by_two(best_turn<Traced>));
    std::printf("count_us %.2f\n", count_with_threads() / 1'000);
    return 0;
}
