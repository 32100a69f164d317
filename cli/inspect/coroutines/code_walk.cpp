#include "coroutines/code_walk.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "coroutines/x86_64_code.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t most_fields = 16;
constexpr std::uint32_t first_field = 16; ///< behind {resume, destroy}

struct Value {
    enum class Kind : std::uint8_t { unknown, constant, frame, stack };
    Kind kind = Kind::unknown;
    bool from_index = false; ///< of a constant
    std::uint64_t number = 0;

    bool is_constant() const noexcept { return kind == Kind::constant; }
    bool is_place() const noexcept { return kind == Kind::frame || kind == Kind::stack; }
};

std::uint64_t cut(std::uint64_t number, unsigned bytes) {
    return bytes == 0 || bytes >= 8 ? number : number & ((1ull << (8 * bytes)) - 1);
}

std::int64_t extended(std::uint64_t number, unsigned bytes) {
    if (bytes == 0 || bytes >= 8)
        return static_cast<std::int64_t>(number);
    const std::uint64_t sign = 1ull << (8 * bytes - 1);
    return static_cast<std::int64_t>((cut(number, bytes) ^ sign) - sign);
}

/// The last comparison; a result that was not compared stands as a test of itself.
struct Flags {
    enum class Kind : std::uint8_t { unknown, compare, test, bit };
    Kind kind = Kind::unknown;
    unsigned bytes = 8;
    std::uint64_t left = 0;
    std::uint64_t right = 0;
    bool from_index = false;
};

std::optional<bool> compared(Condition condition, const Flags& flags) {
    const std::uint64_t left = cut(flags.left, flags.bytes);
    const std::uint64_t right = cut(flags.right, flags.bytes);
    const std::int64_t signed_left = extended(left, flags.bytes);
    const std::int64_t signed_right = extended(right, flags.bytes);
    const std::int64_t difference = extended(left - right, flags.bytes);
    switch (condition) {
    case Condition::equal:
        return left == right;
    case Condition::not_equal:
        return left != right;
    case Condition::above:
        return left > right;
    case Condition::above_equal:
        return left >= right;
    case Condition::below:
        return left < right;
    case Condition::below_equal:
        return left <= right;
    case Condition::greater:
        return signed_left > signed_right;
    case Condition::greater_equal:
        return signed_left >= signed_right;
    case Condition::less:
        return signed_left < signed_right;
    case Condition::less_equal:
        return signed_left <= signed_right;
    case Condition::negative:
        return difference < 0;
    case Condition::not_negative:
        return difference >= 0;
    case Condition::never_known:
        break;
    }
    return std::nullopt;
}

std::optional<bool> decided(Condition condition, const Flags& flags) {
    if (flags.kind == Flags::Kind::bit) {
        const bool bit = flags.right < 64 && ((flags.left >> flags.right) & 1) != 0;
        if (condition == Condition::below)
            return bit;
        if (condition == Condition::above_equal)
            return !bit;
        return std::nullopt;
    }
    if (flags.kind == Flags::Kind::unknown)
        return std::nullopt;
    Flags as_compared = flags;
    if (flags.kind == Flags::Kind::test) { // carry and overflow are clear, as after comparing with 0
        as_compared.left = flags.left & flags.right;
        as_compared.right = 0;
    }
    return compared(condition, as_compared);
}

class Walk {
public:
    Walk(const FunctionCode& code, std::optional<FrameField> index, std::uint64_t value)
        : code_(code), index_(index), index_value_(value) {
        registers_[x86_64_code::first_argument] = {Value::Kind::frame, false, 0};
        registers_[x86_64_code::stack_pointer] = {Value::Kind::stack, false, 0};
    }

    ResumePlace run() {
        std::uint64_t pc = code_.code().resume.start;
        for (unsigned step = 0; step < most_walk_steps && pc != 0; ++step) {
            const Instruction* instruction = code_.at(pc);
            if (instruction == nullptr)
                break;
            pc = next_after(*instruction);
        }
        return place_;
    }

