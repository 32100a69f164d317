#include <algorithm>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/memory_ranges.hpp"
#include "capture/pagemap_scan.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t reserved = std::size_t{1} << 36; // 64 GiB
constexpr std::size_t mib = std::size_t{1} << 20;

bool operator==(const MemoryRange& a, const MemoryRange& b) {
    return a.start == b.start && a.end == b.end && a.is_stack == b.is_stack;
}

} // namespace

TEST_CASE("written parts of memory that is mostly reserved are found by one question, as by each page's word") {
    auto* memory = static_cast<char*>(
        ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    REQUIRE(memory != MAP_FAILED);
    REQUIRE(::madvise(memory, reserved, MADV_NOHUGEPAGE) == 0);
    const auto start = reinterpret_cast<std::uint64_t>(memory);
    for (std::size_t page = 0; page < 2000; ++page) { // more parts than one answer holds
        memory[page * mib] = 1;
    }
    memory[8192] = 1; // near another: one part
    memory[reserved - 1] = 1;
    const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    REQUIRE(pagemap >= 0);
    const std::vector<MemoryRange> first{{start, start + 3000 * mib, true}};
    const std::vector<MemoryRange> all{{start, start + reserved, true}};
    const auto by_words = written_parts(first, [pagemap](std::uint64_t offset, std::span<char> into) {
        const auto got = ::pread(pagemap, into.data(), into.size(), static_cast<off_t>(offset));
        return got < 0 ? std::size_t{0} : static_cast<std::size_t>(got);
    });
    const auto found = scan_written_parts(pagemap, first);
    const auto everywhere = scan_written_parts(pagemap, all);
    ::close(pagemap);
    ::munmap(memory, reserved);
    REQUIRE(by_words.size() == 2000);
    if (!found) {
        WARN("the kernel does not know PAGEMAP_SCAN");
        return;
    }
    CHECK(std::equal(found->begin(), found->end(), by_words.begin(), by_words.end(),
                     [](const MemoryRange& a, const MemoryRange& b) { return a == b; }));
    REQUIRE(everywhere->size() == 2001);
    CHECK(everywhere->back().end == start + reserved);
    CHECK(everywhere->front().end == start + 3 * 4096);
}

TEST_CASE("what is no pagemap gives no parts") {
    const std::vector<MemoryRange> ranges{{4096, 8192, false}};
    CHECK_FALSE(scan_written_parts(-1, ranges));
}

} // namespace tasks::inspect
