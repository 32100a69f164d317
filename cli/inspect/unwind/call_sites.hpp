// Judges whether a word of a stack is a return address, and of a call to which function, from the code bytes before
// it in the module's file. Answers are kept. Refers to the ModuleMap it was made with. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "unwind/module_map.hpp"
#include "unwind/x86_64.hpp"

namespace tasks::inspect {

/// How well a return address fits a function as the one that was called; higher is better.
enum class CallFit : std::uint8_t {
    none,      ///< no call lies before it
    elsewhere, ///< a direct call to another function, which may have jumped here at its end
    possible,  ///< a call through a register, memory or a slot of unknown name, or by the kernel: a signal handler
    proof,     ///< a direct call to exactly this function, perhaps by the procedure linkage table
};

class CallSites {
public:
    explicit CallSites(ModuleMap& modules) : modules_(modules) {}

    /// `function`: the start of the called function; empty: not known, so nothing is a proof.
    CallFit fit(std::uint64_t return_address, std::optional<std::uint64_t> function);

    /// Where the function around pc starts.
    std::optional<std::uint64_t> function_start(std::uint64_t pc, bool exact);
    /// Whether the function has a frame of always the same size, as far as its code tells.
    bool has_fixed_frame(std::uint64_t function);
    /// The bytes from `start` to `pc`, at most `count`; returns how many.
    std::size_t code(std::uint64_t start, std::uint64_t pc, std::uint8_t* into, std::size_t count);

private:
    CallFit judge(std::uint64_t return_address, std::optional<std::uint64_t> function);
    CallFit judge_target(std::uint64_t target, std::uint64_t function);
    bool judge_frame(std::uint64_t function);

    ModuleMap& modules_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, CallFit> known_;
    std::map<std::uint64_t, bool> fixed_frames_;
};

} // namespace tasks::inspect
