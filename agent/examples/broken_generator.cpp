// A generator sends 0, 1, 2, ... for ever; its consumer stops after five: the generator is stuck in its sixth send.
// Prints the values, and the number of tasks that are left: 2, or 1 with --fixed, where the consumer cancels it.
// With --hold it then stays to be looked at, until SIGTERM.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string_view>
#include <thread>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>

#include "channel.hpp"
#include "termination.hpp"

namespace {

using Numbers = std::shared_ptr<Channel<int>>;

void generate(const Numbers& numbers, const std::stop_token& stop, tasks::SourcePlace begun) {
    tasks::Job job{"generate", begun};
    for (int number = 0; numbers->send(number, stop); ++number) {
    }
}

void print_five(Channel<int>& numbers) {
    for (int i = 0; i < 5; ++i)
        std::printf("%d ", numbers.receive().value());
}

void leak() {
    auto numbers = std::make_shared<Channel<int>>("numbers");
    std::thread{[numbers, begun = tasks::SourcePlace::here()] { generate(numbers, {}, begun); }}.detach();
    print_five(*numbers);
    while (numbers->senders_waiting() == 0) // until it is stuck
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

void cancel() {
    auto numbers = std::make_shared<Channel<int>>("numbers");
    std::jthread generator{
        [numbers, begun = tasks::SourcePlace::here()](const std::stop_token& stop) { generate(numbers, stop, begun); }};
    print_five(*numbers);
} // jthread: requests the stop, then joins

} // namespace

int main(int argc, char** argv) {
    const auto asked = [&](std::string_view flag) { return std::find(argv + 1, argv + argc, flag) != argv + argc; };
    const Termination termination;
    tasks::Agent agent{{.name = "broken_generator"}};
    asked("--fixed") ? cancel() : leak();
    std::printf("\ntasks: %zu\n", tasks::count());
    if (asked("--hold"))
        stay(termination);
}
