// What the answers work with: memory taken once, shared by all clients because one thread makes one part of an answer
// at a time, and the fd of /proc/self/task. Nothing in the memory outlives the part that is being made.
// Owned by the server; on the agent's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "region.hpp"
#include "scheduler_clock.hpp"
#include "thread_capture.hpp"
#include "thread_list.hpp"
#include "watched_fd.hpp"

namespace tasks::agent {

inline constexpr std::size_t line_buffer_bytes = 16 * 1024; // a path in maps has at most 4 KiB
inline constexpr std::size_t tid_list_bytes = max_listed_threads * sizeof(std::uint32_t);

/// A piece of a region as numbers.
template <class Number> std::span<Number> as_numbers(std::span<char> piece) noexcept {
    return {static_cast<Number*>(static_cast<void*>(piece.data())), piece.size() / sizeof(Number)};
}

struct Workspace {
    /// What the whole takes of a region.
    static constexpr std::size_t memory_bytes = whole_pages(ThreadCapture::stack_memory_bytes) +
                                                whole_pages(ThreadCapture::text_memory_bytes) +
                                                whole_pages(line_buffer_bytes) + whole_pages(tid_list_bytes);

    explicit Workspace(Region& region) noexcept
        : task_directory(open_task_directory()), stack(region.take(ThreadCapture::stack_memory_bytes)),
          texts(region.take(ThreadCapture::text_memory_bytes)), lines(region.take(line_buffer_bytes)),
          tids(region.take(tid_list_bytes)) {}

    /// Gives the memory back while nobody asks.
    void rest() noexcept {
        for (const std::span<char> piece : {stack, texts, lines, tids})
            release_pages(piece);
    }

    WatchedFd task_directory; ///< empty: no /proc
    std::span<char> stack;
    std::span<char> texts;
    std::span<char> lines;
    std::span<char> tids;
    SchedulerClocks clocks;
};

} // namespace tasks::agent
