// A mapped file that somebody cuts short while we read it would end us with SIGBUS: the missing pages are made zeros
// instead, which readers of ELF and DWARF take for the end of a list. Changes the process's answer to SIGBUS; any
// thread may call it.
#pragma once

namespace tasks::inspect {

/// From now on; the second call does nothing.
void survive_cut_files();

} // namespace tasks::inspect
