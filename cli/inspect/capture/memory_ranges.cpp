#include "capture/memory_ranges.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tasks::inspect {
namespace {

bool take_hex(std::string_view& text, std::uint64_t& into, char until) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), into, 16);
    if (end.ec != std::errc{} || end.ptr == text.data() + text.size() || *end.ptr != until) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()) + 1);
    return true;
}

bool is_device(std::string_view path) {
    return path.starts_with("/dev/") && !path.starts_with("/dev/shm/") && !path.starts_with("/dev/zero");
}

/// `start-end perms offset device inode   path`
std::optional<MemoryRange> parse_range(std::string_view line) {
    MemoryRange range;
    if (!take_hex(line, range.start, '-') || !take_hex(line, range.end, ' ') || range.end <= range.start ||
        !line.starts_with("rw")) {
        return std::nullopt;
    }
    const auto path = line.find_first_of("/[");
    const auto name = path == line.npos ? std::string_view{} : line.substr(path);
    range.is_stack = name.starts_with("[stack");
    if (is_device(name) || name.starts_with("[v")) { // [vvar], [vsyscall]
        return std::nullopt;
    }
    return range;
}

} // namespace

std::vector<MemoryRange> parse_memory_ranges(std::string_view maps) {
    std::vector<MemoryRange> ranges;
    while (!maps.empty()) {
        const auto line = maps.substr(0, maps.find('\n'));
        maps.remove_prefix(std::min(maps.size(), line.size() + 1));
        if (const auto range = parse_range(line)) {
            ranges.push_back(*range);
        }
    }
    std::ranges::sort(ranges, {}, &MemoryRange::start);
    return ranges;
}

void mark_stacks(std::span<const ThreadFacts> threads, std::vector<MemoryRange>& ranges) {
    for (const auto& thread : threads) {
        const auto after = std::ranges::upper_bound(ranges, thread.sp, {}, &MemoryRange::start);
        if (after != ranges.begin() && thread.sp < (after - 1)->end) {
            (after - 1)->is_stack = true;
        }
    }
}

void append_part(const MemoryRange& part, std::size_t first, std::vector<MemoryRange>& parts) {
    constexpr std::uint64_t gap = 64 * 1024;
    if (parts.size() > first && part.start - parts.back().end < gap) {
        parts.back().end = part.end;
    } else {
        parts.push_back(part);
    }
}

std::vector<MemoryRange> written_parts(std::span<const MemoryRange> ranges, const ReadPagemap& read) {
    constexpr std::uint64_t page = 4096;
    constexpr std::uint64_t entries_at_once = 8192;
    constexpr std::uint64_t present_or_swapped = 3ull << 62; // Documentation/admin-guide/mm/pagemap.rst
    std::vector<MemoryRange> parts;
    std::vector<std::uint64_t> entries(entries_at_once);
    for (const auto& range : ranges) {
        const auto before = parts.size();
        const auto add = [&](std::uint64_t start, std::uint64_t end) {
            append_part({start, end, range.is_stack, range.end}, before, parts);
        };
        for (auto at = range.start; at < range.end;) {
            const auto wanted = std::min(entries_at_once, (range.end - at + page - 1) / page);
            const std::span into{reinterpret_cast<char*>(entries.data()), wanted * sizeof entries[0]};
            const auto got = read(at / page * sizeof entries[0], into) / sizeof entries[0];
            for (std::uint64_t index = 0; index < got; ++index) {
                if ((entries[index] & present_or_swapped) != 0) {
                    add(at + index * page, std::min(range.end, at + (index + 1) * page));
                }
            }
            at += got * page;
            if (got < wanted) {
                add(at, range.end);
                break;
            }
        }
    }
    return parts;
}

} // namespace tasks::inspect
