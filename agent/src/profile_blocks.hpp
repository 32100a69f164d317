// The single tasks of a profile: one block a task, written as it comes, with its thread's registers and, where they
// were copied, its stack bytes. Allocates nothing; one thread.
#pragma once

#include "profile_lines.hpp"
#include "profile_walk.hpp"

namespace tasks::agent {

class ProfileBlocks final : public ProfileSink {
public:
    explicit ProfileBlocks(ProfileLines& lines, std::uint64_t taken_ns) noexcept
        : lines_(lines), out(lines.out), taken_ns_(taken_ns) {}

    bool take(const MergedTask& task, std::size_t thread_index) noexcept override;

private:
    void first_line(const MergedTask& task) noexcept;
    void label(const protocol::Task& task) noexcept;
    void frame(const protocol::Task& task) noexcept;
    void thread(const protocol::ThreadStack& thread) noexcept;
    void registers(const protocol::ThreadStack& thread) noexcept;

    ProfileLines& lines_;
    ProfileOutput& out;
    std::uint64_t taken_ns_;
};

} // namespace tasks::agent
