#include "capture/pagemap_scan.hpp"

#include <array>
#include <cstdint>

#include <sys/ioctl.h>

#include "capture/memory_ranges.hpp"

namespace tasks::inspect {
namespace {

// <linux/fs.h> of 6.7; older headers do not have it.
struct ScanQuestion {
    std::uint64_t size = sizeof(ScanQuestion);
    std::uint64_t flags = 0;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t walk_end = 0; ///< where the answer ends
    std::uint64_t regions = 0;
    std::uint64_t region_count = 0;
    std::uint64_t max_pages = 0;
    std::uint64_t category_inverted = 0;
    std::uint64_t category_mask = 0;
    std::uint64_t category_anyof_mask = 0;
    std::uint64_t return_mask = 0;
};
static_assert(sizeof(ScanQuestion) == 96);

struct Region {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t categories = 0;
};

constexpr unsigned long pagemap_scan = _IOWR('f', 16, ScanQuestion);
constexpr std::uint64_t present_or_swapped = 1u << 3 | 1u << 4;

} // namespace

std::optional<std::vector<MemoryRange>> scan_written_parts(int pagemap, std::span<const MemoryRange> ranges) {
    std::vector<MemoryRange> parts;
    std::array<Region, 512> regions;
    for (const auto& range : ranges) {
        const auto before = parts.size();
        for (auto at = range.start; at < range.end;) {
            ScanQuestion question;
            question.start = at;
            question.end = range.end;
            question.regions = reinterpret_cast<std::uintptr_t>(regions.data());
            question.region_count = regions.size();
            question.category_anyof_mask = question.return_mask = present_or_swapped;
            const int got = ::ioctl(pagemap, pagemap_scan, &question);
            if (got < 0 || question.walk_end <= at) {
                return std::nullopt;
            }
            for (const auto& region : std::span{regions}.first(static_cast<std::size_t>(got))) {
                append_part({region.start, region.end, range.is_stack, range.end}, before, parts);
            }
            at = question.walk_end;
        }
    }
    return parts;
}

} // namespace tasks::inspect
