#include "capture/perf_records.hpp"

#include <cstring>

#include <linux/perf_event.h>

namespace tasks::inspect {
namespace {

template <class Value> bool take(std::string_view& bytes, Value& into) {
    if (bytes.size() < sizeof into) {
        return false;
    }
    std::memcpy(&into, bytes.data(), sizeof into);
    bytes.remove_prefix(sizeof into);
    return true;
}

/// { u64 abi; u64 regs[] }: without registers where there is no abi.
bool take_registers(std::string_view& bytes, PerfSample& into) {
    std::uint64_t abi = 0;
    if (!take(bytes, abi) || abi > PERF_SAMPLE_REGS_ABI_64) {
        return false;
    }
    if (abi == PERF_SAMPLE_REGS_ABI_NONE) {
        return true;
    }
    RunningRegisters sampled{};
    if (!take(bytes, sampled)) {
        return false;
    }
    into.foreign = abi == PERF_SAMPLE_REGS_ABI_32;
    into.has_registers = !into.foreign;
    if (into.has_registers) {
        into.registers = registers_of(sampled);
    }
    return true;
}

/// { u64 size; char data[size]; u64 dyn_size }: `size` bytes of room, dyn_size of them filled; no room, no dyn_size.
bool take_stack(std::string_view& bytes, PerfSample& into) {
    std::uint64_t room = 0;
    if (!take(bytes, room) || room > bytes.size()) {
        return false;
    }
    if (room == 0) {
        return true;
    }
    into.stack = bytes.substr(0, room);
    bytes.remove_prefix(room);
    std::uint64_t filled = 0;
    if (!take(bytes, filled) || filled > room) {
        return false;
    }
    into.stack = into.stack.substr(0, filled);
    into.stack_cut = filled == room;
    return true;
}

} // namespace

std::optional<PerfSample> parse_perf_sample(std::string_view record) {
    perf_event_header header{};
    std::uint32_t process = 0;
    PerfSample sample;
    const bool whole = record.size() <= 0xffff && take(record, header) && header.type == PERF_RECORD_SAMPLE &&
                       header.size == record.size() + sizeof header && take(record, process) &&
                       take(record, sample.tid) && take(record, sample.time_ns) && take_registers(record, sample) &&
                       take_stack(record, sample);
    return whole ? std::optional{sample} : std::nullopt;
}

std::string_view take_perf_record(std::string_view& bytes) {
    perf_event_header header{};
    auto rest = bytes;
    if (!take(rest, header) || header.size < sizeof header || header.size > bytes.size()) {
        return {};
    }
    const auto record = bytes.substr(0, header.size);
    bytes.remove_prefix(header.size);
    return record;
}

} // namespace tasks::inspect
