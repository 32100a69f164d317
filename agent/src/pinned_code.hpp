// Keeps the library that this code is in from being unmapped: a plugin that links the agent may be closed with
// dlclose() while the agent's thread runs in it, and the hooks at the end of threads, at fork() and at exit() lead here
// for ever.
#pragma once

namespace tasks::agent {

/// Does nothing in a program's own code, and changes nothing where the linker was told `-z nodelete` or when it is
/// called again. Takes the loader's lock, where this code is in a library.
void pin_code() noexcept;

} // namespace tasks::agent
