#include "stack_memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "mappings.hpp"
#include "region.hpp"
#include "thread_list.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t step_pages = 128;
constexpr std::uint64_t step_bytes = step_pages * page_bytes;

/// How many of the bytes have their lowest bit set. Eight at a time: the product's highest byte is their sum.
std::uint64_t count_resident(std::span<const char> states) noexcept {
    std::uint64_t resident = 0;
    std::uint64_t eight = 0;
    for (; states.size() >= sizeof eight; states = states.subspan(sizeof eight)) {
        std::memcpy(&eight, states.data(), sizeof eight);
        resident += (eight & 0x0101010101010101u) * 0x0101010101010101u >> 56;
    }
    for (const char state : states)
        resident += static_cast<unsigned char>(state) & 1u;
    return resident;
}

/// Pages of [from, to) that are in memory, in bytes. From the top downwards, until 512 KiB in a row are not: looking at
/// all of the usual 8 MiB takes five times as long. Nothing: the kernel does not tell.
std::optional<std::uint64_t> resident_bytes(std::uint64_t from, std::uint64_t to) noexcept {
    std::array<unsigned char, step_pages> states;
    std::uint64_t resident = 0;
    while (from < to) {
        const std::uint64_t piece = std::min(to - from, step_bytes);
        to -= piece;
        if (::mincore(std::bit_cast<void*>(to), piece, states.data()) != 0) {
            if (errno != ENOMEM)
                return {};
            break; // not mapped any more
        }
        const std::uint64_t here =
            count_resident({static_cast<const char*>(static_cast<void*>(states.data())), piece / page_bytes});
        if (here == 0)
            break;
        resident += here * page_bytes;
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
    bool told = true;
    const auto add = [&](std::uint64_t from, std::uint64_t to) {
        const auto bytes = resident_bytes(from, to);
        told = told && bytes;
        resident += bytes.value_or(0);
    };
    std::size_t at = 0;
    while (told && lines.next(line)) {
        if (!parse_mapping(line, mapping))
            continue;
        if (mapping.path == "[stack]") {
            main_seen = true;
            add(mapping.start, mapping.end);
            continue;
        }
        // Two stacks may lie in one mapping (guard pages by MADV_GUARD_INSTALL): each begins where the last ended.
        std::uint64_t from = mapping.start;
        for (; at < *count && buffers.tops[at] < mapping.end; ++at) {
            if (buffers.tops[at] < mapping.start)
                continue; // its mapping came after the tops were read
            const std::uint64_t to = std::max(from, whole_pages(buffers.tops[at]));
            add(from, std::min(to, mapping.end));
            from = to;
        }
    }
    if (!main_seen || !told)
        return {};
    return resident;
}

} // namespace tasks::agent
