// Four tasks sleep and send into one unbuffered channel, and only the first value is received: three are stuck for
// ever after each of five calls. Prints the number of tasks at the end: 16.
// With --hold it then stays to be looked at, until SIGTERM.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>

#include "channel.hpp"
#include "termination.hpp"

namespace {

std::size_t submit() {
    auto results = std::make_shared<Channel<std::size_t>>("results");
    std::vector<std::thread> workers;
    for (std::size_t number = 0; number < 4; ++number)
        workers.emplace_back([results, number, begun = tasks::SourcePlace::here()] {
            tasks::Job job{"submit", begun};
            std::this_thread::sleep_for(std::chrono::milliseconds{200});
            results->send(number);
        });

    const std::size_t first = results->receive().value();
    workers[first].join(); // it has ended when it is counted
    for (std::thread& worker : workers)
        if (worker.joinable())
            worker.detach(); // the leak: nobody receives from these
    return first;
}

} // namespace

int main(int argc, char** argv) {
    const Termination termination;
    tasks::Agent agent{{.name = "submit_all"}};
    for (int call = 0; call < 5; ++call)
        submit();
    std::printf("%zu\n", tasks::count());
    if (argc > 1 && std::string_view{argv[1]} == "--hold")
        stay(termination);
}
