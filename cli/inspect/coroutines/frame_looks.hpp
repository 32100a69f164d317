// Reads the frames that were found, twice or more, and takes what two looks in a row agree on: their suspend index and
// the words that point to other frames. A process goes on while it is looked at, so that a frame may be gone, or move
// on, between two reads. Whose words are all as they were is not gone through again. To count, one look is enough. One
// read takes in many frames. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/process_memory.hpp"
#include "coroutines/compiler_frames.hpp"
#include "coroutines/frame_addresses.hpp"
#include "coroutines/frame_nodes.hpp"

namespace tasks::inspect {

/// What is the same for all frames of one function.
struct FrameShape {
    const CompilerFrames* compiler = nullptr;
    std::uint64_t resume = 0; ///< address in the process
    std::uint64_t destroy = 0;
    std::uint64_t cleanup = 0;
    FrameLayout layout;
};

class FrameLooks {
public:
    /// Longer frames are read up to here: for chains their first part is enough.
    static constexpr std::uint32_t most_bytes = 64u << 10;
    static constexpr int usual_looks = 5; ///< at the most

    /// `shapes[of[i]]` is the shape of `nodes[i]`; nodes are by address.
    FrameLooks(const ProcessMemory& memory, std::span<const FrameShape* const> shapes, std::vector<FrameNode>& nodes);

    /// Fills the nodes. Gives back, by node, whether it is there and did not change; of one look, whether it is there.
    std::vector<bool> run(int most_looks = usual_looks);

    /// Of those that changed, the addresses of the frames that were there at the last look.
    const std::vector<std::uint64_t>& at_work() const noexcept { return at_work_; }

private:
    bool look(std::uint32_t number, std::span<const std::uint64_t> words, FrameNode& seen) const;
    bool look_again(std::uint32_t number, std::span<const std::uint64_t> words);
    std::uint64_t part_end(std::uint32_t number) const noexcept;
    template <class Visit> void read_each(std::span<const std::uint32_t> numbers, Visit&& visit) const;

    const ProcessMemory& memory_;
    std::span<const FrameShape* const> shapes_;
    std::vector<FrameNode>& nodes_;
    FrameAddresses addresses_;
    std::vector<bool> there_;
    std::vector<std::uint64_t> at_work_;
};

} // namespace tasks::inspect
