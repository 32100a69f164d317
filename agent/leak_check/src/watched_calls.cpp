// The functions of libc's that the leak checks stand before. A sanitizer's own, where there is one, comes next: those
// of a shared one are found behind us, those of one that is part of the program by their other names.
#include <dlfcn.h>
#include <pthread.h>

#include <cerrno>
#include <ctime>

#include "creation_trace.hpp"
#include "scopes.hpp"
#include "thread_book.hpp"

#define TASKS_WATCHED(result, name, parameters)                                                                        \
    extern "C" [[gnu::weak]] result ___interceptor_##name parameters;                                                  \
    extern "C" [[gnu::weak]] result __interceptor_##name parameters;

TASKS_WATCHED(int, pthread_create, (pthread_t*, const pthread_attr_t*, void* (*)(void*), void*))
TASKS_WATCHED(int, pthread_join, (pthread_t, void**))
TASKS_WATCHED(int, pthread_detach, (pthread_t))
TASKS_WATCHED(int, pthread_tryjoin_np, (pthread_t, void**))
TASKS_WATCHED(int, pthread_timedjoin_np, (pthread_t, void**, const timespec*))
TASKS_WATCHED(int, pthread_clockjoin_np, (pthread_t, void**, clockid_t, const timespec*))

#undef TASKS_WATCHED

namespace tasks::leaks {
namespace {

/// Looked up at each call: 0.2 us of the 10 that a thread takes.
template <class Function> Function* next_of(const char* name, Function* newer, Function* older) noexcept {
    if (newer != nullptr)
        return newer;
    if (older != nullptr)
        return older;
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_detached(const pthread_attr_t* attributes) noexcept {
    int state = PTHREAD_CREATE_JOINABLE;
    if (attributes != nullptr)
        ::pthread_attr_getdetachstate(attributes, &state);
    return state == PTHREAD_CREATE_DETACHED;
}

/// In two registers: an object on the stack would keep run() from jumping to the routine.
struct Routine {
    void* (*start)(void*);
    void* argument;
};

[[gnu::noinline]] Routine take(void* given) {
    auto& entry = *static_cast<ThreadEntry*>(given);
    const Routine routine{entry.start, entry.argument};
    Scopes::the().start_thread(entry.thread.scope);
    ThreadBook::the().runs(entry);
    return routine;
}

/// Runs the routine in its own place: no frame of ours stays on the thread's stack.
void* run(void* entry) {
    const Routine routine = take(entry);
    return routine.start(routine.argument);
}

/// With `join`, which is told apart from the thread that may have the handle next.
template <class Join> int joined(pthread_t thread, Join join) {
    const std::uint64_t serial = ThreadBook::the().serial_of(thread);
    const int failed = join();
    if (failed == 0)
        ThreadBook::the().joined(serial);
    return failed;
}

} // namespace

} // namespace tasks::leaks

#define TASKS_NEXT(name) tasks::leaks::next_of(#name, ___interceptor_##name, __interceptor_##name)

extern "C" {

extern const char tasks_watched_calls;
const char tasks_watched_calls = 0; // by its name the linker takes this file in: see CMakeLists.txt

[[gnu::visibility("default")]] int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                                                  void* (*start)(void*), void* argument) noexcept {
    using namespace tasks::leaks;
    auto* next = next_of("pthread_create", ___interceptor_pthread_create, __interceptor_pthread_create);
    if (next == nullptr)
        return EAGAIN;
    const int kept = errno;
    const auto trace = tasks::agent::trace_from(__builtin_return_address(0));
    auto& scopes = Scopes::the();
    ThreadEntry* entry = ThreadBook::the().begin(scopes.present(), trace, is_detached(attributes), start, argument);
    errno = kept;
    if (entry == nullptr)
        return next(thread, attributes, start, argument);
    const auto* births = scopes.agent();
    void* slot = births == nullptr ? nullptr : births->begin(trace.pcs.data(), trace.count, run, entry);
    errno = kept;
    const int failed =
        slot == nullptr ? next(thread, attributes, run, entry) : next(thread, attributes, births->run, slot);
    if (failed == 0) {
        ThreadBook::the().made(*entry, *thread);
        return 0;
    }
    if (slot != nullptr)
        births->cancel(slot);
    ThreadBook::the().not_made(*entry);
    return failed;
}

[[gnu::visibility("default")]] int pthread_join(pthread_t thread, void** result) {
    return tasks::leaks::joined(thread, [&] { return TASKS_NEXT(pthread_join)(thread, result); });
}

[[gnu::visibility("default")]] int pthread_tryjoin_np(pthread_t thread, void** result) noexcept {
    return tasks::leaks::joined(thread, [&] { return TASKS_NEXT(pthread_tryjoin_np)(thread, result); });
}

[[gnu::visibility("default")]] int pthread_timedjoin_np(pthread_t thread, void** result, const timespec* until) {
    return tasks::leaks::joined(thread, [&] { return TASKS_NEXT(pthread_timedjoin_np)(thread, result, until); });
}

[[gnu::visibility("default")]] int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock,
                                                        const timespec* until) {
    return tasks::leaks::joined(thread, [&] { return TASKS_NEXT(pthread_clockjoin_np)(thread, result, clock, until); });
}

[[gnu::visibility("default")]] int pthread_detach(pthread_t thread) noexcept {
    tasks::leaks::ThreadBook::the().detaches(thread); // before: the handle may be another's right after
    return TASKS_NEXT(pthread_detach)(thread);
}
}
