// A backend call fails and returns without an answer: who waits for the answer is stuck in receive.
// Repaired: the channel is closed on every way out, so a receive always ends.

#include <memory>
#include <optional>
#include <thread>

#include <tasks/job.hpp>

#include "backend.hpp"
#include "cause.hpp"
#include "channel.hpp"

namespace {

using Results = Channel<Receipt>;

std::optional<Receipt> refused() { return std::nullopt; }

void charge(Results& results) {
    const tasks::WaitHandle sender = results.sender(); // ends on every way out
    const auto receipt = refused();
    if (!receipt)
        return; // the leak: nobody will ever send
    results.send(*receipt);
}

} // namespace

void leak_by_receive_without_sender(Stuck& stuck) {
    auto results = std::make_shared<Results>("results");
    std::thread{[results, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"await receipt", begun};
        results->receive();
    }}.detach();
    charge(*results);
    stuck.when([results] { return results->receivers_waiting() == 1; });
}

void receive_with_sender(const std::stop_token& stop) {
    Results results{"results", 1};
    std::jthread receiver{[&, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"await receipt", begun};
        results.receive(stop);
    }};
    charge(results);
    results.close();
}
