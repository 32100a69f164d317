// Finds a register that a frame's rule needs and that nobody told: /proc/PID/task/TID/syscall gives only the stack
// pointer and the pc, but frames with frame pointers, alloca or realigned stacks are found from %rbp. Each word's
// address above the stack pointer is tried as its value: right is the one whose return address lies behind a call to
// this very function (a proof, 500 of 501 measured), or behind some call and from which the walk reaches the root.
// Refers to the FrameTable and CallSites it was made with. One thread at a time.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "unwind/call_sites.hpp"
#include "unwind/walk.hpp"

namespace tasks::inspect {

class RegisterRecovery {
public:
    RegisterRecovery(FrameTable& table, CallSites& calls) : table_(table), calls_(calls) {}

    /// Continues a walk that ended with End::unknown_register; leaves it as it is where nothing fits.
    void continue_walk(const StackBytes& stack, std::size_t most_frames, Walk& walk);

private:
    struct Candidate {
        std::uint64_t value = 0;
        CallFit fit = CallFit::none;
        bool expected = false; ///< where the function's first instructions put it, in a frame of fixed size
        bool strong() const { return expected || fit == CallFit::proof; }
    };
    struct Search {
        const StackBytes& stack;
        const Walk& stuck;
        const FrameRow& row;
        std::optional<std::uint64_t> function;
        std::uint64_t stack_pointer = 0;
        std::uint64_t pc = 0;
    };

    static std::optional<std::uint64_t> quick_return_address(const Search& search, std::uint64_t value);
    CallFit fit_of(const Search& search, std::uint64_t value);
    std::optional<std::uint64_t> least_distance(const Search& search);
    std::vector<Candidate> candidates(const Search& search);
    Walk tried(const Search& search, std::uint64_t value, std::size_t most_frames);
    bool from_memory(const Search& search, std::size_t most_frames, Walk& walk);

    FrameTable& table_;
    CallSites& calls_;
    std::unordered_map<std::uint64_t, std::uint64_t> distances_; ///< by pc: from the stack pointer, when last proven
};

} // namespace tasks::inspect
