// A call that takes 3 s is given up after 2: its late answer finds nobody, and an unbuffered channel keeps the sender
// for ever. Prints "timeout", and the number of tasks when the call is over: 2, or 1 with --fixed, where the channel
// has room for one value, so the late sender can leave.
// With --hold it then stays to be looked at, until SIGTERM.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>

#include "channel.hpp"
#include "termination.hpp"

namespace {

using namespace std::chrono_literals;

std::thread call(const std::shared_ptr<Channel<int>>& answer) {
    return std::thread{[answer, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"call", begun};
        std::this_thread::sleep_for(3s);
        answer->send(42);
    }};
}

void give_up(bool fixed) {
    auto answer = std::make_shared<Channel<int>>("answer", fixed ? 1 : 0);
    std::thread caller = call(answer);
    std::puts(answer->receive_for(2s) ? "answer" : "timeout");
    if (fixed) {
        caller.join();
        return;
    }
    while (answer->senders_waiting() == 0) // until it is stuck
        std::this_thread::sleep_for(1ms);
    caller.detach();
}

} // namespace

int main(int argc, char** argv) {
    const auto asked = [&](std::string_view flag) { return std::find(argv + 1, argv + argc, flag) != argv + argc; };
    const Termination termination;
    tasks::Agent agent{{.name = "call_timeout"}};
    give_up(asked("--fixed"));
    std::printf("tasks: %zu\n", tasks::count());
    if (asked("--hold"))
        stay(termination);
}
