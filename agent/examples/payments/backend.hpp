// A payment provider that takes its time to answer: stands for a remote call. Immutable; any thread.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include <tasks/wait.hpp>

struct Receipt {
    const char* backend = "";
};

class Backend {
public:
    constexpr Backend(const char* name, std::chrono::milliseconds latency) : name_(name), latency_(latency) {}

    constexpr const char* name() const { return name_; }
    constexpr std::chrono::milliseconds latency() const { return latency_; }

    /// Nothing when a stop was requested before the answer. Blocks the thread.
    std::optional<Receipt> charge(const std::stop_token& stop = {}) const {
        tasks::Wait wait{tasks::wait_reason::timer, this, name_};
        std::mutex mutex;
        std::condition_variable_any asked_to_stop;
        std::unique_lock lock{mutex};
        asked_to_stop.wait_for(lock, stop, latency_, [] { return false; });
        return stop.stop_requested() ? std::nullopt : std::optional{Receipt{name_}};
    }

private:
    const char* name_;
    std::chrono::milliseconds latency_;
};

inline constexpr std::array backends{Backend{"north", std::chrono::milliseconds{10}},
                                     Backend{"south", std::chrono::milliseconds{30}},
                                     Backend{"overseas", std::chrono::milliseconds{50}}};
