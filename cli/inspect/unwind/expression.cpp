#include "unwind/expression.hpp"

#include <dwarf.h>

#include <array>

namespace tasks::inspect {

namespace {

// The longest useful chain of CFI pushes 4 values.
constexpr std::size_t deepest_stack = 16;

class Machine {
public:
    Machine(const ExpressionInput& input, ExpressionFailure& failure) : input_(input), failure_(failure) {}

    bool step(const Operation& operation);
    std::optional<ExpressionResult> result() const {
        if (depth_ == 0)
            return std::nullopt;
        return ExpressionResult{values_[depth_ - 1], is_value_};
    }

private:
    bool push(std::uint64_t value) {
        if (depth_ == deepest_stack)
            return false;
        values_[depth_++] = value;
        return true;
    }
    bool push_register(unsigned number, std::uint64_t offset);
    bool push_below(std::size_t distance) { return distance < depth_ && push(values_[depth_ - 1 - distance]); }
    bool dereference();
    bool unary(std::uint8_t opcode);
    bool binary(std::uint8_t opcode);
    bool constant(const Operation& operation);
    bool arrange(const Operation& operation);

    const ExpressionInput& input_;
    ExpressionFailure& failure_;
    std::array<std::uint64_t, deepest_stack> values_{};
    std::size_t depth_ = 0;
    bool is_value_ = false;
};

bool Machine::push_register(unsigned number, std::uint64_t offset) {
    const auto value = input_.registers.get(number);
    if (!value) {
        failure_.unknown_register = number;
        return false;
    }
    return push(*value + offset);
}

bool Machine::dereference() {
    if (depth_ == 0)
        return false;
    const std::uint64_t address = values_[depth_ - 1];
    const auto word = input_.stack.word(address);
    if (!word) {
        failure_.not_copied = address;
        return false;
    }
    values_[depth_ - 1] = *word;
    return true;
}

bool Machine::unary(std::uint8_t opcode) {
    if (depth_ == 0)
        return false;
    std::uint64_t& top = values_[depth_ - 1];
    top = opcode == DW_OP_neg ? 0 - top : ~top;
    return true;
}

std::optional<std::uint64_t> combine(std::uint8_t opcode, std::uint64_t a, std::uint64_t b) {
    const auto left = static_cast<std::int64_t>(a);
    const auto right = static_cast<std::int64_t>(b);
    switch (opcode) {
    case DW_OP_plus:
        return a + b;
    case DW_OP_minus:
        return a - b;
    case DW_OP_mul:
        return a * b;
    case DW_OP_and:
        return a & b;
    case DW_OP_or:
        return a | b;
    case DW_OP_xor:
        return a ^ b;
    case DW_OP_shl:
        return b < 64 ? a << b : 0;
    case DW_OP_shr:
        return b < 64 ? a >> b : 0;
    case DW_OP_shra:
        return static_cast<std::uint64_t>(left >> (b < 64 ? b : 63));
    case DW_OP_eq:
        return a == b;
    case DW_OP_ne:
        return a != b;
    case DW_OP_lt:
        return left < right;
    case DW_OP_le:
        return left <= right;
    case DW_OP_gt:
        return left > right;
    case DW_OP_ge:
        return left >= right;
    default:
        return std::nullopt;
    }
}

bool Machine::binary(std::uint8_t opcode) {
    if (depth_ < 2)
        return false;
    const auto value = combine(opcode, values_[depth_ - 2], values_[depth_ - 1]);
    if (!value)
        return false;
    values_[--depth_ - 1] = *value;
    return true;
}

bool Machine::constant(const Operation& operation) {
    const std::uint8_t opcode = operation.opcode;
    if (opcode >= DW_OP_lit0 && opcode <= DW_OP_lit31)
        return push(opcode - DW_OP_lit0);
    if (opcode >= DW_OP_breg0 && opcode <= DW_OP_breg31)
        return push_register(opcode - DW_OP_breg0, operation.first);
    if (opcode == DW_OP_bregx && operation.first < x86_64::register_count)
        return push_register(static_cast<unsigned>(operation.first), operation.second);
    return opcode >= DW_OP_const1u && opcode <= DW_OP_consts && push(operation.first); // libdw extends the sign
}

bool Machine::arrange(const Operation& operation) {
    switch (operation.opcode) {
    case DW_OP_dup:
        return push_below(0);
    case DW_OP_over:
        return push_below(1);
    case DW_OP_pick:
        return push_below(operation.first);
    case DW_OP_drop:
        return depth_ > 0 && depth_-- > 0;
    case DW_OP_swap:
        if (depth_ < 2)
            return false;
        std::swap(values_[depth_ - 1], values_[depth_ - 2]);
        return true;
    default:
        return false;
    }
}

bool Machine::step(const Operation& operation) {
    is_value_ = false;
    switch (operation.opcode) {
    case DW_OP_nop:
        return true;
    case DW_OP_stack_value:
        return is_value_ = true;
    case DW_OP_deref:
        return dereference();
    case DW_OP_neg:
    case DW_OP_not:
        return unary(operation.opcode);
    case DW_OP_call_frame_cfa:
        return input_.cfa && push(*input_.cfa);
    case DW_OP_plus_uconst:
        return push(operation.first) && binary(DW_OP_plus);
    default:
        return constant(operation) || arrange(operation) || binary(operation.opcode);
    }
}

} // namespace

std::optional<ExpressionResult> evaluate(const Expression& expression, const ExpressionInput& input,
                                         ExpressionFailure& failure) {
    if (expression.size() > longest_expression)
        return std::nullopt;
    Machine machine{input, failure};
    for (const Operation& operation : expression)
        if (!machine.step(operation))
            return std::nullopt;
    return machine.result();
}

} // namespace tasks::inspect
