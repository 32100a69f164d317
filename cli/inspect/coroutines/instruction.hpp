// One machine instruction in terms that do not depend on the processor: as much of it as the walk over a coroutine's
// code needs. What it does not know is `other`, with the registers that it changes. Plain values, no state.
#pragma once

#include <cstdint>

namespace tasks::inspect {

enum class Operation : std::uint8_t {
    other,
    nothing, ///< changes no register and no flag
    move,
    move_signed, ///< sign-extends
    move_if,     ///< on a condition
    set_if,      ///< to 1 or 0, on a condition
    load_address,
    add,
    subtract,
    bit_and,
    bit_or,
    bit_xor,
    shift_left,
    shift_right,
    shift_right_signed,
    compare,
    test,
    bit_test,
    push,
    pop,
    jump,
    branch, ///< on a condition
    call,
    stop, ///< return, trap
};

enum class Condition : std::uint8_t {
    never_known,
    equal,
    not_equal,
    above,
    above_equal,
    below,
    below_equal,
    greater,
    greater_equal,
    less,
    less_equal,
    negative,
    not_negative,
};

struct Operand {
    static constexpr std::uint8_t no_register = 0xff;
    enum class Kind : std::uint8_t { none, reg, constant, memory };

    Kind kind = Kind::none;
    std::uint8_t bytes = 0;           ///< how many it reads or writes
    std::uint8_t reg = no_register;   ///< the register; of memory: its base
    std::uint8_t index = no_register; ///< of memory
    std::uint8_t scale = 1;           ///< of memory
    std::int64_t number = 0;          ///< the constant; of memory: the displacement, or the address without a base
};

struct Instruction {
    std::uint64_t address = 0;
    std::uint8_t size = 0;
    Operation operation = Operation::other;
    Condition condition = Condition::never_known;
    bool keeps_flags = false;
    std::uint32_t changed = 0; ///< registers it writes, a bit each
    Operand to;                ///< also the target of jumps, branches and calls
    Operand from;

    std::uint64_t next() const noexcept { return address + size; }
};

} // namespace tasks::inspect
