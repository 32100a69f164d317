#include "capture/fiber_stacks.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

namespace tasks::inspect {
namespace {

/// As <tasks/saved_context.hpp> has it.
struct SavedContext {
    static constexpr std::uint64_t magic = 0x585443534b534154; ///< "TASKSCTX"
    static constexpr std::uint16_t most = 1024;                ///< of the offsets: no block has 128 words

    std::uint64_t tag = 0;
    std::uint64_t slot = 0;
    std::uint64_t top = 0;
    std::uint16_t pc_at = 0;
    std::uint16_t sp_at = 0;
    std::uint16_t fp_at = 0;
    std::uint16_t reserved = 0;

    bool is_usable() const noexcept {
        return tag == magic && slot != 0 && slot % 8 == 0 && pc_at % 8 == 0 && sp_at % 8 == 0 && fp_at % 8 == 0 &&
               pc_at < sp_at && fp_at < sp_at && sp_at <= most;
    }
};
static_assert(sizeof(SavedContext) == 32 && std::is_trivially_copyable_v<SavedContext>);

constexpr int most_looks = 3;

enum class Look { captured, running, changed, unreadable };

std::uint64_t word_at(const std::string& bytes, std::size_t offset) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + offset, sizeof word);
    return word;
}

/// The block and the stack above it, at most `size` bytes: a stack's memory may end before.
std::string read_bytes(const ProcessMemory& memory, std::uint64_t address, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(memory.read(address, bytes));
    return bytes;
}

Look look_at(const ProcessMemory& memory, std::uint64_t frame, std::uint32_t stack_bytes, ThreadFacts& into) {
    SavedContext context;
    std::uint64_t block = 0;
    if (!memory.read_value(frame, context) || !context.is_usable() || !memory.read_value(context.slot, block)) {
        return Look::unreadable;
    }
    if (block == 0) {
        return Look::running;
    }
    const bool bounded = context.top > block;
    if (block % 8 != 0 || (context.top != 0 && !bounded)) {
        return Look::unreadable;
    }
    const auto most = std::size_t{context.sp_at} + stack_bytes;
    const auto size = bounded ? std::min<std::uint64_t>(most, context.top - block) : most;
    auto bytes = read_bytes(memory, block, size);
    if (bytes.size() < context.sp_at) {
        return Look::unreadable;
    }
    std::uint64_t block_after = 0;
    if (read_bytes(memory, block, size) != bytes || !memory.read_value(context.slot, block_after) ||
        block_after != block) {
        return Look::changed;
    }
    into.capture = protocol::Capture::captured;
    into.switched_away = true;
    into.pc = word_at(bytes, context.pc_at);
    into.sp = block + context.sp_at;
    if (context.fp_at != context.pc_at) {
        into.frame_pointer = word_at(bytes, context.fp_at);
    }
    into.stack_cut = bytes.size() == most && (!bounded || block + most < context.top);
    into.stack = bytes.substr(context.sp_at);
    return Look::captured;
}

void read_one(const ProcessMemory& memory, std::uint64_t frame, std::uint32_t stack_bytes, FiberStacksRead& read) {
    FiberStack fiber;
    fiber.frame = frame;
    auto found = Look::changed;
    for (int look = 0; look < most_looks && found == Look::changed; ++look) {
        found = look_at(memory, frame, stack_bytes, fiber.stack);
    }
    switch (found) {
    case Look::captured:
        read.stacks.push_back(std::move(fiber));
        break;
    case Look::running:
        ++read.running;
        break;
    case Look::changed:
        ++read.changing;
        break;
    case Look::unreadable:
        ++read.unreadable;
        break;
    }
}

} // namespace

FiberStacksRead read_fiber_stacks(const ProcessMemory& memory, std::vector<std::uint64_t> frames,
                                  const FiberStacksAsked& asked) {
    FiberStacksRead read;
    std::ranges::sort(frames);
    frames.erase(std::ranges::unique(frames).begin(), frames.end());
    const auto stack_bytes = std::min<std::uint32_t>(asked.stack_bytes, protocol::max_stack_bytes);
    std::uint64_t bytes = 0;
    for (std::size_t at = 0; at < frames.size(); ++at) {
        if (bytes >= asked.most_bytes) {
            read.beyond_limit = frames.size() - at;
            break;
        }
        if (asked.enough && asked.enough()) {
            read.left_out = frames.size() - at;
            break;
        }
        const auto read_before = read.stacks.size();
        read_one(memory, frames[at], stack_bytes, read);
        bytes += read.stacks.size() == read_before ? 0 : read.stacks.back().stack.stack.size();
    }
    return read;
}

const ThreadFacts* fiber_stack_of(const Snapshot& snapshot, std::uint64_t frame) noexcept {
    const auto found = std::ranges::lower_bound(snapshot.fibers, frame, {}, &FiberStack::frame);
    return found != snapshot.fibers.end() && found->frame == frame ? &found->stack : nullptr;
}

} // namespace tasks::inspect
