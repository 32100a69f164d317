#include "capture/perf_records.hpp"

#include <cstring>
#include <string>

#include <catch2/catch.hpp>

#include <linux/perf_event.h>

using namespace tasks::inspect;

namespace {

/// A sample record, as perf_event_open(2) lays it out.
class MadeRecord {
public:
    template <class Value> MadeRecord& put(Value value) {
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    MadeRecord& text(const std::string& text) {
        bytes_ += text;
        return *this;
    }
    std::string record(std::uint32_t type = PERF_RECORD_SAMPLE) const {
        const perf_event_header header{type, PERF_RECORD_MISC_USER,
                                       static_cast<std::uint16_t>(sizeof header + bytes_.size())};
        return std::string{reinterpret_cast<const char*>(&header), sizeof header} + bytes_;
    }

private:
    std::string bytes_;
};

constexpr std::uint32_t pid = 12;
constexpr std::uint32_t tid = 13;
constexpr std::uint64_t time_ns = 1'000'000'007;

/// Registers in the kernel's order, each with its own bit's number.
MadeRecord with_registers() {
    MadeRecord made;
    made.put(pid).put(tid).put(time_ns).put(std::uint64_t{PERF_SAMPLE_REGS_ABI_64});
    for (std::uint64_t bit = 0; bit < 64; ++bit) {
        if ((perf_register_mask() >> bit & 1) != 0) {
            made.put(bit);
        }
    }
    return made;
}

std::string whole_record() {
    return with_registers().put(std::uint64_t{16}).text("sixteen of stack").put(std::uint64_t{16}).record();
}

/// With the length in its header that it has.
std::string with_true_length(std::string record) {
    const auto size = static_cast<std::uint16_t>(record.size());
    std::memcpy(record.data() + offsetof(perf_event_header, size), &size, sizeof size);
    return record;
}

} // namespace

TEST_CASE("a perf sample is read, its registers by DWARF number") {
    const auto record = whole_record();
    const auto sample = parse_perf_sample(record);
    REQUIRE(sample);
    CHECK(sample->tid == tid);
    CHECK(sample->time_ns == time_ns);
    CHECK(sample->has_registers);
    CHECK_FALSE(sample->foreign);
    CHECK(sample->stack == "sixteen of stack");
    CHECK(sample->stack_cut);
    for (std::size_t number = 0; number < running_register_count; ++number) {
        CHECK(sample->registers[number] == perf_register_bits[number]);
    }
    CHECK(sample->registers[running_sp] == PERF_REG_X86_SP);
    CHECK(sample->registers[running_pc] == PERF_REG_X86_IP);
}

TEST_CASE("a stack that fills less than its room is not cut") {
    const auto record = with_registers().put(std::uint64_t{16}).text("sixteen of stack").put(std::uint64_t{7}).record();
    const auto sample = parse_perf_sample(record);
    REQUIRE(sample);
    CHECK(sample->stack == "sixteen");
    CHECK_FALSE(sample->stack_cut);
}

TEST_CASE("a sample without user registers, or of 32-bit code, has none") {
    MadeRecord none;
    none.put(pid).put(tid).put(time_ns).put(std::uint64_t{PERF_SAMPLE_REGS_ABI_NONE}).put(std::uint64_t{0});
    const auto kernel = parse_perf_sample(none.record());
    REQUIRE(kernel);
    CHECK_FALSE(kernel->has_registers);
    CHECK(kernel->stack.empty());

    auto small = whole_record();
    const std::uint64_t abi = PERF_SAMPLE_REGS_ABI_32;
    std::memcpy(small.data() + sizeof(perf_event_header) + 16, &abi, sizeof abi);
    const auto foreign = parse_perf_sample(small);
    REQUIRE(foreign);
    CHECK(foreign->foreign);
    CHECK_FALSE(foreign->has_registers);
}

TEST_CASE("a perf record that was cut anywhere is none, whatever length it claims") {
    const auto record = whole_record();
    for (std::size_t length = 0; length < record.size(); ++length) {
        const auto cut = record.substr(0, length);
        CHECK_FALSE(parse_perf_sample(cut));
        std::string_view bytes{cut};
        CHECK(take_perf_record(bytes).empty());
        if (length >= sizeof(perf_event_header)) {
            CHECK_FALSE(parse_perf_sample(with_true_length(cut)));
        }
    }
}

TEST_CASE("lengths in a perf record that reach beyond it are refused") {
    for (const std::uint64_t room : {std::uint64_t{17}, std::uint64_t{24}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
        CHECK_FALSE(
            parse_perf_sample(with_registers().put(room).text("sixteen of stack").put(std::uint64_t{16}).record()));
    }
    for (const std::uint64_t filled : {std::uint64_t{17}, ~std::uint64_t{0}}) {
        CHECK_FALSE(
            parse_perf_sample(with_registers().put(std::uint64_t{16}).text("sixteen of stack").put(filled).record()));
    }
    CHECK_FALSE(parse_perf_sample(MadeRecord{}.put(pid).put(tid).put(time_ns).put(std::uint64_t{3}).record()));
}

TEST_CASE("records are taken off a ring's bytes one by one") {
    const auto lost = MadeRecord{}.put(std::uint64_t{1}).put(std::uint64_t{2}).record(PERF_RECORD_LOST);
    const auto all = lost + whole_record();
    std::string_view bytes{all};
    const auto first = take_perf_record(bytes);
    CHECK(first == lost);
    CHECK_FALSE(parse_perf_sample(first));
    CHECK(parse_perf_sample(take_perf_record(bytes)));
    CHECK(take_perf_record(bytes).empty());
    const std::string endless(sizeof(perf_event_header), '\0'); // a record of length 0
    std::string_view zero{endless};
    CHECK(take_perf_record(zero).empty());
}
