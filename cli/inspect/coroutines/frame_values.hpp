// Arguments and local variables of a coroutine frame as text: numbers, enumerators, pointers, strings; of other classes
// the name of the type. Each type is understood once. What the process has there may be anything: texts are cut at 64
// bytes and escaped, a local variable may not be initialised yet. One thread at a time.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "capture/process_memory.hpp"
#include "coroutines/coroutine_code.hpp"
#include "coroutines/coroutine_facts.hpp"

namespace tasks::inspect {

class FrameValues {
public:
    static constexpr std::size_t longest_text = 64;
    static constexpr std::size_t most_values = 64; ///< of a frame

    explicit FrameValues(const ProcessMemory& memory) : memory_(memory) {}

    struct Wanted {
        bool arguments = false;
        bool locals = false;
    };
    /// `types`: which FrameMember::type is in; null: there is no value.
    std::vector<FrameValue> values(std::uint64_t frame, const FrameLayout& layout, Dwarf* types, Wanted wanted);

private:
    enum class Kind : std::uint8_t {
        other,
        signed_number,
        unsigned_number,
        floating,
        boolean,
        character,
        enumeration,
        pointer,
        char_pointer,
        string,     ///< libstdc++'s: pointer, length
        string_view ///< length, pointer
    };
    struct Type {
        Kind kind = Kind::other;
        std::uint32_t bytes = 0;
        std::string name;
        std::map<std::uint64_t, std::string> enumerators;
    };

    const Type& type_of(Dwarf* types, std::uint64_t offset);
    Type understood(Dwarf_Die die) const;
    Type class_of(Dwarf_Die die) const;
    Type base_type(Dwarf_Die die) const;
    Type enumeration_of(Dwarf_Die die) const;
    std::string text(const Type& type, const char* bytes) const;
    std::string quoted(std::uint64_t address, std::uint64_t length) const;
    std::string quoted_until_zero(std::uint64_t address) const;

    const ProcessMemory& memory_;
    std::map<std::pair<Dwarf*, std::uint64_t>, Type> types_;
};

} // namespace tasks::inspect
