// All that reading a coroutine's code knows of x86-64: how instructions read (through capstone), and which registers
// the System V psABI gives to what. Another processor is another file like this. No state beyond capstone's handle.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coroutines/instruction.hpp"

namespace tasks::inspect::x86_64_code {

inline constexpr std::size_t register_count = 16;
inline constexpr std::uint8_t stack_pointer = 4;
inline constexpr std::uint8_t first_argument = 7; ///< rdi: the frame, in a function that resumes one
inline constexpr std::uint8_t returned = 0;       ///< rax
/// A called function may change these: rax, rcx, rdx, rsi, rdi, r8 to r11.
inline constexpr std::uint32_t changed_by_calls = 0x0fc7;

/// The instructions of a function in the order of their addresses; bytes that are none are skipped one by one. Memory
/// addressed relative to the instruction pointer comes out with its address.
std::vector<Instruction> decoded(std::span<const std::uint8_t> bytes, std::uint64_t address);

} // namespace tasks::inspect::x86_64_code
