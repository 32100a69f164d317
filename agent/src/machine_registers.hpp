// The registers of a thread that a signal interrupted, by DWARF number. All of the agent that depends on the processor.
#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace tasks::agent {

#if defined(__x86_64__)

// System V ABI, AMD64 supplement, figure 3.36: rax rdx rcx rbx rsi rdi rbp rsp r8-r15, then the return address.
inline constexpr std::size_t machine_register_count = 17;
inline constexpr std::size_t machine_sp = 7;
inline constexpr std::size_t machine_pc = 16;

inline std::array<std::uint64_t, machine_register_count> registers_of(const ucontext_t& context) noexcept {
    constexpr std::array<int, machine_register_count> places{REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                                             REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                                             REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    std::array<std::uint64_t, machine_register_count> registers{};
    for (std::size_t number = 0; number < places.size(); ++number)
        registers[number] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[places[number]]);
    return registers;
}

#else
#error "machine_registers.hpp: add this processor's registers by DWARF number, as its ABI supplement tells them"
#endif

} // namespace tasks::agent
