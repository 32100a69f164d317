// What a thread that ptrace has stopped tells, for those who let it go at once and for those who hold it. System calls
// only.
#pragma once

#include <cerrno>

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <tasks/protocol/result.hpp>

#include "capture/running_registers.hpp"

namespace tasks::inspect {

/// What it must be given on its way: the signal that came just then, if it stopped for one. `status` is waitpid()'s.
inline int signal_of_stop(int status) noexcept { return (status >> 16) == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status); }

/// ESRCH: it was killed while it was held; ENOEXEC: the registers of a 32-bit thread are fewer.
inline Result<RunningRegisters, int> read_registers(pid_t tid) noexcept {
    user_regs_struct user{};
    iovec into{&user, sizeof user};
    if (::ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &into) != 0) {
        return Failure{errno};
    }
    if (into.iov_len != sizeof user) {
        return Failure{ENOEXEC};
    }
    return registers_of(user);
}

} // namespace tasks::inspect
