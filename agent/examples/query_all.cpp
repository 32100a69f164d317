// Three tasks race to answer into one unbuffered channel, and only the first answer is received: two are stuck for
// ever after each call. Prints the number of tasks after each of four calls: 3 5 7 9.
// With --hold it then stays to be looked at, until SIGTERM.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <random>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>

#include "channel.hpp"
#include "termination.hpp"

namespace {

using Answer = std::pair<std::size_t, int>; // who, and what

int query() {
    static thread_local std::mt19937 random{std::random_device{}()};
    const int answer = std::uniform_int_distribution{0, 99}(random);
    std::this_thread::sleep_for(std::chrono::milliseconds{answer});
    return answer;
}

int query_all() {
    auto answers = std::make_shared<Channel<Answer>>("answers");
    std::vector<std::thread> askers;
    for (std::size_t number = 0; number < 3; ++number)
        askers.emplace_back([answers, number, begun = tasks::SourcePlace::here()] {
            tasks::Job job{"query", begun};
            answers->send({number, query()});
        });

    const auto [winner, answer] = answers->receive().value();
    askers[winner].join(); // it has ended when it is counted
    for (std::thread& asker : askers)
        if (asker.joinable())
            asker.detach(); // the leak: nobody receives from these
    return answer;
}

} // namespace

int main(int argc, char** argv) {
    const Termination termination;
    tasks::Agent agent{{.name = "query_all"}};
    for (int call = 0; call < 4; ++call) {
        query_all();
        std::printf("%s%zu", call == 0 ? "" : " ", tasks::count());
    }
    std::puts("");
    if (argc > 1 && std::string_view{argv[1]} == "--hold")
        stay(termination);
}
