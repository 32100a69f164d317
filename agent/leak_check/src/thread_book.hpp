// What the functions before libc's write down of each thread. Never destroyed. Any thread.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

#include "watched_threads.hpp"

namespace tasks::leaks {

/// One thread; also what it needs to begin. Lives until it is joined, or has ended detached.
struct ThreadEntry {
    WatchedThread thread;
    void* (*start)(void*) = nullptr;
    void* argument = nullptr;
    pthread_t handle{};
    bool has_handle = false;
    bool being_made = true; ///< its creator still writes here
    bool detached = false;
};

class ThreadBook {
public:
    static ThreadBook& the();

    /// Null: this thread's makings are not watched.
    ThreadEntry* begin(std::uint32_t scope, const agent::CreationTrace& trace, bool detached, void* (*start)(void*),
                       void* argument);
    void made(ThreadEntry& entry, pthread_t handle);
    void not_made(ThreadEntry& entry);
    /// The new thread's first step.
    void runs(ThreadEntry& entry);
    void ends(ThreadEntry& entry);
    /// 0: it is not known.
    std::uint64_t serial_of(pthread_t handle);
    void joined(std::uint64_t serial);
    void detaches(pthread_t handle);

    /// Calls `visit` for each.
    template <class Visit> void each(Visit visit) {
        const std::lock_guard lock{mutex_};
        for (const auto& [serial, entry] : entries_)
            visit(entry.thread);
    }

private:
    ThreadBook();
    void set_handle(ThreadEntry& entry, pthread_t handle);
    void drop_if_done(ThreadEntry& entry);
    void drop(ThreadEntry& entry);

    std::mutex mutex_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, ThreadEntry> entries_; ///< by serial; nodes stay where they are
    std::unordered_map<pthread_t, std::uint64_t> by_handle_;
};

} // namespace tasks::leaks
