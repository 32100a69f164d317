// All that unwinding knows of x86-64: DWARF register numbers (System V psABI, figure 3.36), the kernel's signal frame
// (arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h), and the few instructions that recovery reads: calls,
// jumps of a procedure linkage table, and a function's first instructions. No state, no I/O: bytes in, facts out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tasks::inspect::x86_64 {

using Code = std::span<const std::uint8_t>;

/// DWARF register numbers; 16 is the return address column.
enum Register : std::uint8_t {
    rax = 0,
    rdx = 1,
    rcx = 2,
    rbx = 3,
    rsi = 4,
    rdi = 5,
    rbp = 6,
    rsp = 7,
    r8 = 8,
    r9 = 9,
    r10 = 10,
    r11 = 11,
    r12 = 12,
    r13 = 13,
    r14 = 14,
    r15 = 15,
    rip = 16,
};
inline constexpr std::size_t register_count = 17;

/// A called function leaves these as they were.
inline constexpr std::uint32_t callee_saved = 1u << rbx | 1u << rbp | 1u << r12 | 1u << r13 | 1u << r14 | 1u << r15;

/// The registers that carry a system call's six arguments, in order.
inline constexpr std::array<Register, 6> syscall_arguments{rdi, rsi, rdx, r10, r8, r9};

/// `mov $15, %eax or %rax; syscall`: where a signal handler returns to. At that pc, rsp points to the ucontext.
bool is_signal_return(Code at_pc);
inline constexpr std::size_t signal_return_bytes = 9;

/// Where the first function of a fiber of Boost.Context returns to, `xor %rdi, %rdi; call _exit; hlt`, and where a
/// fiber that never ran begins, `push %rbp; jmp *%rbx` (both in make_fcontext, libs/context/src/asm/
/// make_x86_64_sysv_elf_gas.S, which has no call frame information): below it there is nothing.
bool is_fiber_root(Code at_pc);
inline constexpr std::size_t fiber_root_bytes = 13;

/// Offsets in the ucontext of the interrupted registers, by DWARF number.
inline constexpr std::array<std::uint16_t, register_count> ucontext_offsets{144, 136, 152, 128, 112, 104, 120, 160, 40,
                                                                            48,  56,  64,  72,  80,  88,  96,  168};

/// What stands before a return address.
enum class CallKind : std::uint8_t {
    none,     ///< no call: not a return address
    indirect, ///< call through a register or memory
    direct,   ///< call to the address in `target`
};
struct Call {
    CallKind kind = CallKind::none;
    std::uint64_t target = 0;
    bool perhaps_indirect = false; ///< direct by its bytes, but they are the end of an indirect call as well
};

/// The call that ends right before `return_address`; `before` are the bytes before it (up to 7, at least 2).
inline constexpr std::size_t longest_call = 7;
Call call_before(Code before, std::uint64_t return_address);

/// The address of the slot that a jump through memory at `address` reads (`jmp *disp(%rip)`, after endbr64 or bnd):
/// an entry of the procedure linkage table.
std::optional<std::uint64_t> jump_slot(Code code, std::uint64_t address);
inline constexpr std::size_t jump_slot_bytes = 16;

/// At least how far %rbp lies above %rsp once these first instructions of a function ran: what it pushed and
/// subtracted after `mov %rsp, %rbp`. Exact but for alloca and arguments pushed later. Stops at the first
/// instruction that it does not know, so that only code that surely ran counts.
std::optional<std::uint64_t> frame_size_after(Code first_instructions);

/// Whether the bytes of an instruction that moves %rsp by an amount known only at run time are among these: alloca, and
/// realignment. Instructions are not taken apart, so data that looks like one counts too.
bool may_have_dynamic_frame(Code function);

} // namespace tasks::inspect::x86_64
