// The objects that several JSON outputs share. Each writes one value.
#pragma once

#include "render/json_writer.hpp"

namespace tasks::render {

void write_vitals(const inspect::VitalsReport& report, JsonWriter& json);
void write_stacks(const inspect::StackReport& report, JsonWriter& json);

/// The objects that `tasks stack` and `tasks deadlocks` share.
void write_frames(const std::vector<inspect::Frame>& frames, JsonWriter& json);
void write_findings(const inspect::WaitGraph& waits, JsonWriter& json);

/// The keys that the tasks of a group have in common: what they do; then where.
void write_shape(const inspect::GroupShape& shape, JsonWriter& json);
void write_stack(const inspect::GroupShape& shape, JsonWriter& json);

/// {"lock","held_by_tid",...}, what the thread waits on; null where nothing is known.
void write_waits_on(const inspect::WaitGraph& waits, const inspect::TaskView& task, JsonWriter& json);

/// [{"tid","reason"}]
void write_incomplete(const std::vector<inspect::Incomplete>& incomplete, JsonWriter& json);

/// The keys that tell which process it is: pid, start_time_ticks, name, state.
void write_identity(const inspect::ProcessFacts& process, JsonWriter& json);

/// The keys that every answer about one process begins with: schema; which process it is; taken_at_ns; what this was
/// read from, where not from the process: from; and of a core: signal.
void write_heading(const inspect::ProcessFacts& process, std::uint64_t taken_at_realtime_ns, JsonWriter& json);

/// The keys of one row of `tasks list`.
void write_process_row(const inspect::ProcessRow& row, JsonWriter& json);

/// "problems":[...]
void write_problems(const std::vector<std::string>& problems, JsonWriter& json);

} // namespace tasks::render
