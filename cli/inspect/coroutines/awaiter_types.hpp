// What each suspend point awaits, as a type: the awaiter that lies in the frame, the class whose await_suspend is
// called behind the store of the index, or the one whose functions were inlined on that line. No state.
#pragma once

#include <string>
#include <vector>

#include "coroutines/coroutine_lines.hpp"
#include "coroutines/function_code.hpp"
#include "coroutines/point_indexes.hpp"
#include "symbols/symbol_table.hpp"

namespace tasks::inspect {

struct AwaiterType {
    std::string name; ///< demangled; "" not known
    bool inferred = false;
};

/// What tells of awaiters; each may be missing.
struct AwaiterSources {
    Dwarf* debug = nullptr; ///< of the members' types
    const FrameLayout* layout = nullptr;
    const SymbolTable* symbols = nullptr;
    const CoroutineBody* body = nullptr;
};

/// One for each point; none for the initial and the final one. `lines`: of the points, 0 where not known.
std::vector<AwaiterType> awaiter_types(const FunctionCode& code, const std::vector<CodePoint>& points,
                                       const std::vector<std::uint32_t>& lines, const AwaiterSources& from);

} // namespace tasks::inspect
