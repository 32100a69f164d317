// What one record of a table means, taken as it stands: no other record is looked at, and sites are not checked.
// Pure functions.
#pragma once

#include <cstdint>

#include <tasks/protocol/messages.hpp>
#include <tasks/protocol/table_layout.hpp>

namespace tasks::protocol {

bool same(const TaskRecord& a, const TaskRecord& b) noexcept;
inline bool is_even(const TaskRecord& record) noexcept { return record.head.sequence % 2 == 0; }
inline bool is(const TaskRecord& record, RecordType type) noexcept {
    return record.head.type == static_cast<std::uint8_t>(type);
}

enum class Content { task, nothing, damaged };

/// Fills `task`, all but its id and label.
Content content_of(const TaskRecord& record, Task& task) noexcept;

/// Fills the label of `task`; the text is a view of `label`. False: its text cannot be, and the task has none.
bool take_label(const LabelField& label, Task& task) noexcept;

/// A number of a record, and which task was in it: what ids and references are made of.
constexpr std::uint64_t record_of(std::uint64_t reference) noexcept { return reference & 0xffffffffu; }
constexpr std::uint64_t id_of(std::uint64_t number, const TaskRecord& record) noexcept {
    return std::uint64_t{record.head.generation} << 32 | number;
}

/// True where a thread's record and that of a job name each other: the thread carries the job. `id` is the job's.
bool carries(const TaskRecord& thread, const TaskRecord& job, std::uint64_t id) noexcept;

/// True for a job that is a thread's outermost scope: the thread's task has its id.
inline bool is_outermost(const TaskRecord& job) noexcept { return job.carries >> 32 == 0; }

/// The one task that a thread and the job which it carries outermost are, as a record.
TaskRecord joined(const TaskRecord& thread, const TaskRecord& job) noexcept;

} // namespace tasks::protocol
