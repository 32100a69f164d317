// Which memory of a process may hold coroutine frames: what it may write, its stacks marked. Of a process that lives by
// the text of /proc/PID/maps. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "capture/snapshot.hpp"
#include "coroutines/memory_range.hpp"

namespace tasks::inspect {

/// By address. Devices are left out, whose pages are not memory, and what the kernel maps; malformed lines are passed
/// over.
std::vector<MemoryRange> parse_memory_ranges(std::string_view maps);

/// Marks those in which a thread's stack pointer lies.
void mark_stacks(std::span<const ThreadFacts> threads, std::vector<MemoryRange>& ranges);

/// Reads at an offset of /proc/PID/pagemap: how many bytes came.
using ReadPagemap = std::function<std::size_t(std::uint64_t offset, std::span<char> into)>;

/// Adds a part of the range whose parts begin at index `first`, by address: gaps below 64 KiB are not worth a part.
void append_part(const MemoryRange& part, std::size_t first, std::vector<MemoryRange>& parts);

/// The parts of them that were ever written: a process may reserve 100 times what it uses, and reading a page that is
/// not there would have the kernel make page tables for it. Gaps below 64 KiB stay; what pagemap does not tell stays
/// whole.
std::vector<MemoryRange> written_parts(std::span<const MemoryRange> ranges, const ReadPagemap& read);

} // namespace tasks::inspect
