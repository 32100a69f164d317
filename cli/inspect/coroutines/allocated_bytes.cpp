#include "coroutines/allocated_bytes.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace tasks::inspect {

namespace {

constexpr std::uint64_t longest_ramp = 16u << 10;
constexpr std::uint64_t smallest_frame = 24; // two functions, and an index or a promise
constexpr std::uint64_t largest_frame = 16u << 20;
// Intel SDM, volume 2: B8+rd id is MOV r32, imm32, where 7 is edi; E8 cd is CALL rel32.
constexpr unsigned char move_to_edi = 0xbf;
constexpr unsigned char call = 0xe8;
constexpr std::size_t move_bytes = 5;
constexpr std::size_t call_bytes = 5;

} // namespace

// The first such call: arguments, which may allocate too, are copied into the frame.
std::optional<std::uint64_t> allocated_bytes(const ElfModule& module, const CodeRange& ramp) {
    std::vector<unsigned char> code(std::min(ramp.size, longest_ramp));
    code.resize(module.image().read(ramp.start, code.data(), code.size()));
    for (std::size_t at = 0; at + move_bytes + call_bytes <= code.size(); ++at) {
        if (code[at] != move_to_edi || code[at + move_bytes] != call)
            continue;
        std::uint32_t size = 0;
        std::memcpy(&size, &code[at + 1], sizeof size);
        if (size >= smallest_frame && size <= largest_frame && size % 8 == 0)
            return size;
    }
    return std::nullopt;
}

} // namespace tasks::inspect
