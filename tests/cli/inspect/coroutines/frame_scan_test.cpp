// Memory made up by its address, too much for one thread, so that the scan reads it with two.
#include "coroutines/frame_scan.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <thread>

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

constexpr std::uint64_t start = 0x5500'0000'0000;
constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t page = 4096;
constexpr std::uint64_t resume = 0x40'1000;
constexpr std::uint64_t destroy = 0x40'2000;

/// A frame every `apart` bytes; what lies in a hole cannot be read.
class MadeMemory final : public ProcessMemory {
public:
    MadeMemory(std::uint64_t apart, std::vector<MemoryRange> holes) : apart_(apart), holes_(std::move(holes)) {}

    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        const auto end = readable_to(address, address + into.size());
        std::fill(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(end - address), '\0');
        for (auto frame = start + (address - start + apart_ - 1) / apart_ * apart_; frame < end; frame += apart_)
            put(frame, resume, address, into);
        for (auto frame = start + (address - start) / apart_ * apart_; frame + 8 < end; frame += apart_)
            put(frame + 8, destroy, address, into);
        return end - address;
    }

    std::uint64_t readable_to(std::uint64_t address, std::uint64_t end) const {
        for (const auto& hole : holes_)
            if (hole.end > address)
                return std::max(address, std::min(end, hole.start));
        return end;
    }

private:
    static void put(std::uint64_t at, std::uint64_t word, std::uint64_t address, std::span<char> into) {
        if (at >= address && at + 8 <= address + into.size())
            std::memcpy(&into[at - address], &word, sizeof word);
    }

    std::uint64_t apart_;
    std::vector<MemoryRange> holes_;
};

CodeAddresses one_function() {
    CodeAddresses code;
    code.add(0, resume, destroy, 0);
    code.seal();
    return code;
}

/// Some of it comes late: threads do not take turns.
struct SlowMemory final : ProcessMemory {
    explicit SlowMemory(const ProcessMemory& of) : of_(of) {}
    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        if (address / mib % 16 == 3)
            std::this_thread::sleep_for(std::chrono::milliseconds{2});
        return of_.read(address, into);
    }
    const ProcessMemory& of_;
};

std::vector<std::uint64_t> addresses(const ScanResult& result) {
    std::vector<std::uint64_t> all;
    for (const auto& frame : result.frames)
        all.push_back(frame.address);
    return all;
}

} // namespace

TEST_CASE("a scan of much memory finds every frame once and by address, across blocks, ranges and holes") {
    // Steps over a hole double from page to MiB: these are of a length at which one ends.
    // 8 words less than a block apart: they lie at the end of blocks and over it too.
    constexpr std::uint64_t apart = (256u << 10) - 64;
    const MadeMemory made{apart,
                          {{start + 10 * mib, start + 10 * mib + 6 * page},
                           {start + 40 * mib + 2 * page, start + 47 * mib},
                           {start + 119 * mib, start + 120 * mib}}};
    const std::vector<MemoryRange> ranges{
        {start + 60 * mib, start + 120 * mib}, {start, start + 30 * mib}, {start + 30 * mib, start + 59 * mib + 12}};
    std::vector<std::uint64_t> expected;
    std::uint64_t unread = 0;
    for (const auto& range : {ranges[1], ranges[2], ranges[0]}) {
        for (auto frame = start; frame + 16 <= range.end; frame += apart)
            if (frame >= range.start && made.readable_to(frame, frame + 16) == frame + 16)
                expected.push_back(frame);
    }
    for (const auto hole : {6 * page, 7 * mib - 2 * page, mib})
        unread += hole;
    const SlowMemory memory{made};
    const auto result = scan_for_frames(one_function(), memory, ranges, {1ull << 40, {}});
    CHECK(addresses(result) == expected);
    CHECK(result.scanned_bytes + result.unscanned_bytes == 119 * mib + 8);
    CHECK(result.unscanned_bytes >= unread);
    CHECK(result.unscanned_bytes < unread + page);
}

TEST_CASE("a scan ends at its limit to the page, and where its caller has enough") {
    const MadeMemory memory{page, {}};
    const std::vector<MemoryRange> ranges{{start, start + 50 * mib}, {start + 60 * mib, start + 160 * mib}};
    const auto limited = scan_for_frames(one_function(), memory, ranges, {70 * mib, {}});
    CHECK(limited.scanned_bytes >= 70 * mib);
    CHECK(limited.scanned_bytes <= 70 * mib + page);
    CHECK(limited.scanned_bytes + limited.unscanned_bytes == 150 * mib);
    CHECK(limited.frames.size() == (limited.scanned_bytes + page - 1) / page);

    std::vector<std::uint64_t> told;
    const std::vector<MemoryRange> more{{start, start + 700 * mib}};
    const auto stopped =
        scan_for_frames(one_function(), memory, more, {1ull << 40, [&](std::uint64_t done, auto total) {
                                                           CHECK(total == 700 * mib);
                                                           told.push_back(done);
                                                           return told.size() < 2;
                                                       }});
    REQUIRE(told.size() == 2);
    CHECK(stopped.scanned_bytes == told.back());
    CHECK(stopped.scanned_bytes + stopped.unscanned_bytes == 700 * mib);
    CHECK(stopped.frames.size() == (told.back() + page - 1) / page);
}

TEST_CASE("a scan passes over a hole of 128 GiB in steps that grow") {
    constexpr std::uint64_t most = 128ull << 30;
    const MadeMemory memory{page, {{start + 5 * page, start + most}}};
    const std::vector<MemoryRange> ranges{{start, start + most + page}};
    const auto result = scan_for_frames(one_function(), memory, ranges, {2 * most, {}});
    CHECK(result.scanned_bytes + result.unscanned_bytes == most + page);
    CHECK(result.frames.size() >= 5);
}

TEST_CASE("what reading throws is thrown by the scan") {
    struct Throwing final : ProcessMemory {
        std::size_t read(std::uint64_t address, std::span<char> into) const override {
            if (address > start + 80 * mib)
                throw std::bad_alloc{};
            return into.size();
        }
    };
    const std::vector<MemoryRange> ranges{{start, start + 100 * mib}};
    CHECK_THROWS_AS(scan_for_frames(one_function(), Throwing{}, ranges, {1ull << 40, {}}), std::bad_alloc);
}
