// The decoded instructions of one coroutine's functions: resume (with g++'s cold part) and ramp. Read from the ELF file
// once. Value type; refers to the ElfImage for the tables that code reads.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coroutines/coroutine_code.hpp"
#include "coroutines/instruction.hpp"
#include "unwind/elf_image.hpp"

namespace tasks::inspect {

class FunctionCode {
public:
    /// Of longer functions the beginning is read. The longest seen of a server has 90 KiB.
    static constexpr std::uint64_t longest = 1u << 20;

    FunctionCode(const ElfImage& image, const CoroutineCode& code);

    const CoroutineCode& code() const noexcept { return code_; }
    const std::vector<Instruction>& resume() const noexcept { return resume_; }
    const std::vector<Instruction>& cold() const noexcept { return cold_; }
    const std::vector<Instruction>& ramp() const noexcept { return ramp_; }

    /// The instruction of the resume function (or its cold part) that starts there; null: none does.
    const Instruction* at(std::uint64_t address) const;
    /// Whether the address is in the resume function or its cold part.
    bool is_resume(std::uint64_t address) const;
    /// The code of another function of the file, from its start.
    std::vector<Instruction> other(std::uint64_t address, std::size_t bytes) const;
    /// A number of at most 8 bytes in what the file maps.
    std::optional<std::uint64_t> number_at(std::uint64_t address, std::size_t bytes) const;

private:
    const ElfImage& image_;
    CoroutineCode code_;
    std::vector<Instruction> resume_;
    std::vector<Instruction> cold_;
    std::vector<Instruction> ramp_;
};

/// The instruction that starts at that address, in instructions sorted by address; null: none does.
const Instruction* instruction_at(const std::vector<Instruction>& all, std::uint64_t address);

} // namespace tasks::inspect
