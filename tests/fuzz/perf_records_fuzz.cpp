// The bytes are what the kernel wrote to the ring of a perf event.
#include "capture/perf_records.hpp"

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

void perf_records(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    auto left = bytes.size();
    for (auto record = inspect::take_perf_record(bytes); !record.empty(); record = inspect::take_perf_record(bytes)) {
        must(record.size() + bytes.size() == left, "a record is what is taken off");
        left = bytes.size();
        const auto sample = inspect::parse_perf_sample(record);
        if (sample && !sample->stack.empty()) {
            must(sample->stack.data() >= record.data() &&
                     sample->stack.data() + sample->stack.size() <= record.data() + record.size(),
                 "a stack lies in its record");
        }
        must(!sample || !sample->foreign || !sample->has_registers, "32-bit code has no registers here");
    }
    must(bytes.size() == left, "where there is no whole record, nothing is taken");
}

} // namespace tasks::fuzz
