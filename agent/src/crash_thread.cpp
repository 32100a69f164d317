#include "crash_thread.hpp"

#include <algorithm>

#include "machine_registers.hpp"
#include "mappings.hpp"
#include "region.hpp"
#include "thread_list.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t most_hole_bytes = 128 * 1024; // below an overflowed stack

/// What can be read from `from` on, with zeros for the pages below the stack that an overflow ran into.
std::size_t copy_with_hole(std::uint64_t from, std::span<char> into) noexcept {
    if (const std::size_t got = read_memory(from, into); got != 0)
        return got;
    for (std::uint64_t hole = page_bytes - from % page_bytes; hole <= most_hole_bytes && hole < into.size();
         hole += page_bytes)
        if (const std::size_t got = read_memory(from + hole, into.subspan(hole)); got != 0) {
            std::fill_n(into.data(), hole, '\0');
            return hole + got;
        }
    return 0;
}

} // namespace

protocol::ThreadStack struck_thread(const ucontext_t& context, std::uint32_t tid, std::uint64_t taken_ns,
                                    std::span<char> memory) noexcept {
    const auto registers = registers_of(context);
    protocol::ThreadStack thread;
    thread.tid = tid;
    thread.capture = protocol::Capture::captured;
    thread.taken_at_ns = taken_ns;
    thread.sp = registers[machine_sp];
    thread.pc = registers[machine_pc];
    std::copy(registers.begin(), registers.end(), thread.registers.begin());
    thread.register_count = machine_register_count;
    const std::uint64_t top = thread_block(tid).value_or(0);
    const std::uint64_t whole = top > thread.sp ? top - thread.sp : memory.size();
    const std::size_t got = copy_with_hole(thread.sp, memory.first(std::min<std::uint64_t>(whole, memory.size())));
    thread.stack_cut = got > protocol::max_stack_bytes;
    thread.stack = {memory.data(), thread.stack_cut ? protocol::max_stack_bytes : got};
    return thread;
}

} // namespace tasks::agent
