// A task as a profile tells it: what the registry knows of it and what its thread shows, put together as the `tasks`
// command does (cli/inspect/analysis/task_list.cpp). Value type; refers to both, which must outlive it.
#pragma once

#include <cstdint>
#include <optional>

#include <tasks/protocol/messages.hpp>

namespace tasks::agent {

struct MergedTask {
    const protocol::Task* task = nullptr;          ///< null: a thread that is not registered
    const protocol::ThreadStack* thread = nullptr; ///< null: no thread carries it
    protocol::Kind kind = protocol::Kind::thread;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    bool from_thread = false; ///< state, reason and age are the thread's: the age is when it last ran
    std::optional<std::uint64_t> age_ns;

    /// The process itself said that it waits.
    bool registered_wait() const noexcept { return task != nullptr && task->state == protocol::State::waiting; }
};

/// `taken_ns`: the moment of the profile; what began later began just now.
MergedTask merge(const protocol::Task& task, const protocol::ThreadStack* thread, std::uint64_t taken_ns) noexcept;
MergedTask merge(const protocol::ThreadStack& thread) noexcept;

} // namespace tasks::agent
