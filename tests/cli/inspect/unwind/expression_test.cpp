#include <dwarf.h>

#include <cstring>
#include <string>

#include <catch2/catch.hpp>

#include "unwind/expression.hpp"

using namespace tasks::inspect;

namespace {

struct Evaluation {
    Registers registers;
    std::string bytes = std::string(64, '\0');
    StackBytes stack{0x1000, bytes};
    ExpressionFailure failure;

    void store(std::size_t offset, std::uint64_t word) { std::memcpy(bytes.data() + offset, &word, sizeof word); }
    std::optional<ExpressionResult> of(const Expression& expression, std::optional<std::uint64_t> cfa = {}) {
        return evaluate(expression, {registers, stack, cfa}, failure);
    }
};

// As ld writes it for every entry of a procedure linkage table: 8 + %rsp, and 8 more once the entry has pushed.
const Expression of_plt{{DW_OP_breg7, 8, 0}, {DW_OP_breg16, 0, 0}, {DW_OP_lit15, 0, 0},
                        {DW_OP_and, 0, 0},   {DW_OP_lit11, 0, 0},  {DW_OP_ge, 0, 0},
                        {DW_OP_lit3, 0, 0},  {DW_OP_shl, 0, 0},    {DW_OP_plus, 0, 0}};

} // namespace

TEST_CASE("the frame of a procedure linkage table's entry grows with its push") {
    Evaluation evaluation;
    evaluation.registers.set(x86_64::rsp, 0x1000);
    evaluation.registers.set(x86_64::rip, 0x401006);
    REQUIRE(evaluation.of(of_plt)->value == 0x1008);
    evaluation.registers.set(x86_64::rip, 0x40100b);
    REQUIRE(evaluation.of(of_plt)->value == 0x1010);
}

TEST_CASE("a word of the stack is read through a register, as a signal trampoline's rules do") {
    Evaluation evaluation;
    evaluation.registers.set(x86_64::rsp, 0x1000);
    evaluation.store(40, 0x7fff1234);
    const auto result = evaluation.of({{DW_OP_breg7, 40, 0}, {DW_OP_deref, 0, 0}});
    REQUIRE(result->value == 0x7fff1234);
    REQUIRE_FALSE(result->is_value);
    REQUIRE(evaluation.of({{DW_OP_breg7, 40, 0}, {DW_OP_stack_value, 0, 0}})->is_value);
}

TEST_CASE("what lacks is told: the register, or the address that was not copied") {
    Evaluation evaluation;
    REQUIRE_FALSE(evaluation.of({{DW_OP_breg6, 16, 0}}));
    REQUIRE(evaluation.failure.unknown_register == unsigned{x86_64::rbp});
    evaluation.failure = {};
    evaluation.registers.set(x86_64::rbp, 0x9000);
    REQUIRE_FALSE(evaluation.of({{DW_OP_breg6, 0, 0}, {DW_OP_deref, 0, 0}}));
    REQUIRE(evaluation.failure.not_copied == 0x9000u);
}

TEST_CASE("a word that is half outside the copied bytes is outside") {
    Evaluation evaluation;
    evaluation.registers.set(x86_64::rbp, 0x1000 + 64 - 8);
    REQUIRE(evaluation.of({{DW_OP_breg6, 0, 0}, {DW_OP_deref, 0, 0}}));
    REQUIRE_FALSE(evaluation.of({{DW_OP_breg6, 1, 0}, {DW_OP_deref, 0, 0}}));
    evaluation.registers.set(x86_64::rbp, ~0ull - 3);
    REQUIRE_FALSE(evaluation.of({{DW_OP_breg6, 0, 0}, {DW_OP_deref, 0, 0}}));
}

TEST_CASE("expressions that take more than there is have no result") {
    Evaluation evaluation;
    for (const std::uint8_t opcode :
         {DW_OP_plus, DW_OP_deref, DW_OP_dup, DW_OP_swap, DW_OP_drop, DW_OP_neg, DW_OP_over})
        REQUIRE_FALSE(evaluation.of({{opcode, 0, 0}}));
    REQUIRE_FALSE(evaluation.of({}));
    REQUIRE_FALSE(evaluation.of({{DW_OP_call_frame_cfa, 0, 0}})); // a CFA's own rule has none yet
    REQUIRE(evaluation.of({{DW_OP_call_frame_cfa, 0, 0}}, 0x2000)->value == 0x2000);
}

TEST_CASE("endless and unknown expressions are refused") {
    Evaluation evaluation;
    REQUIRE_FALSE(evaluation.of(Expression(17, {DW_OP_lit1, 0, 0}))); // deeper than any compiler's
    REQUIRE_FALSE(evaluation.of(Expression(longest_expression + 1, {DW_OP_nop, 0, 0})));
    REQUIRE_FALSE(evaluation.of({{DW_OP_lit1, 0, 0}, {DW_OP_skip, 0, 0}}));
    REQUIRE_FALSE(evaluation.of({{DW_OP_lit1, 0, 0}, {0xff, 0, 0}}));
}

TEST_CASE("shifts as wide as a word give nothing undefined") {
    Evaluation evaluation;
    const auto shifted = [&](std::uint8_t opcode) {
        return evaluation.of({{DW_OP_const8u, ~0ull, 0}, {DW_OP_const8u, 64, 0}, {opcode, 0, 0}})->value;
    };
    REQUIRE(shifted(DW_OP_shl) == 0);
    REQUIRE(shifted(DW_OP_shr) == 0);
    REQUIRE(shifted(DW_OP_shra) == ~0ull);
}
