// The parts of a demangled function name that matter to people and to tables of names. Demanglers put a return type
// in front of function templates, arguments and qualifiers behind. Pure function, any thread; views into the argument.
#pragma once

#include <string_view>

namespace tasks::inspect {

/// "void std::__invoke_impl<void, X>(std::__invoke_other, X&&)" without its return type "void ".
std::string_view without_return_type(std::string_view demangled);

/// The end of the nesting that opens at `open` (one of `(<{[`): the index after its partner, or the text's end where
/// there is none. A `>` of "->" and the brackets of "operator" names do not count.
std::size_t nesting_end(std::string_view text, std::size_t open);

} // namespace tasks::inspect
