#include "coroutines/x86_64_code.hpp"

#include <array>
#include <memory>

#include <capstone/capstone.h>

namespace tasks::inspect::x86_64_code {

namespace {

struct Register {
    std::uint8_t number = Operand::no_register;
    std::uint8_t bytes = 0;
};

// By hardware number; each in its four widths.
constexpr std::array<std::array<x86_reg, 4>, register_count> names{{
    {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL},
    {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL},
    {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL},
    {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL},
    {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL},
    {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL},
    {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
    {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
    {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
    {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
    {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B},
    {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B},
    {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B},
    {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B},
    {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B},
    {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B},
}};

using Registers = std::array<Register, X86_REG_ENDING>;

// ah, bh, ch and dh stay unknown: no compiler keeps an index there.
Registers numbered() {
    Registers table{};
    for (std::size_t number = 0; number < names.size(); ++number)
        for (std::size_t width = 0; width < names[number].size(); ++width)
            table[names[number][width]] = {static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(8 >> width)};
    return table;
}

Register register_of(x86_reg name) {
    static const Registers table = numbered();
    return name < X86_REG_ENDING ? table[name] : Register{};
}

struct Meaning {
    Operation operation = Operation::other;
    Condition condition = Condition::never_known;
    bool keeps_flags = false;
};

Meaning branch(Condition condition) { return {Operation::branch, condition, true}; }

Meaning meaning_of_branch(unsigned id) {
    switch (id) {
    case X86_INS_JE:
        return branch(Condition::equal);
    case X86_INS_JNE:
        return branch(Condition::not_equal);
    case X86_INS_JA:
        return branch(Condition::above);
    case X86_INS_JAE:
        return branch(Condition::above_equal);
    case X86_INS_JB:
        return branch(Condition::below);
    case X86_INS_JBE:
        return branch(Condition::below_equal);
    case X86_INS_JG:
        return branch(Condition::greater);
    case X86_INS_JGE:
        return branch(Condition::greater_equal);
    case X86_INS_JL:
        return branch(Condition::less);
    case X86_INS_JLE:
        return branch(Condition::less_equal);
    case X86_INS_JS:
        return branch(Condition::negative);
    case X86_INS_JNS:
        return branch(Condition::not_negative);
    default:
        return branch(Condition::never_known);
    }
}

Meaning meaning_of(unsigned id) {
    switch (id) {
    case X86_INS_NOP:
    case X86_INS_ENDBR64:
        return {Operation::nothing, {}, true};
    case X86_INS_MOV:
    case X86_INS_MOVABS:
    case X86_INS_MOVZX:
        return {Operation::move, {}, true};
    case X86_INS_MOVSX:
    case X86_INS_MOVSXD:
    case X86_INS_CDQE:
        return {Operation::move_signed, {}, true};
    case X86_INS_LEA:
        return {Operation::load_address, {}, true};
    case X86_INS_ADD:
    case X86_INS_INC:
        return {Operation::add};
    case X86_INS_SUB:
    case X86_INS_DEC:
        return {Operation::subtract};
    case X86_INS_AND:
        return {Operation::bit_and};
    case X86_INS_OR:
        return {Operation::bit_or};
    case X86_INS_XOR:
        return {Operation::bit_xor};
    case X86_INS_SHL:
        return {Operation::shift_left};
    case X86_INS_SHR:
        return {Operation::shift_right};
    case X86_INS_SAR:
        return {Operation::shift_right_signed};
    case X86_INS_CMP:
        return {Operation::compare};
    case X86_INS_TEST:
        return {Operation::test};
    case X86_INS_BT:
        return {Operation::bit_test};
    case X86_INS_PUSH:
        return {Operation::push, {}, true};
    case X86_INS_POP:
        return {Operation::pop, {}, true};
    case X86_INS_JMP:
        return {Operation::jump, {}, true};
    case X86_INS_CALL:
        return {Operation::call};
    case X86_INS_RET:
    case X86_INS_UD2:
    case X86_INS_HLT:
    case X86_INS_INT3:
        return {Operation::stop};
    case X86_INS_SETA:
    case X86_INS_SETAE:
    case X86_INS_SETB:
    case X86_INS_SETBE:
    case X86_INS_SETE:
    case X86_INS_SETG:
    case X86_INS_SETGE:
    case X86_INS_SETL:
    case X86_INS_SETLE:
    case X86_INS_SETNE:
    case X86_INS_SETNS:
    case X86_INS_SETS:
        return {Operation::set_if, {}, true};
    case X86_INS_CMOVA:
    case X86_INS_CMOVAE:
    case X86_INS_CMOVB:
    case X86_INS_CMOVBE:
    case X86_INS_CMOVE:
    case X86_INS_CMOVG:
    case X86_INS_CMOVGE:
    case X86_INS_CMOVL:
    case X86_INS_CMOVLE:
    case X86_INS_CMOVNE:
    case X86_INS_CMOVNS:
    case X86_INS_CMOVS:
        return {Operation::move_if, {}, true};
    default:
        return {};
    }
}

bool is_branch(const cs_insn& code) {
    for (std::uint8_t i = 0; i < code.detail->groups_count; ++i)
        if (code.detail->groups[i] == X86_GRP_JUMP)
            return code.id != X86_INS_JMP && code.id != X86_INS_LJMP;
    return false;
}

Operand operand_of(const cs_x86_op& from, std::uint64_t next) {
    Operand operand;
    operand.bytes = from.size;
    if (from.type == X86_OP_IMM) {
        operand.kind = Operand::Kind::constant;
        operand.number = from.imm;
    } else if (from.type == X86_OP_REG) {
        operand.reg = register_of(from.reg).number;
        operand.kind = operand.reg == Operand::no_register ? Operand::Kind::none : Operand::Kind::reg;
    } else if (from.type == X86_OP_MEM && from.mem.segment == X86_REG_INVALID) {
        const auto base = register_of(from.mem.base).number;
        const auto index = register_of(from.mem.index).number;
        const bool relative = from.mem.base == X86_REG_RIP;
        if ((from.mem.base != X86_REG_INVALID && base == Operand::no_register && !relative) ||
            (from.mem.index != X86_REG_INVALID && index == Operand::no_register))
            return operand;
        operand.kind = Operand::Kind::memory;
        operand.reg = base;
        operand.index = index;
        operand.scale = static_cast<std::uint8_t>(from.mem.scale);
        operand.number = from.mem.disp;
        if (relative)
            operand.number = static_cast<std::int64_t>(next + static_cast<std::uint64_t>(from.mem.disp));
    }
    return operand;
}

Operand register_operand(std::uint8_t number, std::uint8_t bytes) {
    Operand operand;
    operand.kind = Operand::Kind::reg;
    operand.reg = number;
    operand.bytes = bytes;
    return operand;
}

void set_operands(Instruction& into, const cs_insn& code) {
    const cs_x86& detail = code.detail->x86;
    if (detail.op_count > 0)
        into.to = operand_of(detail.operands[0], into.next());
    if (detail.op_count > 1)
        into.from = operand_of(detail.operands[1], into.next());
    if (code.id == X86_INS_INC || code.id == X86_INS_DEC) {
        into.from.kind = Operand::Kind::constant;
        into.from.number = 1;
    }
    if (code.id == X86_INS_CDQE) {
        into.to = register_operand(returned, 8);
        into.from = register_operand(returned, 4);
    }
    // `bt` reads its first operand; `imul` and others of three operands stay `other`.
    for (std::uint8_t i = 0; i < detail.op_count; ++i)
        if (detail.operands[i].type == X86_OP_REG && (detail.operands[i].access & CS_AC_WRITE) != 0)
            if (const auto number = register_of(detail.operands[i].reg).number; number != Operand::no_register)
                into.changed |= 1u << number;
    for (std::uint8_t i = 0; i < code.detail->regs_write_count; ++i)
        if (const auto number = register_of(static_cast<x86_reg>(code.detail->regs_write[i])).number;
            number != Operand::no_register)
            into.changed |= 1u << number;
}

bool is_of_one_register(const cs_insn& code) {
    const cs_x86& detail = code.detail->x86;
    return detail.op_count == 2 && detail.operands[0].type == X86_OP_REG && detail.operands[1].type == X86_OP_REG &&
           detail.operands[0].reg == detail.operands[1].reg;
}

Instruction instruction_of(const cs_insn& code) {
    Instruction instruction;
    instruction.address = code.address;
    instruction.size = static_cast<std::uint8_t>(code.size);
    const Meaning meaning = is_branch(code) ? meaning_of_branch(code.id) : meaning_of(code.id);
    instruction.operation = meaning.operation;
    instruction.condition = meaning.condition;
    instruction.keeps_flags = meaning.keeps_flags;
    set_operands(instruction, code);
    // Partial writes (setcc, xchg, ah) that capstone 4 does not tell as operands we number.
    if (code.id == X86_INS_XCHG && is_of_one_register(code))
        instruction.operation = Operation::nothing; // padding: xchg %ax, %ax
    if (instruction.operation == Operation::move && instruction.to.kind == Operand::Kind::none)
        instruction.operation = Operation::other;
    return instruction;
}

class Capstone {
public:
    Capstone() {
        open_ = cs_open(CS_ARCH_X86, CS_MODE_64, &handle_) == CS_ERR_OK;
        if (open_ && cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK)
            code_ = cs_malloc(handle_);
    }
    Capstone(const Capstone&) = delete;
    Capstone& operator=(const Capstone&) = delete;
    ~Capstone() {
        if (code_ != nullptr)
            cs_free(code_, 1);
        if (open_)
            cs_close(&handle_);
    }
    /// The instruction at the start of what is left, taken from there; null: none.
    const cs_insn* next(std::span<const std::uint8_t>& left, std::uint64_t& address) {
        const std::uint8_t* at = left.data();
        std::size_t count = left.size();
        if (code_ == nullptr || !cs_disasm_iter(handle_, &at, &count, &address, code_))
            return nullptr;
        left = {at, count};
        return code_;
    }

private:
    csh handle_ = 0;
    bool open_ = false;
    cs_insn* code_ = nullptr;
};

} // namespace

std::vector<Instruction> decoded(std::span<const std::uint8_t> bytes, std::uint64_t address) {
    std::vector<Instruction> all;
    all.reserve(bytes.size() / 4);
    Capstone capstone;
    while (!bytes.empty()) {
        if (const cs_insn* code = capstone.next(bytes, address)) {
            all.push_back(instruction_of(*code));
        } else {
            bytes = bytes.subspan(1);
            ++address;
        }
    }
    return all;
}

} // namespace tasks::inspect::x86_64_code
