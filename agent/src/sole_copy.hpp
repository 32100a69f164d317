// One agent a process, though the code may be in it twice: a program and a plugin that both link the static library
// have two of everything, and would make the same files. Copies know each other by the table, which each keeps mapped
// under the process's own name: after exec() or in a forked child there is no such mapping.
#pragma once

#include "identity.hpp"
#include "owned_fd.hpp"

namespace tasks::agent {

/// Held while a run starts: another copy that starts now waits, 1 s at most. Where there is no lock to be had it goes
/// on without. A lock on a file of /proc that only this process's user can open.
class StartLock {
public:
    StartLock() noexcept;
    ~StartLock();
    StartLock(const StartLock&) = delete;
    StartLock& operator=(const StartLock&) = delete;

private:
    OwnedFd file_;
};

/// True: a table named after this process is mapped in it.
bool another_copy_runs(const Identity& identity);

} // namespace tasks::agent
