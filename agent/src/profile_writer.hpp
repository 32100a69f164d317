// One profile: everything that it is made with, in one region of memory, since the stack of the host's thread may be
// small. Made, used once and dropped by tasks::write_profile, on any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <tasks/profile.hpp>
#include <tasks/protocol/table_reader.hpp>

#include "own_table.hpp"
#include "profile_groups.hpp"
#include "profile_head.hpp"
#include "profile_modules.hpp"
#include "profile_output.hpp"
#include "profile_sites.hpp"
#include "profile_walk.hpp"

namespace tasks::agent {

class ProfileWriter {
public:
    /// Takes its memory from `region`, which has region_bytes. `table` may be null: then only threads are told.
    /// `until_ns`: as ProfileOutput's.
    ProfileWriter(int fd, Region& region, const OwnTable* table, std::uint64_t until_ns = UINT64_MAX) noexcept;

    /// 0, or the errno value of the write that failed.
    int write(const ProfiledProcess& process, ProfileDetail detail) noexcept;

    /// What a crash dump has beside.
    struct Crash {
        const protocol::ThreadStack* struck; ///< the calling thread, as the signal found it; null: none was struck
        bool no_agent;
        bool struck_only;
        std::uint64_t struck_tasks; ///< ProfileWalk::Moment::own_tasks
        std::uint64_t struck_first_record;
        std::uint64_t walk_until_ns;
        std::size_t all_stacks_bytes;
    };
    /// All behind the head and the crash's own facts.
    int write(const ProfiledProcess& process, const Crash& crash) noexcept;

    /// Writes what a fault left in the buffer. 0 or an errno value.
    int finish() noexcept { return output_.finish(); }

private:
    void write_modules(const ProfiledProcess& process) noexcept;
    ProfileWalk walk(const ProfileWalk::Moment& moment) noexcept;
    void write_tasks(const ProfiledProcess& process, ProfileDetail detail) noexcept;
    std::uint64_t dropped() const noexcept { return table_ ? table_->facts().dropped_jobs : 0; }

    static constexpr std::size_t output_bytes = 64 * 1024;

    Workspace workspace_;
    ProfileOutput output_;
    std::optional<protocol::TableReader> table_; ///< nothing: it cannot be read
    ProfileSites sites_;
    ProfileModules modules_;
    std::span<char> marks_;
    ProfileGroups::Memory groups_;

public:
    /// Address space; a profile of eight threads touches some 300 KiB of it.
    static constexpr std::size_t region_bytes =
        Workspace::memory_bytes + whole_pages(output_bytes) + whole_pages(protocol::TableReader::memory_bytes) +
        whole_pages(ProfileSites::memory_bytes) + whole_pages(ProfileModules::memory_bytes) +
        whole_pages(ExportedNames::memory_bytes) + whole_pages(ProfileWalk::marks_bytes) +
        whole_pages(ProfileGroups::shapes_bytes) + whole_pages(ProfileGroups::buckets_bytes) +
        whole_pages(ProfileGroups::chains_bytes);
};

} // namespace tasks::agent
