// A dump that the process writes of itself, without the `tasks` command: as pprof.Lookup("goroutine").WriteTo.
//
//     int fd = open("/var/tmp/tasks.profile", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
//     tasks::write_profile(fd, tasks::ProfileDetail::stacks);
//
// The text groups tasks as `tasks stack` does, by what they wait for and where they were started; addresses stand as
// module+offset, with exported names where there are any. `tasks stack --from FILE` shows it with names and lines.
// PROFILE.md, beside SPEC.md in the installed documentation, describes the text.
#pragma once

#include <tasks/export.h>

namespace tasks {

enum class ProfileDetail {
    groups, ///< how many of each shape, ages as a range; no addresses but the top one; no stack bytes
    tasks,  ///< each task on its own
    stacks, ///< the same, with registers and stack bytes of each blocked thread: holds whatever was on the stacks,
            ///< secrets too, so the file should be readable by its owner alone
};

/// Writes to `fd`, which stays open and may be a file, pipe or socket; a pipe that nobody reads blocks the caller.
/// Returns 0, or an errno value: of the write that failed, or ENODEV where no agent runs (then only threads could be
/// told, and nothing is written), ENOMEM. Any thread; not from a signal handler. Takes memory for the work from mmap,
/// not from malloc; one call at a time, others wait.
TASKS_EXPORT int write_profile(int fd, ProfileDetail detail = ProfileDetail::groups) noexcept;

} // namespace tasks
