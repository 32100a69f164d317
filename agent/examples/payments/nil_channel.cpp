// The channel is only made on a path that is never taken, and received from all the same: nothing can end that wait.
// Repaired: it is made where it is declared.

#include <atomic>
#include <memory>
#include <thread>

#include <tasks/job.hpp>

#include "backend.hpp"
#include "cause.hpp"
#include "channel.hpp"

namespace {

using Results = Channel<Receipt>;

bool answers_wanted() { return false; }

} // namespace

void leak_by_nil_channel(Stuck& stuck) {
    std::shared_ptr<Results> results;
    if (answers_wanted())
        results = std::make_shared<Results>("results");

    auto reached = std::make_shared<std::atomic<bool>>(false);
    std::thread{[results, reached, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"await receipt", begun};
        *reached = true;
        receive_from(results.get(), "results");
    }}.detach();
    stuck.when([reached] { return reached->load(); });
}

void made_channel(const std::stop_token& stop) {
    Results results{"results"};
    std::jthread receiver{[&, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"await receipt", begun};
        results.receive(stop);
    }};
    results.send(Receipt{"north"}, stop);
}
