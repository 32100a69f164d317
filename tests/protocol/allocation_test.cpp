// The agent answers while another thread of the host may hang inside malloc: what it uses must not allocate.
#include <tasks/protocol/table_reader.hpp>

#include <array>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include <catch2/catch.hpp>

#include "golden_values.hpp"
#include "test_table.hpp"

namespace {

thread_local std::size_t allocations = 0;

} // namespace

// Counts every allocation of this test program.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
    if (void* memory = operator new(size, std::nothrow))
        return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

TEST_CASE("the counter counts") {
    const auto before = allocations;
    const auto text = std::string(100, 'x');
    CHECK(allocations > before);
    CHECK(text.size() == 100);
}

TEST_CASE("walking, asking for sites and refreshing allocate nothing") {
    auto table = lively_table();
    for (std::uint64_t i = 1; i <= 70; ++i)
        table.add_history(i * 10, i * 2, i);
    table.header().name.fill('n');
    table.add_job(70); // damaged: the directory is read again
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    std::size_t tasks = 0;
    bool refreshed = false;
    bool site = false;
    const auto before = allocations;
    reader.each_task([&](const Task&) { return ++tasks, true; });
    site = reader.site(1).has_value();
    refreshed = reader.refresh();
    const auto after = allocations;
    CHECK(after == before);
    CHECK(tasks == 5);
    CHECK(site);
    CHECK(refreshed);
}

TEST_CASE("a reader in memory of the caller's allocates nothing, also when it is opened") {
    auto table = lively_table();
    table.add_history(10, 2, 1);
    table.header().name.fill('n');
    const BytesSource source{table.bytes()};
    auto expected = opened(source);
    std::vector<std::uint64_t> ids;
    expected.each_task([&](const Task& task) { return ids.push_back(task.id), true; });
    auto memory = std::make_unique<char[]>(TableReader::memory_bytes);
    const std::span place{memory.get(), TableReader::memory_bytes};
    std::size_t same = 0;
    bool site = false;
    bool refreshed = false;
    const auto before = allocations;
    if (auto reader = TableReader::open_in(source, place)) {
        std::size_t at = 0;
        reader->each_task([&](const Task& task) { return same += task.id == ids[at++] ? 1u : 0u, true; });
        site = reader->site(1).has_value();
        refreshed = reader->refresh();
    }
    const auto after = allocations;
    CHECK(after == before);
    CHECK(same == ids.size());
    CHECK(site);
    CHECK(refreshed);
}

TEST_CASE("a reader is not opened in too little memory, nor of what is no table") {
    auto table = lively_table();
    const BytesSource source{table.bytes()};
    auto memory = std::make_unique<char[]>(TableReader::memory_bytes);
    CHECK_FALSE(TableReader::open_in(source, {memory.get(), TableReader::memory_bytes - 1}));
    table.header().magic[0] = 'X';
    const BytesSource none{table.bytes()};
    CHECK_FALSE(TableReader::open_in(none, {memory.get(), TableReader::memory_bytes}));
}

TEST_CASE("writing parts allocates nothing, also where they do not fit") {
    const auto tasks = golden_tasks_answer();
    const auto stacks = golden_stacks_answer();
    const auto vitals = golden_vitals_answer();
    const auto error = golden_error_answer();
    const auto labels = golden_tasks_answer_labels();
    const auto registers = golden_stacks_answer_registers();
    const auto queues = golden_vitals_answer_queues();
    std::array<char, 1200> memory{};
    int fitted = 0;
    const auto before = allocations;
    for (std::size_t size = 0; size < memory.size(); ++size) {
        PartWriter writer{std::span{memory}.first(size)};
        for (const bool fits :
             {writer.tasks_taken_at(1), writer.add(tasks.sites[0]), writer.add(tasks.tasks[0]),
              writer.add(stacks.modules[0]), writer.add(stacks.threads[0]), writer.whole(vitals), writer.whole(error),
              writer.add(labels.tasks[1]), writer.add(registers.threads[0]), writer.whole(queues)})
            fitted += fits ? 1 : 0;
    }
    const auto after = allocations;
    CHECK(after == before);
    CHECK(fitted > 0);
}

TEST_CASE("reading a good request allocates nothing") {
    const auto hello = write(golden_hello());
    StacksRequest all;
    all.stack_bytes = 70'000;
    const auto stacks = write(all);
    bool good = false;
    const auto before = allocations;
    good = read<Hello>(hello).ok() && read<VitalsRequest>("").ok() && read<StacksRequest>(stacks).ok();
    const auto after = allocations;
    CHECK(after == before);
    CHECK(good);
}
