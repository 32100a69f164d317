// Fibers' stacks out of memory that may hold anything.
#include <cstring>
#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "capture/fiber_stacks.hpp"

using namespace tasks;
using namespace tasks::inspect;

namespace {

/// What an adapter leaves at the address that a fiber is registered with: protocol/TABLE.md.
struct SavedContext {
    std::uint64_t tag = 0x585443534b534154; // "TASKSCTX"
    std::uint64_t slot = 0;
    std::uint64_t top = 0;
    std::uint16_t pc_at = 0;
    std::uint16_t sp_at = 0;
    std::uint16_t fp_at = 0;
    std::uint16_t reserved = 0;
};

constexpr std::uint64_t frame = 0x1000;
constexpr std::uint64_t slot = 0x2000;
constexpr std::uint64_t block = 0x7000;
constexpr std::uint64_t top = 0x7200;

/// Some ranges of bytes. `on_read` may change them: the process goes on.
struct Memory final : ProcessMemory {
    std::map<std::uint64_t, std::string> ranges;
    std::function<void(std::uint64_t)> on_read = [](std::uint64_t) {};

    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        on_read(address);
        auto range = ranges.upper_bound(address);
        if (range == ranges.begin())
            return 0;
        --range;
        const auto offset = address - range->first;
        return offset < range->second.size() ? range->second.copy(into.data(), into.size(), offset) : 0;
    }
    template <class Value> void store(std::uint64_t address, const Value& value) {
        auto range = --ranges.upper_bound(address);
        std::memcpy(range->second.data() + (address - range->first), &value, sizeof value);
    }
};

SavedContext context() {
    SavedContext told;
    told.slot = slot;
    told.top = top;
    told.pc_at = 0x40;
    told.sp_at = 0x48;
    told.fp_at = 0x38;
    return told;
}

/// One fiber, suspended, as Boost 1.81 saves it.
Memory suspended(const SavedContext& told = context()) {
    Memory memory;
    memory.ranges[frame].resize(sizeof told);
    memory.ranges[slot].resize(8);
    memory.ranges[block].resize(top - block, 's');
    memory.store(frame, told);
    memory.store(slot, block);
    memory.store(block + 0x38, std::uint64_t{0x7100});
    memory.store(block + 0x40, std::uint64_t{0x401234});
    return memory;
}

FiberStacksRead read(const Memory& memory, std::uint32_t stack_bytes = 4096) {
    return read_fiber_stacks(memory, {frame}, {stack_bytes, {}});
}

} // namespace

TEST_CASE("a suspended fiber's stack goes from its saved registers to its top") {
    const auto found = read(suspended());
    REQUIRE(found.stacks.size() == 1);
    const auto& stack = found.stacks[0].stack;
    REQUIRE(found.stacks[0].frame == frame);
    REQUIRE(stack.pc == 0x401234);
    REQUIRE(stack.sp == block + 0x48);
    REQUIRE(stack.frame_pointer == 0x7100u);
    REQUIRE(stack.switched_away);
    REQUIRE(stack.stack == std::string(top - block - 0x48, 's'));
    REQUIRE_FALSE(stack.stack_cut);
}

TEST_CASE("a fiber's stack is cut where more was not asked for, and that is told") {
    const auto found = read(suspended(), 64);
    REQUIRE(found.stacks.at(0).stack.stack.size() == 64);
    REQUIRE(found.stacks[0].stack.stack_cut);
}

TEST_CASE("of a stack whose top is not told what can be read is taken") {
    auto told = context();
    told.top = 0;
    const auto found = read(suspended(told));
    REQUIRE(found.stacks.at(0).stack.stack.size() == top - block - 0x48);
    REQUIRE_FALSE(found.stacks[0].stack.stack_cut);
}

TEST_CASE("a frame pointer that the process could not place is not told") {
    auto told = context();
    told.fp_at = told.pc_at;
    REQUIRE_FALSE(read(suspended(told)).stacks.at(0).stack.frame_pointer);
}

TEST_CASE("a fiber that runs has no saved stack") {
    auto memory = suspended();
    memory.store(slot, std::uint64_t{0});
    const auto found = read(memory);
    REQUIRE(found.stacks.empty());
    REQUIRE(found.running == 1);
}

TEST_CASE("a fiber that goes on while it is read is looked at again, and given up when it always does") {
    auto memory = suspended();
    std::uint64_t changes = 1;
    std::uint64_t word = 0;
    memory.on_read = [&](std::uint64_t address) {
        if (address == block && changes > 0) {
            --changes;
            memory.store(block + 0x100, ++word);
        }
    };
    REQUIRE(read(memory).stacks.size() == 1);
    changes = ~0ull;
    const auto found = read(memory);
    REQUIRE(found.stacks.empty());
    REQUIRE(found.changing == 1);
}

TEST_CASE("what is no saved context gives no stack") {
    const auto unreadable = [](const SavedContext& told) {
        const auto found = read(suspended(told));
        return found.stacks.empty() && found.unreadable == 1;
    };
    auto told = context();
    told.tag = 0;
    REQUIRE(unreadable(told));
    told = context();
    told.slot = 0;
    REQUIRE(unreadable(told));
    told.slot = 0x999000;
    REQUIRE(unreadable(told));
    told = context();
    told.pc_at = 0x44;
    REQUIRE(unreadable(told));
    told.pc_at = told.sp_at;
    REQUIRE(unreadable(told));
    told = context();
    told.sp_at = 0xfff8;
    REQUIRE(unreadable(told));
    told = context();
    told.top = block;
    REQUIRE(unreadable(told));
    auto memory = suspended();
    memory.store(slot, std::uint64_t{block + 1});
    REQUIRE(read(memory).unreadable == 1);
    REQUIRE(read_fiber_stacks(memory, {0x5555}).unreadable == 1);
}

TEST_CASE("any bytes in place of a saved context are survived") {
    std::mt19937_64 random{11};
    for (int round = 0; round < 2000; ++round) {
        auto told = context();
        auto* bytes = reinterpret_cast<unsigned char*>(&told);
        for (int change = 0; change < 3; ++change)
            bytes[8 + random() % (sizeof told - 8)] = static_cast<unsigned char>(random());
        auto memory = suspended(told);
        memory.store(slot, block + random() % 0x300);
        const auto found = read(memory);
        REQUIRE(found.stacks.size() + found.running + found.unreadable + found.changing == 1);
    }
}

TEST_CASE("each fiber is read once, by address, until it is enough") {
    const auto memory = suspended();
    int asked = 0;
    const auto found = read_fiber_stacks(memory, {0x9000, frame, frame, 0x8000}, {64, [&] { return ++asked > 2; }});
    REQUIRE(found.stacks.size() == 1);
    REQUIRE(found.unreadable == 1);
    REQUIRE(found.left_out == 1);
}

TEST_CASE("of all stacks together no more is read than was asked for") {
    auto memory = suspended();
    memory.ranges[frame + 0x100] = memory.ranges[frame];
    const std::vector<std::uint64_t> both{frame, frame + 0x100};
    REQUIRE(read_fiber_stacks(memory, both).stacks.size() == 2);
    const auto found = read_fiber_stacks(memory, both, {64, {}, 64});
    REQUIRE(found.stacks.size() == 1);
    REQUIRE(found.beyond_limit == 1);
}

TEST_CASE("a fiber's stack is found by what its task is registered with") {
    Snapshot snapshot;
    snapshot.fibers = read(suspended()).stacks;
    REQUIRE(fiber_stack_of(snapshot, frame) == &snapshot.fibers[0].stack);
    REQUIRE(fiber_stack_of(snapshot, frame + 8) == nullptr);
}
