// One line of a stack as a person reads it. Value type.
#pragma once

#include <cstdint>
#include <string>

namespace tasks::inspect {

struct Frame {
    std::string function; ///< demangled; "" where no symbol is known
    std::string file;     ///< "" not known
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    bool inlined = false;            ///< inlined into the next frame outwards
    std::string module;              ///< path of the ELF file; "" not known
    std::uint64_t address = 0;       ///< the pc
    std::uint64_t module_offset = 0; ///< of the pc in the module, for `module+0x..` where no symbol is known

    bool operator==(const Frame&) const = default;
};

} // namespace tasks::inspect
