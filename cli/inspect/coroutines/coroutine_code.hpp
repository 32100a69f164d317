// What the code and the debug information of one coroutine function tell of its frames: the compiler's own facts,
// before any frame is looked at. Addresses are the ELF file's own. Value types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tasks::inspect {

enum class CoroutineCompiler : std::uint8_t { gcc, clang };

/// A range of code; empty: there is none.
struct CodeRange {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
};

/// The functions that a compiler made of one coroutine function, by their symbols.
struct CoroutineCode {
    CoroutineCompiler compiler = CoroutineCompiler::gcc;
    std::string linkage_name; ///< of the function as written: _Z7sessioni
    CodeRange resume;         ///< g++ `.actor`, clang `.resume`
    CodeRange resume_cold;    ///< of g++: `.actor.cold`
    CodeRange destroy;
    CodeRange cleanup; ///< clang: in place of `destroy` where the frame lies in another one, or on a stack
    CodeRange ramp;    ///< the function as callers see it
};

/// A field of a frame.
struct FrameField {
    std::uint32_t offset = 0;
    std::uint32_t bytes = 0;

    bool operator==(const FrameField&) const = default;
};

/// A variable that lives in a frame.
struct FrameMember {
    std::string name; ///< as the source has it
    FrameField field;
    std::uint64_t type = 0; ///< offset of its type's DIE in the unit's Dwarf; 0: not known
    bool argument = false;
    std::int32_t await_number = -1; ///< g++ `Aw3`, `Yd3`: the awaiter of that number; -1: not an awaiter

    bool operator==(const FrameMember&) const = default;
};

/// How its frames are laid out. What is not known is unset.
struct FrameLayout {
    std::optional<std::uint64_t> size;
    std::optional<FrameField> promise;
    std::optional<FrameField> index; ///< where its suspend index is
    std::vector<FrameMember> members;
    bool from_debug_information = false;

    bool operator==(const FrameLayout&) const = default;
};

} // namespace tasks::inspect
