#include "unwind/frame_row.hpp"

namespace tasks::inspect {

namespace {

using End = Step::End;

Step failed(const ExpressionFailure& failure) {
    Step step;
    if (failure.unknown_register) {
        step.end = End::unknown_register;
        step.number = *failure.unknown_register;
    } else if (failure.not_copied) {
        step.end = End::not_copied;
        step.address = *failure.not_copied;
    }
    return step;
}

// Applies one row; `failure` tells why a value could not be had.
struct Application {
    const Registers& registers;
    const StackBytes& stack;
    std::uint64_t cfa = 0;
    ExpressionFailure failure{};

    std::optional<std::uint64_t> frame_address(const FrameRow& row);
    std::optional<std::uint64_t> word(std::uint64_t address);
    std::optional<std::uint64_t> known(unsigned number);
    std::optional<std::uint64_t> value(const RegisterRule& rule);
    std::optional<std::uint64_t> of_expression(const Expression& expression);
};

std::optional<std::uint64_t> Application::word(std::uint64_t address) {
    const auto value = stack.word(address);
    if (!value)
        failure.not_copied = address;
    return value;
}

std::optional<std::uint64_t> Application::known(unsigned number) {
    const auto value = registers.get(number);
    if (!value)
        failure.unknown_register = number;
    return value;
}

std::optional<std::uint64_t> Application::frame_address(const FrameRow& row) {
    if (!row.cfa_expression.empty()) {
        const auto result = evaluate(row.cfa_expression, {registers, stack, std::nullopt}, failure);
        return result ? std::optional{result->value} : std::nullopt;
    }
    const auto base = known(row.cfa_register);
    return base ? std::optional{*base + static_cast<std::uint64_t>(row.cfa_offset)} : std::nullopt;
}

std::optional<std::uint64_t> Application::of_expression(const Expression& expression) {
    const auto result = evaluate(expression, {registers, stack, cfa}, failure);
    if (!result)
        return std::nullopt;
    return result->is_value ? std::optional{result->value} : word(result->value);
}

std::optional<std::uint64_t> Application::value(const RegisterRule& rule) {
    switch (rule.kind) {
    case RegisterRule::Kind::stored_at_cfa:
        return word(cfa + static_cast<std::uint64_t>(rule.offset));
    case RegisterRule::Kind::cfa_plus:
        return cfa + static_cast<std::uint64_t>(rule.offset);
    case RegisterRule::Kind::in_register:
        return known(static_cast<unsigned>(rule.offset));
    case RegisterRule::Kind::expression:
        return of_expression(rule.expression);
    }
    return std::nullopt;
}

Step from_signal_frame(const Registers& registers, const StackBytes& stack) {
    Step step;
    const auto context = registers.get(x86_64::rsp);
    if (!context)
        return step;
    for (unsigned number = 0; number < x86_64::register_count; ++number) {
        const std::uint64_t address = *context + x86_64::ucontext_offsets[number];
        const auto value = stack.word(address);
        if (!value) {
            step.end = End::not_copied;
            step.address = address;
            return step;
        }
        step.caller.set(number, *value);
    }
    step.end = End::stepped;
    return step;
}

} // namespace

Step apply(const FrameRow& row, const Registers& registers, const StackBytes& stack) {
    if (row.signal_return)
        return from_signal_frame(registers, stack);
    if (row.outermost)
        return {End::outermost, {}, 0, 0};
    Application application{registers, stack};
    const auto cfa = application.frame_address(row);
    if (!cfa)
        return failed(application.failure);
    application.cfa = *cfa;
    Step step;
    step.caller = registers;
    step.caller.keep_only(row.same);
    step.caller.set(x86_64::rsp, *cfa);
    for (const RegisterRule& rule : row.rules) {
        application.failure = {};
        if (const auto value = application.value(rule))
            step.caller.set(rule.number, *value);
        else if (rule.number == x86_64::rip || rule.number == x86_64::rsp)
            return failed(application.failure);
        else
            step.caller.forget(rule.number);
    }
    if (!step.caller.known(x86_64::rip))
        return step;
    step.end = step.caller.value(x86_64::rip) == 0 ? End::outermost : End::stepped;
    return step;
}

FrameRow frame_pointer_row() {
    FrameRow row;
    row.cfa_register = x86_64::rbp;
    row.cfa_offset = 16;
    row.rules.push_back({x86_64::rip, RegisterRule::Kind::stored_at_cfa, -8, {}});
    row.rules.push_back({x86_64::rbp, RegisterRule::Kind::stored_at_cfa, -16, {}});
    return row;
}

} // namespace tasks::inspect
