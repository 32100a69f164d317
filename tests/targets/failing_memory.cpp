#include "failing_memory.hpp"

#include <cerrno>
#include <cstddef>

namespace {

struct Plan {
    tasks::test::Failing how = tasks::test::Failing::never;
    std::uint64_t nth = 0;
    std::uint64_t requests = 0;
};
constinit thread_local Plan plan;

bool fails() noexcept {
    ++plan.requests;
    const bool fail = plan.how == tasks::test::Failing::once        ? plan.requests == plan.nth
                      : plan.how == tasks::test::Failing::from_then ? plan.requests >= plan.nth
                                                                    : false;
    if (fail)
        errno = ENOMEM;
    return fail;
}

} // namespace

namespace tasks::test {

void fail_memory(Failing how, std::uint64_t nth) noexcept { plan = {how, nth, 0}; }
std::uint64_t memory_requests() noexcept { return plan.requests; }

} // namespace tasks::test

// glibc's own, under the names that it keeps for those who replace them.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);

void* malloc(std::size_t bytes) noexcept { return fails() ? nullptr : __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) noexcept { return fails() ? nullptr : __libc_calloc(count, bytes); }
void* realloc(void* old, std::size_t bytes) noexcept { return fails() ? nullptr : __libc_realloc(old, bytes); }
}
