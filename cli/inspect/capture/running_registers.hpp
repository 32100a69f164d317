// The registers of a thread that ran, by DWARF number, from what the kernel gives: a perf sample's (in the order of the
// bits of a mask) and ptrace's. All of capture that depends on the processor.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include <asm/perf_regs.h>
#include <sys/user.h>

namespace tasks::inspect {

#if defined(__x86_64__)

// System V ABI, AMD64 supplement, figure 3.36: rax rdx rcx rbx rsi rdi rbp rsp r8-r15, then the return address.
inline constexpr std::size_t running_register_count = 17;
inline constexpr std::size_t running_sp = 7;
inline constexpr std::size_t running_pc = 16;
using RunningRegisters = std::array<std::uint64_t, running_register_count>;

/// The bit of each in perf_event_attr::sample_regs_user (arch/x86/include/uapi/asm/perf_regs.h).
inline constexpr std::array<unsigned, running_register_count> perf_register_bits{
    PERF_REG_X86_AX,  PERF_REG_X86_DX,  PERF_REG_X86_CX,  PERF_REG_X86_BX,  PERF_REG_X86_SI,  PERF_REG_X86_DI,
    PERF_REG_X86_BP,  PERF_REG_X86_SP,  PERF_REG_X86_R8,  PERF_REG_X86_R9,  PERF_REG_X86_R10, PERF_REG_X86_R11,
    PERF_REG_X86_R12, PERF_REG_X86_R13, PERF_REG_X86_R14, PERF_REG_X86_R15, PERF_REG_X86_IP};

inline RunningRegisters registers_of(const user_regs_struct& user) noexcept {
    return {user.rax, user.rdx, user.rcx, user.rbx, user.rsi, user.rdi, user.rbp, user.rsp, user.r8,
            user.r9,  user.r10, user.r11, user.r12, user.r13, user.r14, user.r15, user.rip};
}

#else
#error "running_registers.hpp: add this processor's registers by DWARF number, as its ABI supplement tells them"
#endif

constexpr std::uint64_t perf_register_mask() noexcept {
    std::uint64_t mask = 0;
    for (const auto bit : perf_register_bits) {
        mask |= std::uint64_t{1} << bit;
    }
    return mask;
}

/// `sampled`: one for each bit of the mask, lowest bit first.
inline RunningRegisters registers_of(std::span<const std::uint64_t, running_register_count> sampled) noexcept {
    RunningRegisters registers{};
    for (std::size_t number = 0; number < registers.size(); ++number) {
        const auto lower = perf_register_mask() & ((std::uint64_t{1} << perf_register_bits[number]) - 1);
        registers[number] = sampled[static_cast<std::size_t>(std::popcount(lower))];
    }
    return registers;
}

} // namespace tasks::inspect
