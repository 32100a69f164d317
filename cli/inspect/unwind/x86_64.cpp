#include "unwind/x86_64.hpp"

#include <algorithm>
#include <cstring>

namespace tasks::inspect::x86_64 {

namespace {

std::int32_t signed_32(Code code, std::size_t at) {
    std::int32_t value = 0;
    std::memcpy(&value, code.data() + at, sizeof value);
    return value;
}

bool starts_with(Code code, std::initializer_list<std::uint8_t> bytes) {
    return code.size() >= bytes.size() && std::equal(bytes.begin(), bytes.end(), code.begin());
}

// FF /2, an instruction of exactly `length` bytes: opcode, ModRM, SIB when rm is 4, displacement as mod tells.
bool is_indirect_call(Code code) {
    if (code.size() < 2 || code[0] != 0xff || (code[1] & 0x38) != 0x10)
        return false;
    const unsigned mod = code[1] >> 6;
    const unsigned rm = code[1] & 7u;
    if (mod == 3)
        return code.size() == 2;
    std::size_t length = 2;
    const bool sib = rm == 4;
    if (sib)
        length += 1;
    if (mod == 1)
        length += 1;
    if (mod == 2 || (mod == 0 && rm == 5))
        length += 4;
    if (mod == 0 && sib && code.size() > 2 && (code[2] & 7) == 5)
        length += 4;
    return code.size() == length;
}

constexpr std::initializer_list<std::uint8_t> endbr64{0xf3, 0x0f, 0x1e, 0xfa};

// Walks a function's first instructions; `at` is the next one.
struct Prologue {
    Code code;
    std::size_t at = 0;
    std::uint64_t below_base = 0;
    bool base_set = false;

    Code rest() const { return code.subspan(at); }

    bool step();
    bool push(Code next);
    bool subtract(Code next);
    bool move(Code next);
};

bool Prologue::push(Code next) {
    const bool extended = next.size() >= 2 && next[0] == 0x41;
    const std::size_t opcode = extended ? 1 : 0;
    if (next.size() <= opcode || next[opcode] < 0x50 || next[opcode] > 0x57)
        return false;
    below_base += base_set ? 8u : 0u;
    at += opcode + 1;
    return true;
}

bool Prologue::subtract(Code next) {
    if (starts_with(next, {0x48, 0x83, 0xec}) && next.size() >= 4 && next[3] < 0x80) {
        below_base += base_set ? std::uint64_t{next[3]} : 0u;
        at += 4;
        return true;
    }
    if (starts_with(next, {0x48, 0x83, 0xc4}) && next.size() >= 4 && next[3] >= 0x80) { // add $-128, shorter
        below_base += base_set ? 256u - std::uint64_t{next[3]} : 0u;
        at += 4;
        return true;
    }
    if (starts_with(next, {0x48, 0x81, 0xec}) && next.size() >= 7 && signed_32(next, 3) > 0) {
        below_base += base_set ? static_cast<std::uint64_t>(signed_32(next, 3)) : 0u;
        at += 7;
        return true;
    }
    return false;
}

// Moves between registers, and `xor`, that do not write %rsp: compilers put them between the pushes.
bool Prologue::move(Code next) {
    if (starts_with(next, {0x48, 0x89, 0xe5}) || starts_with(next, {0x48, 0x8b, 0xec})) {
        base_set = true;
        below_base = 0;
        at += 3;
        return true;
    }
    const std::size_t prefix = !next.empty() && (next[0] & 0xf0) == 0x40 ? 1 : 0;
    if (next.size() < prefix + 2 || (next[prefix + 1] & 0xc0) != 0xc0)
        return false;
    const std::uint8_t opcode = next[prefix];
    const bool high_register = prefix == 1 && (next[0] & 1) != 0;
    const bool writes_stack_register = (next[prefix + 1] & 7) >= 4 && (next[prefix + 1] & 7) <= 5 && !high_register;
    if ((opcode != 0x89 && opcode != 0x31) || writes_stack_register)
        return false;
    at += prefix + 2;
    return true;
}

bool Prologue::step() {
    const Code next = rest();
    if (starts_with(next, endbr64)) {
        at += endbr64.size();
        return true;
    }
    return push(next) || subtract(next) || move(next);
}

} // namespace

bool is_signal_return(Code code) {
    return starts_with(code, {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05}) ||
           starts_with(code, {0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05});
}

Call call_before(Code before, std::uint64_t return_address) {
    bool indirect = false;
    for (std::size_t length = 2; length <= std::min(before.size(), longest_call); ++length)
        indirect = indirect || is_indirect_call(before.last(length));
    if (before.size() >= 5 && before[before.size() - 5] == 0xe8) {
        const auto distance = static_cast<std::int64_t>(signed_32(before, before.size() - 4));
        return {CallKind::direct, return_address + static_cast<std::uint64_t>(distance), indirect};
    }
    return {indirect ? CallKind::indirect : CallKind::none, 0, indirect};
}

std::optional<std::uint64_t> jump_slot(Code code, std::uint64_t address) {
    std::size_t at = starts_with(code, endbr64) ? 4 : 0;
    if (code.size() > at && code[at] == 0xf2)
        ++at;
    if (!starts_with(code.subspan(at), {0xff, 0x25}) || code.size() < at + 6)
        return std::nullopt;
    return address + at + 6 + static_cast<std::uint64_t>(static_cast<std::int64_t>(signed_32(code, at + 2)));
}

std::optional<std::uint64_t> frame_size_after(Code first_instructions) {
    Prologue prologue{first_instructions};
    while (prologue.at < first_instructions.size() && prologue.step()) {
    }
    if (!prologue.base_set)
        return std::nullopt;
    return prologue.below_base;
}

// With a REX.W prefix whose other bits say which half of the registers is meant: sub or mov from a register to %rsp
// (29, 89), sub or mov from a register or memory (2b, 8b), lea (8d), and with a constant (83 /4, 81 /4). Not
// `lea -N(%rbp), %rsp`, which ends functions with large fixed frames too.
bool may_have_dynamic_frame(Code function) {
    for (std::size_t i = 0; i + 3 <= function.size(); ++i) {
        const std::uint8_t prefix = function[i];
        const std::uint8_t opcode = function[i + 1];
        const std::uint8_t modrm = function[i + 2];
        if ((prefix & 0xf8) != 0x48)
            continue;
        const bool into_rm = (modrm & 0xc7) == 0xc4 && (prefix & 1) == 0;
        const bool into_reg = (modrm & 0x38) == 0x20 && (prefix & 4) == 0;
        const bool end_of_frame = opcode == 0x8d && prefix == 0x48 && (modrm == 0x65 || modrm == 0xa5);
        if ((opcode == 0x29 || opcode == 0x89) && into_rm)
            return true;
        if ((opcode == 0x2b || opcode == 0x8b || opcode == 0x8d) && into_reg && !end_of_frame)
            return true;
        if ((opcode == 0x83 || opcode == 0x81) && modrm == 0xe4 && (prefix & 1) == 0)
            return true;
    }
    return false;
}

} // namespace tasks::inspect::x86_64
