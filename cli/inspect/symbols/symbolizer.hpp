// Names and lines for program counters: a sorted symbol table for the name, DWARF lines and inlined calls with an
// index of ranges per compilation unit, read only when asked for. Each distinct pc is looked up once and kept.
// One thread at a time.
#pragma once

#include <memory>
#include <vector>

#include "symbols/frame.hpp"
#include "unwind/module_map.hpp"

namespace tasks::inspect {

class Symbolizer {
public:
    explicit Symbolizer(ModuleMap& modules);
    ~Symbolizer();

    /// The frames at that pc, innermost first: calls inlined there, then the function itself (the last one has
    /// inlined == false). Never empty. `exact`: the instruction itself; else a return address, and the call before it
    /// is meant.
    const std::vector<Frame>& frames(std::uint64_t pc, bool exact);
    /// The function there as the symbol table alone tells it, without lines and inlined calls: one frame. Of libraries
    /// that nobody asks lines of, this costs a tenth.
    const std::vector<Frame>& symbol(std::uint64_t pc, bool exact);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace tasks::inspect
