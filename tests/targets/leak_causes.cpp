#include "leak_causes.hpp"

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

std::thread call(const Numbers& answer) {
    return std::thread{[answer, begun = tasks::SourcePlace::here()] { // began: late-answer
        const tasks::Job job{"call", begun};
        std::this_thread::sleep_for(20ms);
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
    call(answer).detach();
    answer->receive_for(1ms);
    until_stuck(*answer);
}

void awaited_answer() {
    auto answer = std::make_shared<Channel<int>>("answer", 1);
    std::thread caller = call(answer);
    answer->receive_for(1ms);
    caller.join();
}

} // namespace leaking
