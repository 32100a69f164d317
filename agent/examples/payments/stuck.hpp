// Tells when the tasks that a leak leaves behind are really stuck, so that a look at the process shows them so.
// The main thread alone uses it; what it asks must be safe to ask from there.
#pragma once

#include <functional>
#include <utility>
#include <vector>

class Stuck {
public:
    /// `reached` says whether some task is at the place where it stays; `runs`: it stays there without ever sleeping.
    void when(std::function<bool()> reached, bool runs = false) {
        places_.push_back(std::move(reached));
        running_ += runs ? 1u : 0u;
    }

    /// Waits until all are there, 10 s at the most, and forgets them.
    void wait();

private:
    bool all_there() const;

    std::vector<std::function<bool()>> places_;
    unsigned running_ = 0; // tasks that never sleep
};
