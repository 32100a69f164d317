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

// How many bytes ModRM and what it asks for take: SIB when rm is 4, displacement as mod tells.
std::optional<std::size_t> operand_bytes(Code from_modrm) {
    if (from_modrm.empty())
        return std::nullopt;
    const unsigned mod = from_modrm[0] >> 6;
    const unsigned rm = from_modrm[0] & 7u;
    const bool sib = mod != 3 && rm == 4;
    if (sib && from_modrm.size() < 2)
        return std::nullopt;
    const bool no_base = mod == 0 && (rm == 5 || (sib && (from_modrm[1] & 7u) == 5));
    const std::size_t displacement = mod == 1 ? 1 : mod == 2 || no_base ? 4 : 0;
    const std::size_t length = (sib ? 2 : 1) + displacement;
    return length <= from_modrm.size() ? std::optional{length} : std::nullopt;
}

// FF /2, an instruction of exactly the code's length.
bool is_indirect_call(Code code) {
    if (code.size() < 2 || code[0] != 0xff || (code[1] & 0x38) != 0x10)
        return false;
    return operand_bytes(code.subspan(1)) == code.size() - 1;
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
    bool set_base(Code next);
    bool skip(Code next);
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

bool Prologue::set_base(Code next) {
    if (!starts_with(next, {0x48, 0x89, 0xe5}) && !starts_with(next, {0x48, 0x8b, 0xec}))
        return false;
    base_set = true;
    below_base = 0;
    at += 3;
    return true;
}

// What compilers put between the pushes: mov, lea, xor and test of registers and memory, also of a thread's own (fs),
// and constants into registers; none that writes %rsp or %rbp.
bool Prologue::skip(Code next) {
    const auto writes_stack_register = [](unsigned number, bool high) { return (number & 6u) == 4 && !high; };
    std::size_t length = starts_with(next, {0x64}) ? 1 : 0;
    const std::uint8_t rex = next.size() > length && (next[length] & 0xf0) == 0x40 ? next[length++] : std::uint8_t{};
    if (next.size() < length + 2)
        return false;
    const std::uint8_t opcode = next[length++];
    if ((opcode & 0xf8) == 0xb8) {
        length += (rex & 8) != 0 ? 8 : 4;
        if (writes_stack_register(opcode & 7u, (rex & 1) != 0) || length > next.size())
            return false;
        at += length;
        return true;
    }
    const auto operand = operand_bytes(next.subspan(length));
    const std::uint8_t modrm = next[length];
    const bool into_register = opcode == 0x8b || opcode == 0x8d || opcode == 0x33;
    const bool into_operand = opcode == 0x89 || opcode == 0x31;
    if (!operand || (!into_register && !into_operand && opcode != 0x85) ||
        (into_register && writes_stack_register((modrm >> 3) & 7u, (rex & 4) != 0)) ||
        (into_operand && modrm >= 0xc0 && writes_stack_register(modrm & 7u, (rex & 1) != 0)))
        return false;
    at += length + *operand;
    return true;
}

bool Prologue::step() {
    const Code next = rest();
    if (starts_with(next, endbr64)) {
        at += endbr64.size();
        return true;
    }
    return push(next) || subtract(next) || set_base(next) || skip(next);
}

} // namespace

bool is_signal_return(Code code) {
    return starts_with(code, {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05}) ||
           starts_with(code, {0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05});
}

bool is_fiber_root(Code code) {
    constexpr std::size_t call = 3;
    if (starts_with(code, endbr64)) // in builds for shadow stacks
        code = code.subspan(endbr64.size());
    const bool exits = code.size() >= call + 6 && starts_with(code, {0x48, 0x31, 0xff, 0xe8}) && code[call + 5] == 0xf4;
    return exits || starts_with(code, {0x55, 0xff, 0xe3});
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
