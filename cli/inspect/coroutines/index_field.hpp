// Where a coroutine's frames keep their suspend index, as its resume function tells: for frames that no debug
// information describes. No state.
#pragma once

#include <optional>

#include "coroutines/coroutine_code.hpp"
#include "coroutines/function_code.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

/// The first small field of the frame that the code reads and that decides where it goes on. Unset: there is none, as
/// in what clang makes of a coroutine with one suspend point, or it was not found.
std::optional<FrameField> index_field(ElfModule& module, const CoroutineCode& code);
std::optional<FrameField> index_field(const FunctionCode& code);

} // namespace tasks::inspect