    std::vector<FrameField> fields;

private:
    // 0: the walk ends.
    std::uint64_t next_after(const Instruction& instruction) {
        switch (instruction.operation) {
        case Operation::jump:
            return jumped(read(instruction.to), instruction.address);
        case Operation::branch: {
            const auto taken = decided(instruction.condition, flags_);
            if (!taken || instruction.to.kind != Operand::Kind::constant)
                return 0;
            const Value target{Value::Kind::constant, flags_.from_index,
                               *taken ? static_cast<std::uint64_t>(instruction.to.number) : instruction.next()};
            return jumped(target, instruction.address);
        }
        case Operation::call:
        case Operation::stop:
            return 0;
        default:
            carry_out(instruction);
            return instruction.next();
        }
    }

    std::uint64_t jumped(const Value& target, std::uint64_t from) {
        if (!target.is_constant())
            return 0;
        if (target.from_index)
            place_ = {code_.is_resume(target.number) ? target.number : 0, true, from};
        return code_.is_resume(target.number) ? target.number : 0;
    }

    void carry_out(const Instruction& instruction) {
        switch (instruction.operation) {
        case Operation::nothing:
            return;
        case Operation::move:
            return write(instruction.to, read(instruction.from));
        case Operation::move_signed: {
            Value value = read(instruction.from);
            if (value.is_constant())
                value.number = static_cast<std::uint64_t>(extended(value.number, instruction.from.bytes));
            return write(instruction.to, value);
        }
        case Operation::load_address:
            return write(instruction.to, address_of(instruction.from).value_or(Value{}));
        case Operation::push:
            return push(read(instruction.to));
        case Operation::pop:
            return write(instruction.to, popped());
        case Operation::compare:
        case Operation::test:
        case Operation::bit_test:
            return compare(instruction);
        case Operation::move_if:
        case Operation::set_if:
            return write(instruction.to, {});
        case Operation::other:
            flags_ = {};
            for (std::size_t i = 0; i < registers_.size(); ++i)
                if ((instruction.changed >> i & 1) != 0)
                    registers_[i] = {};
            return;
        default:
            return calculate(instruction);
        }
    }

    void push(const Value& value) {
        registers_[x86_64_code::stack_pointer].number -= 8;
        stack_[registers_[x86_64_code::stack_pointer].number] = value;
    }

    Value popped() {
        Value& top = registers_[x86_64_code::stack_pointer];
        const auto found = stack_.find(top.number);
        top.number += 8;
        return found == stack_.end() ? Value{} : found->second;
    }

    void compare(const Instruction& instruction) {
        const Value left = read(instruction.to);
        const Value right = read(instruction.from);
        flags_ = {};
        if (!left.is_constant() || !right.is_constant())
            return;
        flags_.kind = instruction.operation == Operation::compare ? Flags::Kind::compare
                      : instruction.operation == Operation::test  ? Flags::Kind::test
                                                                  : Flags::Kind::bit;
        flags_.bytes = instruction.to.bytes;
        flags_.left = left.number;
        flags_.right = right.number;
        flags_.from_index = left.from_index || right.from_index;
    }

    static std::uint64_t result_of(Operation operation, std::uint64_t left, std::uint64_t right, unsigned bytes) {
        const std::uint64_t by = right & (bytes == 8 ? 63 : 31);
        switch (operation) {
        case Operation::add:
            return left + right;
        case Operation::subtract:
            return left - right;
        case Operation::bit_and:
            return left & right;
        case Operation::bit_or:
            return left | right;
        case Operation::bit_xor:
            return left ^ right;
        case Operation::shift_left:
            return left << by;
        case Operation::shift_right:
            return cut(left, bytes) >> by;
        default:
            return static_cast<std::uint64_t>(extended(left, bytes) >> by);
        }
    }

