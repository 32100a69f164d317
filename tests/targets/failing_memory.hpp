// malloc, calloc and realloc of this program, and all that is made of them (new, std::string, what libc takes), which
// fail when a test wants it. Counted for the thread that asked for it alone.
#pragma once

#include <cstdint>

namespace tasks::test {

enum class Failing : std::uint8_t {
    never,
    once,     ///< the n-th request
    from_then ///< the n-th and all that follow
};

/// Requests of this thread count anew from now on; the `nth` (1: the next one) fails.
void fail_memory(Failing how, std::uint64_t nth) noexcept;

/// Requests of this thread since then.
std::uint64_t memory_requests() noexcept;

} // namespace tasks::test
