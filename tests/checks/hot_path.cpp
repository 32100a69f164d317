// hot_path nothing|job|wait|label|handle|run|coroutine|turn TIMES: does that so often, under an agent. For counting its
// instructions.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <tasks/agent.hpp>
#include <tasks/coroutine.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

namespace {

struct Coroutine {
    struct Promise {
        Coroutine get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept {}
    };
    using promise_type = tasks::traced<Promise>;
    std::coroutine_handle<Promise> handle;
};

Coroutine turns() {
    for (;;)
        co_await std::suspend_always{};
}

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
    else if (what == "coroutine")
        repeat(times, [] { turns().handle.destroy(); });
    else if (what == "turn")
        repeat(times, [handle = turns().handle] { handle.resume(); });
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
