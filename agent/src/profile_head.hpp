// The first and the last lines of a profile: which process, when, and whether it is whole. protocol/PROFILE.md.
#pragma once

#include <array>
#include <cstdint>

#include <tasks/profile.hpp>
#include <tasks/protocol/table_layout.hpp>

#include "fixed_text.hpp"
#include "profile_output.hpp"
#include "profile_walk.hpp"

namespace tasks::agent {

/// The facts of the process, read from the head of its table.
struct ProfiledProcess {
    std::uint32_t pid = 0;
    std::uint64_t start_time_ticks = 0;
    std::uint32_t uid = 0;
    std::uint32_t agent_tid = 0;
    std::uint32_t own_tid = 0; ///< of the thread that writes
    FixedText<64> name;
    std::array<char, 36> boot_id{};
    std::uint64_t taken_ns = 0;          ///< CLOCK_MONOTONIC
    std::uint64_t taken_realtime_ns = 0; ///< the same moment, since the epoch
};

/// False: the registry has retired meanwhile.
bool read_process(const protocol::TableSource& table, ProfiledProcess& process) noexcept;

void write_head(const ProfiledProcess& process, ProfileDetail detail, ProfileOutput& output) noexcept;

/// What is not in the profile, a sentence each; then the line without which a profile is cut short.
void write_end(const ProfileWalk::Totals& totals, std::uint64_t dropped, ProfileOutput& output) noexcept;

} // namespace tasks::agent
