#include "capture/memory_ranges.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace tasks::inspect {

TEST_CASE("memory that may be written is looked at, devices and the kernel's own are not") {
    const auto ranges = parse_memory_ranges("7f0000003000-7f0000004000 rw-p 00000000 00:00 0 \n"
                                            "55d000000000-55d000001000 r--p 00000000 08:01 11 /srv/bin/payments\n"
                                            "55d000001000-55d000002000 r-xp 00001000 08:01 11 /srv/bin/payments\n"
                                            "55d000002000-55d000003000 rw-p 00002000 08:01 11 /srv/bin/payments\n"
                                            "55d000010000-55d000020000 rw-p 00000000 00:00 0 [heap]\n"
                                            "7f0000000000-7f0000001000 rw-s 00000000 00:05 3 /dev/dri/card0\n"
                                            "7f0000001000-7f0000002000 rw-s 00000000 00:05 4 /dev/shm/ring (deleted)\n"
                                            "7f0000005000-7f0000006000 -w-p 00000000 00:00 0 \n"
                                            "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]\n"
                                            "7ffc00030000-7ffc00034000 rw-p 00000000 00:00 0 [vvar]\n"
                                            "8000-7000 rw-p 00000000 00:00 0 \n"
                                            "nonsense\n"
                                            "7f0000007000-7f000000");
    REQUIRE(ranges.size() == 5);
    CHECK(ranges[0].start == 0x55d000002000);
    CHECK(ranges[1].end == 0x55d000020000);
    CHECK(ranges[2].start == 0x7f0000001000);
    CHECK(ranges[3].start == 0x7f0000003000);
    CHECK(ranges[4].is_stack);
    CHECK_FALSE(ranges[1].is_stack);
}

TEST_CASE("where a thread's stack pointer lies is a stack") {
    std::vector<MemoryRange> ranges{{0x1000, 0x2000, false}, {0x3000, 0x4000, false}};
    std::vector<ThreadFacts> threads(4);
    threads[0].sp = 0x3ff8;
    threads[1].sp = 0x2800;
    threads[2].sp = 0x10;
    mark_stacks(threads, ranges);
    CHECK_FALSE(ranges[0].is_stack);
    CHECK(ranges[1].is_stack);
    mark_stacks({}, ranges);
    std::vector<MemoryRange> none;
    mark_stacks(threads, none);
}

TEST_CASE("pages that were never written are left out") {
    std::vector<std::uint64_t> pages(0x200);
    const auto read = [&pages](std::uint64_t offset, std::span<char> into) {
        const auto first = offset / 8;
        const auto count = first >= pages.size() ? 0 : std::min<std::uint64_t>(into.size() / 8, pages.size() - first);
        std::copy_n(reinterpret_cast<const char*>(pages.data() + first), count * 8, into.data());
        return count * 8;
    };
    const std::vector<MemoryRange> ranges{{0x1000, 0x8000, false}, {0x10000, 0x100000, true}};
    CHECK(written_parts(ranges, read).empty());
    pages[0x2] = 1ull << 63;
    pages[0x4] = 1ull << 62;
    pages[0x10] = 1ull << 63;
    pages[0xff] = 1ull << 63;
    const auto parts = written_parts(ranges, read);
    REQUIRE(parts.size() == 3);
    CHECK(parts[0].start == 0x2000); // small gaps stay
    CHECK(parts[0].end == 0x5000);
    CHECK(parts[0].mapping_end == 0x8000);
    CHECK(parts[1].start == 0x10000);
    CHECK(parts[1].end == 0x11000);
    CHECK(parts[2].end == 0x100000);
    CHECK(parts[2].is_stack);
    const std::vector<MemoryRange> beyond{{0x1fe000, 0x400000, false}}; // pagemap ends before
    pages[0x1fe] = 1ull << 63;
    REQUIRE(written_parts(beyond, read).size() == 1);
    CHECK(written_parts(beyond, read)[0].end == 0x400000);
}

} // namespace tasks::inspect
