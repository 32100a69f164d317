#include "coroutines/frame_addresses.hpp"

#include <algorithm>
#include <bit>

namespace tasks::inspect {

namespace {

constexpr std::size_t bits = 64;

std::size_t place_of(std::uint64_t address, std::size_t size) noexcept {
    return static_cast<std::size_t>((address * 0x9e3779b97f4a7c15u) >> 32) & (size - 1);
}

} // namespace

FrameAddresses::FrameAddresses(std::span<const FrameNode> nodes)
    : nodes_(nodes), slots_(std::bit_ceil(std::max<std::size_t>(nodes.size(), 4) * 4)),
      filter_(slots_.size() * 4 / bits) {
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
        put(nodes[i].address, {i, FrameEdge::To::frame});
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
        put(nodes[i].address + nodes[i].promise, {i, FrameEdge::To::promise});
    std::uint64_t end = 0;
    for (const FrameNode& node : nodes)
        end = std::max(end, node.end());
    if (!nodes.empty())
        all_ = {nodes.front().address, end - 1};
}

// The first counts: a frame's beginning before a promise.
void FrameAddresses::put(std::uint64_t address, Target target) {
    const std::size_t bit = place_of(address, filter_.size() * bits);
    filter_[bit / bits] |= 1ull << bit % bits;
    for (std::size_t at = place_of(address, slots_.size());; at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at].address == address)
            return;
        if (slots_[at].address == 0) {
            slots_[at] = {address, target};
            return;
        }
    }
}

bool FrameAddresses::may_be(std::uint64_t address) const noexcept {
    const std::size_t bit = place_of(address, filter_.size() * bits);
    return (filter_[bit / bits] >> bit % bits & 1) != 0;
}

// The beginnings of the frames next to one.
std::optional<FrameAddresses::Target> FrameAddresses::beside(std::uint64_t address, std::uint32_t near) const noexcept {
    constexpr std::uint32_t widest = 2;
    const std::uint32_t last = std::min<std::uint32_t>(near + widest, static_cast<std::uint32_t>(nodes_.size()) - 1);
    for (std::uint32_t i = near - std::min(near, widest); i <= last; ++i)
        if (nodes_[i].address == address)
            return Target{i, FrameEdge::To::frame};
    return std::nullopt;
}

std::optional<FrameAddresses::Target> FrameAddresses::at(std::uint64_t address, std::uint32_t near) const noexcept {
    if (!all_.has(address) || address % 8 != 0 || !may_be(address))
        return std::nullopt;
    if (const auto found = beside(address, near))
        return found;
    for (std::size_t at = place_of(address, slots_.size());; at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at].address == address)
            return slots_[at].target;
        if (slots_[at].address == 0)
            return std::nullopt;
    }
}

std::optional<std::uint32_t> FrameAddresses::around(std::uint64_t address) const noexcept {
    if (!all_.has(address))
        return std::nullopt;
    const auto after =
        std::upper_bound(nodes_.begin(), nodes_.end(), address,
                         [](std::uint64_t wanted, const FrameNode& node) { return wanted < node.address; });
    if (after == nodes_.begin() || address >= (after - 1)->end() || !(after - 1)->firm_size)
        return std::nullopt;
    return static_cast<std::uint32_t>(after - nodes_.begin() - 1);
}

} // namespace tasks::inspect
