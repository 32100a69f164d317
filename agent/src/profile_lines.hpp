// The lines of a profile that more than one detail has (protocol/PROFILE.md): a task's first line, the places in the
// host's source, the place of a program counter. Borrows the output; allocates nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "merged_task.hpp"
#include "profile_modules.hpp"
#include "profile_output.hpp"
#include "profile_sites.hpp"

namespace tasks::agent {

class ProfileLines {
public:
    ProfileLines(ProfileOutput& output, ProfileSites& sites, ProfileModules& modules) noexcept
        : out(output), sites_(sites), modules_(modules) {}

    /// `8 tasks  job`
    void count(std::uint64_t count, protocol::Kind kind) noexcept;

    /// `  chan send "results"`, `  running`: what tasks of that state do. `wait_site` 0: none.
    void doing(protocol::State state, protocol::WaitReason reason, std::uint32_t wait_site) noexcept;

    /// `  2.000s - 5m12.004s`, `  last ran 3.100s ago`.
    void ages(std::uint64_t least_ns, std::uint64_t most_ns, bool last_ran) noexcept;

    /// `  [charge card > round]`
    void names(const std::uint32_t* scopes, std::size_t count, std::uint32_t left_out) noexcept;
    void name(std::string_view name) noexcept;

    /// `  request=8431`
    void label(std::uint32_t key_site, std::string_view text) noexcept;

    /// `  waits at send  /src/channel.hpp:31  results`; with site 0 `  waits at -`.
    void waits_at(std::uint32_t site) noexcept;

    /// `  created by submit  /src/payments.cpp:29  charge card`, and a line for each inner scope.
    void created_by(const std::uint32_t* scopes, std::size_t count, std::uint32_t left_out) noexcept;

    /// `  at libc.so.6+0xf82ec  read  pc 0x7f3a000f82ec`
    void at(std::uint64_t pc) noexcept;

    ProfileOutput& out;

private:
    void place(std::string_view label, std::uint32_t site) noexcept;

    ProfileSites& sites_;
    ProfileModules& modules_;
};

} // namespace tasks::agent