    void calculate(const Instruction& instruction) {
        const Value left = read(instruction.to);
        const Value right = read(instruction.from);
        const bool moves = instruction.operation == Operation::add || instruction.operation == Operation::subtract;
        Value result;
        flags_ = {};
        if (instruction.operation == Operation::bit_xor && instruction.to.kind == Operand::Kind::reg &&
            instruction.from.kind == Operand::Kind::reg && instruction.to.reg == instruction.from.reg) {
            result = {Value::Kind::constant, false, 0};
        } else if (left.is_constant() && right.is_constant()) {
            result = {Value::Kind::constant, left.from_index || right.from_index,
                      cut(result_of(instruction.operation, left.number, right.number, instruction.to.bytes),
                          instruction.to.bytes)};
            flags_ = {Flags::Kind::test, instruction.to.bytes, result.number, ~0ull, result.from_index};
            if (instruction.operation == Operation::subtract)
                flags_ = {Flags::Kind::compare, instruction.to.bytes, left.number, right.number, result.from_index};
        } else if (left.is_place() && right.is_constant() && moves) {
            result = {left.kind, false, result_of(instruction.operation, left.number, right.number, 8)};
        } else if (left.kind == Value::Kind::stack && instruction.operation == Operation::bit_and) {
            result = left; // the stack is aligned: any fixed place will do
        }
        write(instruction.to, result);
    }

    std::optional<Value> address_of(const Operand& memory) const {
        Value value{Value::Kind::constant, false, 0};
        if (memory.kind != Operand::Kind::memory)
            return std::nullopt;
        if (memory.reg != Operand::no_register)
            value = registers_[memory.reg];
        if (memory.index != Operand::no_register) {
            const Value& index = registers_[memory.index];
            if (!index.is_constant())
                return std::nullopt;
            value.number += index.number * memory.scale;
            value.from_index = value.from_index || index.from_index;
        }
        if (value.kind == Value::Kind::unknown)
            return std::nullopt;
        value.number += static_cast<std::uint64_t>(memory.number);
        return value;
    }

    Value read(const Operand& operand) {
        switch (operand.kind) {
        case Operand::Kind::constant:
            return {Value::Kind::constant, false, static_cast<std::uint64_t>(operand.number)};
        case Operand::Kind::reg: {
            Value value = registers_[operand.reg];
            if (value.is_constant())
                value.number = cut(value.number, operand.bytes);
            return value;
        }
        case Operand::Kind::memory:
            return read_memory(operand);
        case Operand::Kind::none:
            break;
        }
        return {};
    }

    Value read_memory(const Operand& operand) {
        const auto address = address_of(operand);
        if (!address)
            return {};
        if (address->kind == Value::Kind::stack) {
            const auto found = stack_.find(address->number);
            return found == stack_.end() ? Value{} : found->second;
        }
        if (address->kind == Value::Kind::frame)
            return read_frame(address->number, operand.bytes);
        const auto number = code_.number_at(address->number, operand.bytes);
        return number ? Value{Value::Kind::constant, address->from_index, *number} : Value{};
    }

    Value read_frame(std::uint64_t offset, std::uint8_t bytes) {
        if (index_ && offset == index_->offset)
            return {Value::Kind::constant, true, cut(index_value_, bytes)};
        const FrameField field{static_cast<std::uint32_t>(offset), bytes};
        const bool known = std::any_of(fields.begin(), fields.end(),
                                       [&](const FrameField& one) { return one.offset == field.offset; });
        if (offset >= first_field && offset < 1u << 24 && bytes <= 4 && !known && fields.size() < most_fields)
            fields.push_back(field);
        return {};
    }

    void write(const Operand& operand, Value value) {
        if (operand.kind == Operand::Kind::reg) {
            if (value.is_constant())
                value.number = cut(value.number, operand.bytes);
            else if (operand.bytes < 8)
                value = {};
            registers_[operand.reg] = value;
        } else if (operand.kind == Operand::Kind::memory) {
            const auto address = address_of(operand);
            if (address && address->kind == Value::Kind::stack)
                stack_[address->number] = value;
        }
    }

    const FunctionCode& code_;
    std::optional<FrameField> index_;
    std::uint64_t index_value_;
    std::array<Value, x86_64_code::register_count> registers_{};
    std::unordered_map<std::uint64_t, Value> stack_;
    Flags flags_;
    ResumePlace place_;
};

} // namespace

ResumePlace walk_to(const FunctionCode& code, const FrameField& index, std::uint64_t value) {
    return Walk{code, index, value}.run();
}

std::vector<FrameField> fields_read(const FunctionCode& code) {
    Walk walk{code, std::nullopt, 0};
    walk.run();
    return std::move(walk.fields);
}

} // namespace tasks::inspect
