// WaitObject and WaitHandle: something that tasks wait on, and who can end those waits. When the last handle has ended
// `tasks leaks` tells who still waits there: nothing can make them go on.
//
//     struct Channel {
//         tasks::WaitObject waits{this, "results"};
//         ...
//     };
//     class Sender {
//         std::shared_ptr<Channel> channel_;
//         tasks::WaitHandle handle_{channel_->waits}; // a copy is another handle
//     };
//     tasks::Wait wait{tasks::wait_reason::chan_receive, &channel};
//
// An object that never had a handle, and one that was made before the agent started, tells nothing. Lock-free; a
// handle's begin and end are an atomic addition each; system calls and allocation as <tasks/job.hpp> tells: next to
// none. Not for signal handlers.
#pragma once

#include <cstdint>

#include <tasks/export.h>
#include <tasks/job.hpp>

namespace tasks {

/// Any thread may make and destroy it. `address` is what Wait, JobHandle::waits() and co_await name as their object; it
/// is never read. `name` is a literal, or null.
class TASKS_EXPORT WaitObject {
public:
    explicit WaitObject(const void* address, const char* name = nullptr,
                        const SourcePlace& place = SourcePlace::here()) noexcept;
    ~WaitObject();
    WaitObject(const WaitObject&) = delete;
    WaitObject& operator=(const WaitObject&) = delete;

private:
    friend class WaitHandle;

    void* registry_ = nullptr; // whose record it is
    std::uint32_t record_ = 0; // 0: not registered
    std::uint32_t generation_ = 0;
};

/// One who can end the waits on an object. Each handle is one thread's at a time; many may come and go at once. It may
/// outlive its object, and counts for nothing then; but none may begin or end just while the object is destroyed.
class TASKS_EXPORT WaitHandle {
public:
    WaitHandle() noexcept = default; ///< of no object
    explicit WaitHandle(const WaitObject& object) noexcept;
    ~WaitHandle();
    WaitHandle(const WaitHandle& other) noexcept;
    WaitHandle(WaitHandle&& other) noexcept;
    WaitHandle& operator=(WaitHandle other) noexcept;

private:
    void begin() noexcept;

    void* registry_ = nullptr;
    std::uint32_t record_ = 0; // 0: of no object
    std::uint32_t generation_ = 0;
};

} // namespace tasks
