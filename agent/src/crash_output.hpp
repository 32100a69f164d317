// Where a crash dump goes: its file, and what is said to people on standard error. Paths are put together when the
// crash dump is installed; the rest is async-signal-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "fixed_text.hpp"
#include "owned_fd.hpp"
#include "profile_head.hpp"

namespace tasks::agent {

class CrashOutput {
public:
    using Path = FixedText<4200>;

    /// `asked`: CrashDumpOptions::path. 0 or an errno value.
    int choose(std::string_view asked, const ProfiledProcess& process) noexcept;

    /// A new file, of this user alone. Empty: none was asked for, or it cannot be made. `place`: the directory of the
    /// agent's table, "" none.
    OwnedFd create(std::string_view place, const ProfiledProcess& process, Path& path) const noexcept;

    /// Standard error, -1 where that is a file now that it was not before: another's, which got its number.
    int standard_error() const noexcept;

private:
    Path path_;
    std::uint64_t error_device_ = 0;
    std::uint64_t error_inode_ = 0;
};

} // namespace tasks::agent
