// The row of the call frame table for a pc, from .eh_frame or else .debug_frame of its module, kept by pc: 1,001
// threads had 141 pcs. Refers to the ModuleMap it was made with. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include "unwind/frame_row.hpp"
#include "unwind/module_map.hpp"

namespace tasks::inspect {

class FrameTable {
public:
    explicit FrameTable(ModuleMap& modules) : modules_(modules) {}

    struct Entry {
        FrameRow row;
        bool in_module = false; ///< false: outside all modules
        bool by_table = false;  ///< false: no row was found, `row` follows frame pointers
    };

    /// `exact`: pc is the instruction itself; else a return address, and the call before it is meant.
    const Entry& at(std::uint64_t pc, bool exact);

private:
    Entry read(std::uint64_t pc, bool exact);

    ModuleMap& modules_;
    std::unordered_map<std::uint64_t, std::unique_ptr<const Entry>> exact_;
    std::unordered_map<std::uint64_t, std::unique_ptr<const Entry>> calls_;
};

} // namespace tasks::inspect
