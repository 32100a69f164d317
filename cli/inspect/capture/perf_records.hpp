// The records that the kernel writes to the ring of a perf event (perf_event_open(2), include/uapi/linux/perf_event.h),
// as our events ask for them: PERF_SAMPLE_TID, TIME, REGS_USER, STACK_USER. Every length is checked against what is
// there. Bytes in, facts out; no system calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "capture/running_registers.hpp"

namespace tasks::inspect {

struct PerfSample {
    std::uint32_t tid = 0; ///< in our pid namespace
    std::uint64_t time_ns = 0;
    bool foreign = false;       ///< of 32-bit code: there are no registers
    bool has_registers = false; ///< false: the kernel had no user registers to give
    RunningRegisters registers{};
    std::string_view stack; ///< points into the record
    bool stack_cut = false; ///< as much as there was room for
};

/// One record, its header included. Nothing: another kind of record, or one that does not add up.
std::optional<PerfSample> parse_perf_sample(std::string_view record);

/// Cuts the first record off `bytes`; empty: there is no whole one.
std::string_view take_perf_record(std::string_view& bytes);

} // namespace tasks::inspect
