// bench_waiting_coroutines N: N coroutines of twenty functions whose promises are traced, each suspended at a wait of
// its own. Prints "ready" when all are there, stays until its standard input ends.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include <unistd.h>

#include <tasks/agent.hpp>
#include <tasks/coroutine.hpp>

namespace {

struct Coroutine {
    struct Promise {
        Coroutine get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept {}
    };
    using promise_type = tasks::traced<Promise>;
    std::coroutine_handle<> handle;
};

struct Channel {
    tasks::wait_reason reason;
    tasks::wait_facts tasks_wait() const noexcept { return {reason, this, "outbox"}; }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

constexpr std::array channels{Channel{tasks::wait_reason::chan_send}, Channel{tasks::wait_reason::io_read},
                              Channel{tasks::wait_reason::timer}, Channel{tasks::wait_reason::future}};

template <std::size_t Which> Coroutine serve() { co_await channels[Which % channels.size()]; }

template <std::size_t... Which> constexpr auto all_of(std::index_sequence<Which...>) {
    return std::array{&serve<Which>...};
}
constexpr auto functions = all_of(std::make_index_sequence<20>());

constexpr std::size_t record_bytes = 128; // in the table

} // namespace

int main(int argc, char** argv) {
    const auto count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000ul;
    const auto table_bytes = count * record_bytes + (std::size_t{8} << 20);
    const tasks::Agent agent{
        {.name = "bench_waiting_coroutines", .table_cap_bytes = table_bytes, .table_initial_bytes = table_bytes}};
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
        return 1;
    }
    std::vector<Coroutine> coroutines;
    coroutines.reserve(count);
    for (std::size_t at = 0; at < count; ++at)
        coroutines.push_back(functions[at % functions.size()]());
    std::puts("ready");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    for (const Coroutine& each : coroutines)
        each.handle.destroy();
    return 0;
}
