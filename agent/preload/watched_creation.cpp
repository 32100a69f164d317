#include "watched_creation.hpp"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>

#include "creation_trace.hpp"

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
    if (births == nullptr)
        return real(thread, attributes, start, argument);
    const int kept = errno;
    const CreationTrace trace = trace_from(__builtin_return_address(0));
    void* slot = births->begin(trace.pcs.data(), trace.count, start, argument); // null: its birth is not kept
    errno = kept;
    if (slot == nullptr)
        return real(thread, attributes, start, argument);
    const int failed = real(thread, attributes, births->run, slot);
    if (failed != 0)
        births->cancel(slot);
    return failed;
}
