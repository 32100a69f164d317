// One line of a stack as a person reads it: where a thread is, or where a coroutine is suspended. Value types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "coroutines/coroutine_facts.hpp"

namespace tasks::inspect {

/// Of a frame that no thread runs: the coroutine's suspend point, and how sure the line is.
struct SuspendedAt {
    std::optional<std::uint32_t> number; ///< in source order; unset: not known
    PointKind kind = PointKind::await;
    Provenance provenance = Provenance::none;
    bool inferred = false; ///< it may have been freed, or its place in the stack is weak

    bool operator==(const SuspendedAt&) const = default;
};

struct Frame {
    std::string function; ///< demangled; "" where no symbol is known
    std::string file;     ///< "" not known
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    bool inlined = false;                   ///< inlined into the next frame outwards
    std::string module;                     ///< path of the ELF file; "" not known
    std::uint64_t address = 0;              ///< the pc
    std::uint64_t module_offset = 0;        ///< of the pc in the module, for `module+0x..` where no symbol is known
    std::optional<SuspendedAt> suspended{}; ///< of a coroutine

    bool operator==(const Frame&) const = default;
};

} // namespace tasks::inspect
