#include <cstring>

#include <catch2/catch.hpp>

#include "unwind/frame_row.hpp"

using namespace tasks::inspect;

namespace {

struct Frame {
    std::string bytes = std::string(256, '\0');
    Registers registers;
    FrameRow row;

    Frame() {
        registers.set(x86_64::rsp, 0x1000);
        registers.set(x86_64::rip, 0x401000);
        row.cfa_offset = 32;
        row.rules.push_back({x86_64::rip, RegisterRule::Kind::stored_at_cfa, -8, {}});
    }
    void store(std::uint64_t address, std::uint64_t word) {
        std::memcpy(bytes.data() + (address - 0x1000), &word, sizeof word);
    }
    Step step() const { return apply(row, registers, {0x1000, bytes}); }
};

} // namespace

TEST_CASE("a step takes the return address below the CFA and leaves saved registers as they were") {
    Frame frame;
    frame.store(0x1018, 0x402000);
    frame.registers.set(x86_64::rbx, 7);
    frame.registers.set(x86_64::rax, 8);
    const Step step = frame.step();
    REQUIRE(step.end == Step::End::stepped);
    REQUIRE(step.caller.value(x86_64::rip) == 0x402000);
    REQUIRE(step.caller.value(x86_64::rsp) == 0x1020);
    REQUIRE(step.caller.get(x86_64::rbx) == 7u);
    REQUIRE_FALSE(step.caller.known(x86_64::rax));
    REQUIRE_FALSE(step.caller.known(x86_64::rbp));
}

TEST_CASE("a saved register is read back, and unknown where its word was not copied") {
    Frame frame;
    frame.store(0x1018, 0x402000);
    frame.store(0x1010, 0x1050);
    frame.row.same &= ~(1u << x86_64::rbp | 1u << x86_64::rbx);
    frame.row.rules.push_back({x86_64::rbp, RegisterRule::Kind::stored_at_cfa, -16, {}});
    frame.row.rules.push_back({x86_64::rbx, RegisterRule::Kind::stored_at_cfa, -4096, {}});
    frame.registers.set(x86_64::rbx, 7);
    const Step step = frame.step();
    REQUIRE(step.end == Step::End::stepped);
    REQUIRE(step.caller.get(x86_64::rbp) == 0x1050u);
    REQUIRE_FALSE(step.caller.known(x86_64::rbx));
}

TEST_CASE("a return address in a register, as in vfork, is taken from there") {
    Frame frame;
    frame.row.rules = {{x86_64::rip, RegisterRule::Kind::in_register, x86_64::rdi, {}}};
    REQUIRE(frame.step().end == Step::End::unknown_register);
    REQUIRE(frame.step().number == x86_64::rdi);
    frame.registers.set(x86_64::rdi, 0x403000);
    REQUIRE(frame.step().caller.value(x86_64::rip) == 0x403000);
}

TEST_CASE("an undefined or a zero return address is the root") {
    Frame frame;
    REQUIRE(frame.step().end == Step::End::outermost); // the word there is 0
    frame.store(0x1018, 0x402000);
    frame.row.outermost = true;
    REQUIRE(frame.step().end == Step::End::outermost);
}

TEST_CASE("what a step lacks is told") {
    Frame frame;
    frame.row.cfa_register = x86_64::rbp;
    REQUIRE(frame.step().end == Step::End::unknown_register);
    REQUIRE(frame.step().number == x86_64::rbp);
    frame.registers.set(x86_64::rbp, 0x9000);
    REQUIRE(frame.step().end == Step::End::not_copied);
    REQUIRE(frame.step().address == 0x9000 + 32 - 8);
}

TEST_CASE("a signal frame gives back all registers from the ucontext at the stack pointer") {
    Frame frame;
    frame.row = {};
    frame.row.signal_return = true;
    for (unsigned number = 0; number < x86_64::register_count; ++number)
        frame.store(0x1000 + x86_64::ucontext_offsets[number], 100 + number);
    const Step step = frame.step();
    REQUIRE(step.end == Step::End::stepped);
    for (unsigned number = 0; number < x86_64::register_count; ++number)
        REQUIRE(step.caller.get(number) == 100u + number);
    frame.bytes.resize(100);
    REQUIRE(frame.step().end == Step::End::not_copied);
}
