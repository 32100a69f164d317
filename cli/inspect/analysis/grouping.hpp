// Sorts the tasks of a snapshot into groups: the steps of analyse_stacks, in order. Holds 8 bytes a task, 4 of them
// until finish() only. One thread at a time, used once.
//
//     pick      each task gets a raw group by stack number, kind, state, wait and creation site; filters that need no
//               names are applied here, so that what they leave out is never unwound
//     name      each raw group gets its shape: frames are symbolized, a futex becomes what it is
//     join      raw groups whose named stacks are equal become one
//     match     --match, which needs the names
//     finish    counts, ages, order, --limit
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

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
        std::uint32_t created_site = 0;
        std::uint32_t scopes = 0;
        std::uint32_t wait_site = 0;
        protocol::Kind kind = protocol::Kind::unknown;
        protocol::State state = protocol::State::unknown;
        protocol::WaitReason wait_reason = protocol::WaitReason::none;
        bool from_thread = false;
        bool bound = false; ///< a thread carries it
        bool thread_known = false;
        protocol::Capture capture = protocol::Capture::unknown; ///< of the thread, where there is no stack

        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept;
    };

    bool passes(const TaskView& task) const noexcept;
    Key key_of(const TaskView& task);
    GroupShape shape_of(const Key& key) const;
    void count_members();
    void add_to(Group& group, std::uint32_t slot) const;
    void one_group_a_task();
    void limit_groups();

    static constexpr std::uint32_t no_group = ~0u;

    const Snapshot& snapshot_;
    const StackOptions& options_;
    StackTable stacks_;
    StackReport report_;
    std::vector<std::uint32_t> stack_of_thread_; ///< by index into Snapshot::threads; no_group: not unwound yet
    std::vector<std::uint32_t> group_of_;        ///< by slot
    std::vector<Key> keys_;                      ///< by group, which is the index of its shape too
};

} // namespace tasks::inspect
