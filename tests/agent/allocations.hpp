// How often the calling thread has taken memory from the heap by operator new; always 0 under a sanitizer, which has
// an operator new of its own.
#pragma once

#include <cstdint>

namespace tasks::test {

std::uint64_t allocations_of_this_thread() noexcept;

} // namespace tasks::test
