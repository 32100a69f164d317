// How many handlers wait in an execution context's queues, its strands' included, for `tasks vitals`: a
// tasks::QueueProbe for each context. The counters are 64, as probes are; a context beyond these has none. A context's
// probe is made with the first handler that it queues while the agent runs, and goes with the context: both take the
// context's lock once. Counting is one relaxed addition. Part of <tasks/asio.hpp>; nothing of Asio is included here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>

#include <tasks/export.h>
#include <tasks/queue_probe.hpp>

namespace tasks::asio_adapter {

/// Static, so that an operation may outlive its context without harm.
struct Queue {
    std::atomic<const void*> context{nullptr}; // null: free
    std::atomic<std::uint64_t> depth{0};
};
TASKS_EXPORT inline Queue queues[65]; // [0] is of no context
TASKS_EXPORT inline std::atomic<std::uint32_t> queues_taken{0};

inline std::uint32_t queue_at(std::uintptr_t hash) noexcept { return 1 + static_cast<std::uint32_t>(hash % 64); }

/// Of `context`; 0: not known.
inline std::uint32_t find_queue(const void* context) noexcept {
    auto hash = reinterpret_cast<std::uintptr_t>(context) >> 4;
    for (int probe = 0; probe < 64; ++probe, ++hash)
        if (queues[queue_at(hash)].context.load(std::memory_order_acquire) == context)
            return queue_at(hash);
    return 0;
}

/// 0: all are taken.
inline std::uint32_t take_queue(const void* context) noexcept {
    auto hash = reinterpret_cast<std::uintptr_t>(context) >> 4;
    for (int probe = 0; probe < 64; ++probe, ++hash) {
        const void* expected = nullptr;
        if (queues[queue_at(hash)].context.compare_exchange_strong(expected, context)) {
            queues[queue_at(hash)].depth.store(0, std::memory_order_relaxed);
            queues_taken.fetch_add(1, std::memory_order_relaxed);
            return queue_at(hash);
        }
    }
    return 0;
}

/// A service of an execution context that holds its probe. `Service` and `Id` are Asio's types of that name, members of
/// every execution context.
template <class Service, class Id> class QueueService final : public Service {
public:
    static inline Id id;

    template <class Context> explicit QueueService(Context& context) : Service(context) {
        queue_ = take_queue(&context);
        if (queue_ == 0)
            return;
        std::snprintf(name_, sizeof name_, "asio context %p", static_cast<const void*>(&context));
        probe_.emplace(name_, Depth{queue_});
    }
    ~QueueService() override {
        if (!probe_)
            return;
        probe_.reset();
        queues[queue_].context.store(nullptr, std::memory_order_release);
        queues_taken.fetch_sub(1, std::memory_order_relaxed);
    }

private:
    void shutdown() noexcept override {}

    struct Depth {
        std::uint32_t queue;
        std::uint64_t operator()() const noexcept { return queues[queue].depth.load(std::memory_order_relaxed); }
    };
    char name_[40]{};
    std::uint32_t queue_ = 0;
    std::optional<QueueProbe<Depth>> probe_;
};

template <class> void use_service() = delete; // so that Asio's is found by its argument in C++17

/// The queue of a context that is known by the type Context or as one of its bases; makes its probe if need be.
template <class Context> std::uint32_t queue_of(Context& context) noexcept {
    const std::uint32_t known = find_queue(&context);
    if (known != 0 || queues_taken.load(std::memory_order_relaxed) == 64)
        return known;
    using Service = QueueService<typename Context::service, typename Context::id>;
#if defined(__cpp_exceptions)
    try {
        use_service<Service>(context);
    } catch (...) { // no memory
        return 0;
    }
#else
    use_service<Service>(context);
#endif
    return find_queue(&context);
}

} // namespace tasks::asio_adapter
