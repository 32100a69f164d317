#include "capture/memory_watch.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <system_error>
#include <thread>

#include <unistd.h>

namespace tasks::inspect {
namespace {

constexpr std::int64_t not_reading = 0;
constexpr std::int64_t left_behind = -1;

/// Since when a watched thread has been in a read of memory; the thread and its watcher hold it.
using Reading = std::atomic<std::int64_t>;

thread_local Reading* watched = nullptr;

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// True: the thread is left where it is.
bool leave_if_late(Reading& reading) {
    auto since = reading.load(std::memory_order_acquire);
    return since != not_reading && now_ns() - since > static_cast<std::int64_t>(MemoryWatch::patience_ns) &&
           reading.compare_exchange_strong(since, left_behind, std::memory_order_acq_rel);
}

[[noreturn]] void stay_for_ever() {
    for (;;) {
        ::pause();
    }
}

} // namespace

bool MemoryWatch::run(const std::function<void()>& look) {
    if (gave_up()) {
        return false;
    }
    const auto reading = std::make_shared<Reading>(not_reading);
    std::packaged_task<void()> task{[reading, &look] {
        watched = reading.get();
        look();
    }};
    auto ended = task.get_future();
    std::thread thread;
    try {
        thread = std::thread{std::move(task)};
    } catch (const std::system_error&) {
        look(); // a machine without room for a thread: not watched
        return true;
    }
    while (ended.wait_for(std::chrono::nanoseconds{patience_ns / 4}) != std::future_status::ready) {
        if (leave_if_late(*reading)) {
            thread.detach();
            ++hangs_;
            return false;
        }
    }
    thread.join();
    ended.get();
    return true;
}

std::size_t read_memory(pid_t pid, std::span<const iovec> remote, std::span<char> into) {
    const iovec local{into.data(), into.size()};
    if (watched != nullptr) {
        watched->store(now_ns(), std::memory_order_release);
    }
    const auto got = ::process_vm_readv(pid, &local, 1, remote.data(), remote.size(), 0);
    if (watched != nullptr && watched->exchange(not_reading, std::memory_order_acq_rel) == left_behind) {
        stay_for_ever();
    }
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

} // namespace tasks::inspect
