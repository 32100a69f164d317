#include "crash_exception.hpp"

#include <cxxabi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <typeinfo>

namespace tasks::agent {
namespace {

std::terminate_handler terminate_before = nullptr;

/// Of the first thread that terminates: there is one dump.
NotedException noted;
std::atomic<long> noted_by{0};
std::atomic<bool> is_noted{false};

#ifdef __GLIBCXX__
/// Its what(), where it is a std::exception: what a catch clause would do, without a throw, which takes locks.
void note_text(const std::type_info& type) noexcept {
    const std::exception_ptr held = std::current_exception();
    void* object = nullptr;
    static_assert(sizeof held == sizeof object); // of libstdc++: the address of the object alone
    __builtin_memcpy(&object, &held, sizeof object);
    if (object != nullptr && typeid(std::exception).__do_catch(&type, &object, 1))
        noted.text << static_cast<const std::exception*>(object)->what();
}
#else
void note_text(const std::type_info&) noexcept {}
#endif

[[noreturn]] void on_terminate() noexcept {
    long nobody = 0;
    if (noted_by.compare_exchange_strong(nobody, ::syscall(SYS_gettid))) {
        if (const std::type_info* type = abi::__cxa_current_exception_type(); type != nullptr) {
            noted.type << type->name();
            note_text(*type);
        }
        is_noted.store(true);
    }
    if (terminate_before != nullptr && terminate_before != on_terminate)
        terminate_before();
    std::abort();
}

} // namespace

void note_terminate() noexcept {
    if (std::get_terminate() == on_terminate)
        return;
    terminate_before = std::set_terminate(on_terminate);
}

const NotedException* noted_exception() noexcept {
    return is_noted.load() && noted_by.load() == ::syscall(SYS_gettid) ? &noted : nullptr;
}

} // namespace tasks::agent
