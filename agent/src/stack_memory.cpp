#include "stack_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "mappings.hpp"
#include "region.hpp"
#include "thread_list.hpp"

namespace tasks::agent {
namespace {

/// Pages of [from, to) that are in memory, in bytes; pieces that are not mapped any more count nothing.
std::uint64_t resident_bytes(std::uint64_t from, std::uint64_t to, std::span<char> pages) noexcept {
    std::uint64_t resident = 0;
    while (from < to) {
        const std::uint64_t piece = std::min<std::uint64_t>(to - from, pages.size() * page_bytes);
        auto* const states = std::bit_cast<unsigned char*>(pages.data());
        if (::mincore(std::bit_cast<void*>(from), piece, states) != 0)
            return resident;
        for (std::size_t page = 0; page < piece / page_bytes; ++page)
            resident += (states[page] & 1u) * page_bytes;
        from += piece;
    }
    return resident;
}

/// The sorted tops of all stacks but the main thread's, in buffers.tops; nothing where one is not known.
std::optional<std::size_t> stack_tops(std::span<const std::uint32_t> tids, std::span<std::uint64_t> tops) noexcept {
    const auto main_tid = static_cast<std::uint32_t>(::getpid());
    std::size_t count = 0;
    for (const std::uint32_t tid : tids) {
        if (tid == main_tid)
            continue;
        const auto top = thread_block(tid);
        if (!top && errno == ESRCH)
            continue;
        if (!top || *top == 0 || count == tops.size())
            return {};
        tops[count++] = *top;
    }
    std::sort(tops.begin(), tops.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
}

} // namespace

std::optional<std::uint64_t> resident_stack_bytes(int task_directory, std::uint32_t agent_tid,
                                                  std::span<const std::uint32_t> tids,
                                                  const StackMemoryBuffers& buffers) noexcept {
    if (tids.size() > max_stacks_measured)
        return {};
    const auto count = stack_tops(tids, buffers.tops);
    if (!count)
        return {};
    Lines lines{open_maps(task_directory, agent_tid), buffers.text};
    std::string_view line;
    Mapping mapping;
    std::uint64_t resident = 0;
    bool main_seen = false;
    std::size_t at = 0;
    while (lines.next(line)) {
        if (!parse_mapping(line, mapping))
            continue;
        if (mapping.path == "[stack]") {
            main_seen = true;
            resident += resident_bytes(mapping.start, mapping.end, buffers.pages);
            continue;
        }
        // Two stacks may lie in one mapping (guard pages by MADV_GUARD_INSTALL): each begins where the last ended.
        std::uint64_t from = mapping.start;
        for (; at < *count && buffers.tops[at] < mapping.end; ++at) {
            if (buffers.tops[at] < mapping.start)
                continue; // its mapping came after the tops were read
            const std::uint64_t to = std::max(from, whole_pages(buffers.tops[at]));
            resident += resident_bytes(from, std::min(to, mapping.end), buffers.pages);
            from = to;
        }
    }
    if (!main_seen)
        return {};
    return resident;
}

} // namespace tasks::agent
