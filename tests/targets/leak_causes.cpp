#include "leak_causes.hpp"

#include <cstdlib>
#include <future>

namespace leaking {
namespace {

using namespace std::chrono_literals;
using Numbers = std::shared_ptr<Channel<int>>;

void generate(const Numbers& numbers, const std::stop_token& stop, tasks::SourcePlace begun) {
    const tasks::Job job{"generate", begun};
    for (int number = 0; numbers->send(number, stop); ++number) { // stuck: abandoned-generator
    }
}

void take_five(Channel<int>& numbers) {
    for (int i = 0; i < 5; ++i)
        numbers.receive();
}

void until_stuck(Channel<int>& channel) {
    while (channel.senders_waiting() == 0)
        std::this_thread::sleep_for(1ms);
}

/// Its answer comes when it was given up, however late that is.
std::thread call(const Numbers& answer, const std::shared_future<void>& given_up) {
    return std::thread{[answer, given_up, begun = tasks::SourcePlace::here()] { // began: late-answer
        const tasks::Job job{"call", begun};
        given_up.wait();
        answer->send(42); // stuck: late-answer
    }};
}

} // namespace

void abandoned_generator() {
    auto numbers = std::make_shared<Channel<int>>("numbers");
    std::thread{[numbers, begun = tasks::SourcePlace::here()] { // began: abandoned-generator
        generate(numbers, {}, begun);
    }}
        .detach();
    take_five(*numbers);
    until_stuck(*numbers);
}

void ended_generator() {
    auto numbers = std::make_shared<Channel<int>>("numbers");
    const std::jthread generator{
        [numbers, begun = tasks::SourcePlace::here()](const std::stop_token& stop) { generate(numbers, stop, begun); }};
    take_five(*numbers);
}

void late_answer() {
    auto answer = std::make_shared<Channel<int>>("answer");
    std::promise<void> given_up;
    call(answer, given_up.get_future().share()).detach();
    answer->receive_for(1ms);
    given_up.set_value();
    until_stuck(*answer);
}

void awaited_answer() {
    auto answer = std::make_shared<Channel<int>>("answer", 1);
    std::promise<void> given_up;
    std::thread caller = call(answer, given_up.get_future().share());
    answer->receive_for(1ms);
    given_up.set_value();
    caller.join();
}

namespace {

/// Of no test: begun before main() where LEAK_OUTSIDE is set.
struct Outside {
    Outside() {
        if (std::getenv("LEAK_OUTSIDE") != nullptr)
            late_answer();
    }
} outside;

} // namespace

} // namespace leaking
