// Wait: says why, and on what, the present task waits, for the length of a scope.
//
//     tasks::Wait wait{tasks::wait_reason::chan_send, &channel, "results"};
//     condition.wait(lock, ...);
//
// Lock-free; system calls and allocation as <tasks/job.hpp> tells: next to none. Waits nest: the inner one is told
// until it ends. Not for signal handlers.
#pragma once

#include <cstdint>

#include <tasks/export.h>
#include <tasks/job.hpp>
#include <tasks/wait_reason.hpp>

namespace tasks {

/// Must end on the thread that began it. `object` is an address that tells waits apart and is never read; `name` is
/// a literal, or null.
class TASKS_EXPORT Wait {
public:
    explicit Wait(wait_reason reason, const void* object = nullptr, const char* name = nullptr,
                  const SourcePlace& place = SourcePlace::here()) noexcept;
    /// That the handle's job waits, for the length of a scope. The handle must outlive it, and not be moved meanwhile.
    Wait(JobHandle& handle, wait_reason reason, const void* object = nullptr, const char* name = nullptr,
         const SourcePlace& place = SourcePlace::here()) noexcept;
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

private:
    void end_of_handle() noexcept;

    void* thread_ = nullptr; // the thread's state, or null: not registered
    JobHandle* handle_ = nullptr;
    std::uint64_t outer_object_ = 0;
    std::uint64_t outer_since_ns_ = 0;
    std::uint32_t outer_site_ = 0;
    std::uint32_t generation_ = 0;
    std::uint32_t record_ = 0; // of the handle's job
    wait_reason outer_reason_ = wait_reason::none;
};

} // namespace tasks
