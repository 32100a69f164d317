// The coroutine functions of a module, from the names in its .symtab or its separate debug file's: nothing else tells
// them. A stripped module has no such names; then its coroutines are unknown, not none. No state; reads the ELF file.
#pragma once

#include <string>
#include <vector>

#include "coroutines/coroutine_code.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

struct CoroutineSymbols {
    bool known = false;               ///< false: it has no .symtab
    std::vector<CoroutineCode> codes; ///< by the address of `resume`
};

CoroutineSymbols coroutine_symbols(ElfModule& module);

/// Whether a module without .symtab may have coroutines all the same: it is C++, and not the C++ library itself.
bool may_have_coroutines(const ElfModule& module);

} // namespace tasks::inspect
