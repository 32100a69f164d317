// Which frame a word points to: its beginning, its promise or something in it. Asked for every word of every frame, so
// that it is a hash table (10 ns) behind a compare and a filter that the second-level cache holds. Refers to the nodes
// it was made of, which are by address.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coroutines/frame_nodes.hpp"
#include "coroutines/word_range.hpp"

namespace tasks::inspect {

class FrameAddresses {
public:
    explicit FrameAddresses(std::span<const FrameNode> nodes);

    struct Target {
        std::uint32_t frame = 0;
        FrameEdge::To to = FrameEdge::To::frame;
    };
    /// In it lie all frames: no other word points to one.
    const WordRange& all() const noexcept { return all_; }
    /// The frame that begins there, or whose promise does. `near`: whose word that is; frames of one chain were often
    /// allocated one behind the other, and what lies beside it is in the cache.
    std::optional<Target> at(std::uint64_t address, std::uint32_t near) const noexcept;
    /// The frame around that address; slower.
    std::optional<std::uint32_t> around(std::uint64_t address) const noexcept;

private:
    struct Slot {
        std::uint64_t address = 0;
        Target target;
    };

    void put(std::uint64_t address, Target target);
    bool may_be(std::uint64_t address) const noexcept;
    std::optional<Target> beside(std::uint64_t address, std::uint32_t near) const noexcept;

    std::span<const FrameNode> nodes_;
    std::vector<Slot> slots_;           ///< open addressing, a power of two, at most half full
    std::vector<std::uint64_t> filter_; ///< a bit for each hash of an address, some ten times as many
    WordRange all_;
};

} // namespace tasks::inspect
