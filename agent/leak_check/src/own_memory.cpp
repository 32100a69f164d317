#include "own_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "capture/file_descriptor.hpp"
#include "capture/memory_ranges.hpp"
#include "capture/memory_watch.hpp"
#include "capture/pagemap_scan.hpp"

namespace tasks::leaks {
namespace {

constexpr std::size_t most_maps_bytes = 32u << 20;
/// No heap is that large, but what a sanitizer keeps for itself; to list its pages without PAGEMAP_SCAN takes 16 s.
constexpr std::uint64_t reserved_bytes = std::uint64_t{1} << 40;

std::uint64_t address_of(std::span<char> bytes) { return reinterpret_cast<std::uintptr_t>(bytes.data()); }

} // namespace

std::size_t copy_own(std::uint64_t address, std::span<char> into) {
    const iovec remote{reinterpret_cast<void*>(address), into.size()};
    return inspect::read_memory(::getpid(), {&remote, 1}, into);
}

std::size_t OwnMemory::read(std::uint64_t address, std::span<char> into) const {
    const std::size_t got = copy_own(address, into);
    blank_buffers(address, into.first(got));
    return got;
}

void OwnMemory::blank_buffers(std::uint64_t address, std::span<char> into) const {
    const std::lock_guard lock{mutex_};
    const auto known = std::ranges::find(buffers_, into.data(), &std::span<char>::data);
    if (known == buffers_.end())
        buffers_.push_back(into);
    else if (known->size() < into.size())
        *known = into;
    for (const auto& buffer : buffers_) {
        const auto from = std::max(address, address_of(buffer));
        const auto to = std::min(address + into.size(), address_of(buffer) + buffer.size());
        if (from < to)
            std::memset(into.data() + (from - address), 0, to - from);
    }
}

std::vector<inspect::MemoryRange> own_written_memory(const inspect::World& world) {
    const auto pid = static_cast<std::uint32_t>(::getpid());
    const auto maps = world.proc.read(pid, "maps", most_maps_bytes);
    if (!maps)
        return {};
    auto ranges = inspect::parse_memory_ranges(*maps);
    std::erase_if(ranges, [](const inspect::MemoryRange& range) { return range.end - range.start >= reserved_bytes; });
    const inspect::FileDescriptor pagemap{::open(world.proc.path(pid, "pagemap").c_str(), O_RDONLY | O_CLOEXEC)};
    if (!pagemap)
        return ranges;
    if (auto parts = inspect::scan_written_parts(pagemap.get(), ranges))
        return *std::move(parts);
    return inspect::written_parts(ranges, [&pagemap](std::uint64_t offset, std::span<char> into) {
        const auto got = ::pread(pagemap.get(), into.data(), into.size(), static_cast<off_t>(offset));
        return got < 0 ? std::size_t{0} : static_cast<std::size_t>(got);
    });
}

} // namespace tasks::leaks
