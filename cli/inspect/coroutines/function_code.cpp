#include "coroutines/function_code.hpp"

#include <algorithm>

#include "coroutines/x86_64_code.hpp"

namespace tasks::inspect {

namespace {

std::vector<Instruction> instructions_of(const ElfImage& image, const CodeRange& range) {
    std::vector<std::uint8_t> bytes(std::min(range.size, FunctionCode::longest));
    bytes.resize(range.start == 0 ? 0 : image.read(range.start, bytes.data(), bytes.size()));
    return x86_64_code::decoded(bytes, range.start);
}

bool is_in(const CodeRange& range, std::uint64_t address) { return address - range.start < range.size; }

} // namespace

FunctionCode::FunctionCode(const ElfImage& image, const CoroutineCode& code)
    : image_(image), code_(code), resume_(instructions_of(image, code.resume)),
      cold_(instructions_of(image, code.resume_cold)), ramp_(instructions_of(image, code.ramp)) {}

const Instruction* instruction_at(const std::vector<Instruction>& all, std::uint64_t address) {
    const auto found =
        std::lower_bound(all.begin(), all.end(), address,
                         [](const Instruction& one, std::uint64_t wanted) { return one.address < wanted; });
    return found == all.end() || found->address != address ? nullptr : &*found;
}

const Instruction* FunctionCode::at(std::uint64_t address) const {
    return instruction_at(is_in(code_.resume, address) ? resume_ : cold_, address);
}

bool FunctionCode::is_resume(std::uint64_t address) const {
    return is_in(code_.resume, address) || is_in(code_.resume_cold, address);
}

std::vector<Instruction> FunctionCode::other(std::uint64_t address, std::size_t bytes) const {
    return instructions_of(image_, {address, bytes});
}

std::optional<std::uint64_t> FunctionCode::number_at(std::uint64_t address, std::size_t bytes) const {
    std::uint64_t number = 0;
    if (bytes == 0 || bytes > sizeof number || image_.read(address, &number, bytes) != bytes)
        return std::nullopt;
    return number;
}

} // namespace tasks::inspect
