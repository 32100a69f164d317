#include "watched_creation.hpp"

#include <dlfcn.h>
#include <pthread.h>
#include <unwind.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <tasks/protocol/table_layout.hpp>

// The first and the last byte of this library, by the linker.
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[];
extern "C" [[gnu::visibility("hidden")]] const char _end[];

namespace tasks::agent {
namespace {

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

std::atomic<const BirthInterface*> watcher{nullptr};
std::atomic<Create> real_create{nullptr};

Create find_real() noexcept {
    Create found = real_create.load(std::memory_order_acquire);
    if (found == nullptr) {
        found = reinterpret_cast<Create>(::dlsym(RTLD_NEXT, "pthread_create"));
        real_create.store(found, std::memory_order_release);
    }
    return found;
}

struct Trace {
    std::uint64_t pcs[protocol::birth_pcs];
    std::uint32_t count = 0;
};

bool is_ours(std::uintptr_t pc) noexcept {
    return pc >= reinterpret_cast<std::uintptr_t>(__ehdr_start) && pc < reinterpret_cast<std::uintptr_t>(_end);
}

_Unwind_Reason_Code add_frame(_Unwind_Context* context, void* to) {
    auto& trace = *static_cast<Trace*>(to);
    const std::uintptr_t pc = _Unwind_GetIP(context);
    if (pc == 0)
        return _URC_END_OF_STACK;
    if (trace.count == 0 && is_ours(pc))
        return _URC_NO_REASON;
    trace.pcs[trace.count++] = pc;
    return trace.count == protocol::birth_pcs ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/// Null: its birth is not kept.
[[gnu::noinline]] void* note_birth(const BirthInterface& births, void* (*start)(void*), void* argument) noexcept {
    const int kept = errno;
    Trace trace;
    _Unwind_Backtrace(add_frame, &trace); // this library's own copy: no lock, 0.2 us a frame
    void* slot = births.begin(trace.pcs, trace.count, start, argument);
    errno = kept;
    return slot;
}

} // namespace

void watch_creation(const BirthInterface& births) noexcept {
    find_real();
    watcher.store(&births, std::memory_order_release);
}

} // namespace tasks::agent

extern "C" [[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                             void* (*start)(void*), void* argument) {
    using namespace tasks::agent;
    const Create real = find_real();
    if (real == nullptr)
        return EAGAIN;
    const BirthInterface* births = watcher.load(std::memory_order_acquire);
    void* slot = births == nullptr ? nullptr : note_birth(*births, start, argument);
    if (slot == nullptr)
        return real(thread, attributes, start, argument);
    const int failed = real(thread, attributes, births->run, slot);
    if (failed != 0)
        births->cancel(slot);
    return failed;
}
