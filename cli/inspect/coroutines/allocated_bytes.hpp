// How large a coroutine's frames are, read off the code that allocates one: `mov edi, SIZE; call operator new`. For
// frames whose size no debug information tells: clang writes none when it optimizes. No state.
#pragma once

#include <cstdint>
#include <optional>

#include "coroutines/coroutine_code.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

/// `ramp`: the function as callers see it. Empty: it has no such call; then it may call an operator new of its own.
std::optional<std::uint64_t> allocated_bytes(const ElfModule& module, const CodeRange& ramp);

} // namespace tasks::inspect
