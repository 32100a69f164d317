// Sorts the tasks of a snapshot into groups: the steps of analyse_stacks, in order. Holds 4 bytes a task, the chains of
// the report: a number of its group for each task and a list of members for each group would be 8, and a second walk
// over tasks that no cache holds. One thread at a time, used once.
//
//     pick      each task gets a raw group by stack number (of a coroutine: of its chain), kind, state, wait and
//     creation site; filters that need no
//               names are applied here, so that what they leave out is never unwound
//     name      each raw group gets its shape: frames are symbolized, a futex becomes what it is
//     join      raw groups whose named stacks are equal become one
//     match     --match, which needs the names
//     finish    --full, order, --limit
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analysis/logical_stacks.hpp"
#include "analysis/match.hpp"
#include "analysis/stack_table.hpp"

namespace tasks::inspect {

class Grouping {
public:
    Grouping(const Snapshot& snapshot, const StackSource& source, const StackOptions& options);

    void pick();
    void name();
    void join();
    void match();
    void finish();

    StackReport take() { return std::move(report_); }

private:
    /// What tells raw groups apart. Without a stack, scopes and wait site take its place.
    struct Key {
        std::uint32_t stack = 0;
        std::uint32_t logical_stack = 0; ///< of a coroutine
        std::uint32_t created_site = 0;
        std::uint32_t created_stack = 0; ///< of a thread without a job, of a coroutine: of the call that made it
        std::uint32_t created_in = 0;    ///< of a coroutine: the stack of the place where it was registered
        std::uint32_t scopes = 0;
        std::uint32_t wait_site = 0;
        protocol::Kind kind = protocol::Kind::unknown;
        protocol::State state = protocol::State::unknown;
        protocol::WaitReason wait_reason = protocol::WaitReason::none;
        bool from_thread = false;
        bool bound = false; ///< a thread carries it
        bool thread_known = false;
        bool struck = false;                                    ///< by the signal that ended the process
        protocol::Capture capture = protocol::Capture::unknown; ///< of the thread, where there is no stack

        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };

    /// A group while it is made; its index is that of its shape and of its Group.
    struct Raw {
        Key key;
        std::uint32_t last = 0; ///< slot
        std::uint32_t first_scopes = 0;
    };

    bool passes(const TaskView& task) const noexcept;
    Key key_of(const TaskView& task);
    std::uint32_t stack_of(const ThreadFacts& thread);
    void take_creator(const TaskView& task, Key& key);
    std::optional<CreatedBy> created_by(const Key& key) const;
    GroupShape shape_of(const Key& key) const;
    void append(std::uint32_t group, std::uint32_t slot, const TaskView& task);
    bool same_name(std::uint32_t group, std::uint32_t slot, const TaskView& task) const;
    void splice(std::uint32_t from, std::uint32_t into);
    void match_tasks(TaskMatch& match, std::uint32_t group);
    void one_group_a_task();
    void limit_groups();

    static constexpr std::uint32_t none = ~0u;

    const Snapshot& snapshot_;
    const StackOptions& options_;
    StackTable stacks_;
    StackReport report_;
    LogicalStacks logical_stacks_;
    /// TaskView's two addresses of who created it: their numbers in `stacks_`.
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::pair<std::uint32_t, std::uint32_t>> creators_;
    std::vector<std::uint32_t> stack_of_thread_; ///< by index into Snapshot::threads; none: not unwound yet
    std::vector<Raw> raw_;
};

} // namespace tasks::inspect
