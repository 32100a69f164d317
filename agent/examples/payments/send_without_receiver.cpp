// Several backends race to charge a card, and only the first answer is received: the losers are stuck in send.
// Repaired: room for every answer, the losers are told to stop, and everybody is waited for.

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/label.hpp>

#include "backend.hpp"
#include "cause.hpp"
#include "channel.hpp"

namespace {

using Results = Channel<Receipt>;

void charge(const Backend& backend, Results& results, unsigned request, tasks::SourcePlace begun) {
    tasks::Job job{"charge card", begun};
    tasks::Label label{"request", request}; // threads do not inherit it
    results.send(backend.charge().value());
}

} // namespace

void leak_by_send_without_receiver(Stuck& stuck) {
    static unsigned request = 8430; // the main thread's
    ++request;
    auto results = std::make_shared<Results>("results");
    for (const Backend& backend : backends)
        std::thread{[&backend, results, id = request, begun = tasks::SourcePlace::here()] {
            charge(backend, *results, id, begun);
        }}.detach();
    results->receive();
    stuck.when([results] { return results->senders_waiting() == backends.size() - 1; });
}

void send_with_receiver(const std::stop_token& stop) {
    Results results{"results", backends.size()};
    std::vector<std::jthread> callers;
    for (const Backend& backend : backends)
        callers.emplace_back([&, begun = tasks::SourcePlace::here()](const std::stop_token& lost) {
            tasks::Job job{"charge card", begun};
            if (const auto receipt = backend.charge(lost))
                results.send(*receipt);
        });
    results.receive(stop);
} // jthread: requests the stop, then joins
