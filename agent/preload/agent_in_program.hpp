// Looks for an agent that the program, or a library that it was started with, brings itself: births belong into its
// table then, and the library's own agent stands aside. See birth_interface.hpp for the note.
#pragma once

#include "birth_interface.hpp"

namespace tasks::agent {

/// Null: there is none but `own`. Reads the program headers of what is loaded; takes the loader's lock.
const BirthInterface* agent_in_program(const BirthInterface* own) noexcept;

} // namespace tasks::agent
