// One pass over the tasks of this process: the registered ones as the table has them, each with its thread, which is
// looked at when its turn comes; then the threads that carry none. The calling thread shows as running.
// Works in memory of the caller's; one thread, which may be any of the host's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tasks/protocol/table_reader.hpp>

#include "merged_task.hpp"
#include "workspace.hpp"

namespace tasks::agent {

/// Who gets the tasks.
class ProfileSink {
public:
    static constexpr std::size_t no_thread = SIZE_MAX;

    /// `thread_index`: which of ProfileWalk::tids() its thread is. False: no more are wanted.
    virtual bool take(const MergedTask& task, std::size_t thread_index) noexcept = 0;

protected:
    ~ProfileSink() = default;
};

class ProfileWalk {
public:
    static constexpr std::size_t marks_bytes = max_listed_threads;

    struct Totals {
        std::uint64_t tasks = 0;
        std::uint64_t unreadable = 0; ///< records that changed at every look, or are damaged
        std::uint64_t threads_left_out = 0;
        bool threads_listed = false;
        bool table_read = false;
        bool out_of_time = false;
    };

    struct Moment {
        std::uint32_t agent_tid = 0; ///< whose thread is not told
        std::uint32_t own_tid = 0;   ///< of the calling thread
        std::uint64_t taken_ns = 0;
        std::size_t stack_bytes = 0;             ///< copied a thread; 0: none
        std::size_t all_stacks_bytes = SIZE_MAX; ///< with many threads, less is copied of each
        /// The calling thread as it was captured, then the first to be told; null: it is told as running.
        const protocol::ThreadStack* own = nullptr;
        bool own_only = false;
        /// How many tasks the calling thread carries, and a record at or before the first: a million take a while.
        std::uint64_t own_tasks = UINT64_MAX;
        std::uint64_t own_first_record = 0;
        std::uint64_t until_ns = UINT64_MAX; ///< what has had no turn by then is not told
    };

    /// `table` may be null. `marks`: marks_bytes of zeros.
    ProfileWalk(Workspace& workspace, protocol::TableReader* table, std::span<char> marks,
                const Moment& moment) noexcept;

    Totals run(ProfileSink& sink) noexcept;

    /// The threads there were when the walk began, ascending.
    std::span<const std::uint32_t> tids() const noexcept { return tids_; }

private:
    void list() noexcept;
    protocol::ThreadStack look_at(std::uint32_t tid) noexcept;
    std::size_t index_of(std::uint32_t tid) const noexcept;
    bool registered(const protocol::Task& task, ProfileSink& sink) noexcept;
    void own_thread(ProfileSink& sink) noexcept;
    void all_registered(ProfileSink& sink) noexcept;
    std::uint64_t half_of_the_time() const noexcept;
    bool in_time(std::uint64_t until_ns) noexcept;
    void threads(ProfileSink& sink) noexcept;

    Workspace& workspace_;
    protocol::TableReader* table_;
    std::span<char> marks_; // per thread: 1 when a registered task told it
    Moment moment_;
    CaptureSettings settings_;
    ThreadCapture capture_;
    std::span<std::uint32_t> tids_;
    Totals totals_;
    bool enough_ = false;
};

} // namespace tasks::agent
