// The numbers of a saved snapshot (protocol/SNAPSHOT.md, protocol/snapshot.proto): what the file begins with, its
// records, and how much of each a reader takes. Field numbers never change meaning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tasks::inspect::saved {

/// Record 1, the same in every version: by these bytes the file is known.
inline constexpr std::string_view first_bytes{"\x0a\x0ftasks snapshot\n", 17};
inline constexpr std::uint32_t version = 1;

/// The fields of SnapshotFile, each of which is one record.
enum class Record : std::uint32_t {
    title = 1,
    header = 2,
    module = 3,
    site = 4,
    scope_list = 5,
    label = 6,
    place = 7,
    stack = 8,
    thread = 9,
    task = 10,
    incomplete = 11,
    end = 12,
    task_frame = 13,
    coroutine_scan = 14,
    coroutine_function = 15,
    coroutine_frame = 16,
    fiber = 20,
};

// What a reader takes; the rest is counted and told. A record is a thread with its raw stack (256 KiB) at the most.
inline constexpr std::size_t max_record_bytes = 1u << 20;
inline constexpr std::size_t max_text_bytes = 64 * 1024;
inline constexpr std::size_t max_tasks = 1u << 22;
inline constexpr std::size_t max_threads = 1u << 17;
inline constexpr std::size_t max_modules = 1u << 16;
inline constexpr std::size_t max_sites = 1u << 20;
inline constexpr std::size_t max_labels = 1u << 22;
inline constexpr std::size_t max_places = 1u << 20;
inline constexpr std::size_t max_stacks = 1u << 17;
inline constexpr std::size_t max_frames = 1u << 21; ///< of all places
inline constexpr std::size_t max_pcs = 1u << 24;    ///< of all stacks
inline constexpr std::size_t max_notes = 1u << 16;
inline constexpr std::size_t max_coroutine_functions = 1u << 17;
inline constexpr std::size_t max_suspend_points = 1u << 20; ///< of all functions
inline constexpr std::size_t max_coroutine_frames = 1u << 22;
inline constexpr std::size_t max_frame_values = 1u << 22;    ///< of all frames
inline constexpr std::uint64_t max_stack_bytes = 1ull << 30; ///< raw, of all threads

} // namespace tasks::inspect::saved
