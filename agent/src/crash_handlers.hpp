// The handlers of the signals that end a process, and how each is left: to the handler that was there before, else to
// the default with the same signal, code and registers, so that core and exit status are what they would have been.
// Async-signal-safe but for install_crash_handlers(), which is for one thread at a time.
#pragma once

#include <signal.h>

namespace tasks::agent {

/// What is done before the signal takes its course. On the struck thread, in the handler.
using OnCrash = void (*)(int signal, const siginfo_t& info, void* context) noexcept;

/// Takes the signals that are not ignored; those taken already stay as they are. 0 or an errno value.
int install_crash_handlers(OnCrash on_crash) noexcept;

/// Whether that signal's handler is ours.
bool is_crash_handler(const struct sigaction& action) noexcept;

} // namespace tasks::agent
