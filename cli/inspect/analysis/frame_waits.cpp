#include "analysis/frame_waits.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "analysis/function_name.hpp"

namespace tasks::inspect {

using protocol::WaitReason;

namespace {

struct FunctionWait {
    std::string_view name; ///< without leading underscores, "GI_" and symbol version
    WaitReason reason;
};

// The C library's names, whole. glibc 2.36's internal ones are seen only where its debug symbols are installed.
constexpr std::array c_functions{
    FunctionWait{"pthread_mutex_lock", WaitReason::mutex},
    FunctionWait{"pthread_mutex_timedlock", WaitReason::mutex},
    FunctionWait{"pthread_mutex_clocklock", WaitReason::mutex},
    FunctionWait{"pthread_mutex_lock_full", WaitReason::mutex},
    FunctionWait{"pthread_mutex_cond_lock", WaitReason::mutex},
    FunctionWait{"pthread_mutex_cond_lock_full", WaitReason::mutex},
    FunctionWait{"lll_lock_wait", WaitReason::mutex},
    FunctionWait{"pthread_cond_wait", WaitReason::cond},
    FunctionWait{"pthread_cond_timedwait", WaitReason::cond},
    FunctionWait{"pthread_cond_clockwait", WaitReason::cond},
    FunctionWait{"cnd_wait", WaitReason::cond},
    FunctionWait{"cnd_timedwait", WaitReason::cond},
    FunctionWait{"pthread_rwlock_rdlock", WaitReason::rwlock_read},
    FunctionWait{"pthread_rwlock_timedrdlock", WaitReason::rwlock_read},
    FunctionWait{"pthread_rwlock_clockrdlock", WaitReason::rwlock_read},
    FunctionWait{"pthread_rwlock_wrlock", WaitReason::rwlock_write},
    FunctionWait{"pthread_rwlock_timedwrlock", WaitReason::rwlock_write},
    FunctionWait{"pthread_rwlock_clockwrlock", WaitReason::rwlock_write},
    FunctionWait{"pthread_join", WaitReason::join},
    FunctionWait{"pthread_timedjoin_np", WaitReason::join},
    FunctionWait{"pthread_clockjoin_np", WaitReason::join},
    FunctionWait{"pthread_clockjoin_ex", WaitReason::join},
    FunctionWait{"thrd_join", WaitReason::join},
    FunctionWait{"sem_wait", WaitReason::semaphore},
    FunctionWait{"sem_timedwait", WaitReason::semaphore},
    FunctionWait{"sem_clockwait", WaitReason::semaphore},
    FunctionWait{"new_sem_wait", WaitReason::semaphore},
    FunctionWait{"pthread_barrier_wait", WaitReason::barrier},
    FunctionWait{"pthread_once", WaitReason::once},
    FunctionWait{"pthread_once_slow", WaitReason::once},
    FunctionWait{"call_once", WaitReason::once},
    FunctionWait{"cxa_guard_acquire", WaitReason::once}, // of libstdc++: a static variable of a function
};

// libstdc++'s and libc++'s, by the beginning of the demangled name after inline namespaces are taken out.
constexpr std::array cpp_prefixes{
    FunctionWait{"std::condition_variable", WaitReason::cond},
    FunctionWait{"std::mutex::lock", WaitReason::mutex},
    FunctionWait{"std::recursive_mutex::lock", WaitReason::mutex},
    FunctionWait{"std::shared_mutex::lock_shared", WaitReason::rwlock_read},
    FunctionWait{"std::shared_mutex::lock", WaitReason::rwlock_write},
    FunctionWait{"std::thread::join", WaitReason::join},
    FunctionWait{"std::jthread::join", WaitReason::join},
    FunctionWait{"std::__atomic_futex_unsigned", WaitReason::future},
    FunctionWait{"std::__future_base::", WaitReason::future},
    FunctionWait{"std::__basic_future", WaitReason::future},
    FunctionWait{"std::__assoc_", WaitReason::future},
    FunctionWait{"std::future", WaitReason::future},
    FunctionWait{"std::shared_future", WaitReason::future},
    FunctionWait{"std::counting_semaphore", WaitReason::semaphore},
    FunctionWait{"std::__atomic_semaphore", WaitReason::semaphore},
    FunctionWait{"std::__platform_semaphore", WaitReason::semaphore},
    FunctionWait{"std::latch::", WaitReason::barrier},
    FunctionWait{"boost::this_fiber::sleep_", WaitReason::sleep},
    FunctionWait{"boost::fibers::mutex::lock", WaitReason::mutex},
    FunctionWait{"boost::fibers::timed_mutex::", WaitReason::mutex},
    FunctionWait{"boost::fibers::recursive_mutex::lock", WaitReason::mutex},
    FunctionWait{"boost::fibers::recursive_timed_mutex::", WaitReason::mutex},
    FunctionWait{"boost::fibers::condition_variable", WaitReason::cond},
    FunctionWait{"boost::fibers::barrier::", WaitReason::barrier},
    FunctionWait{"boost::fibers::fiber::join", WaitReason::join},
    FunctionWait{"boost::fibers::future", WaitReason::future},
    FunctionWait{"boost::fibers::shared_future", WaitReason::future},
    FunctionWait{"boost::fibers::detail::shared_state", WaitReason::future},
    FunctionWait{"boost::fibers::detail::future_base", WaitReason::future},
    FunctionWait{"std::barrier", WaitReason::barrier},
    FunctionWait{"std::call_once", WaitReason::once},
    FunctionWait{"std::__tree_barrier", WaitReason::barrier},
};

// "___pthread_mutex_lock@@GLIBC_2.34" and "__GI___pthread_mutex_lock" are pthread_mutex_lock.
std::string_view bare_c_name(std::string_view name) {
    name = name.substr(0, name.find('@'));
    const auto strip = [&] { name.remove_prefix(std::min(name.find_first_not_of('_'), name.size())); };
    strip();
    if (name.starts_with("GI_")) {
        name.remove_prefix(3);
        strip();
    }
    return name;
}

// "std::__1::future" and "std::_V2::..." are std::...; a return type before the name is passed over.
std::string without_inline_namespace(std::string_view name) {
    std::string bare(name);
    for (const std::string_view inner : {"std::__1::", "std::_V2::", "std::__cxx11::"}) {
        if (const auto at = bare.find(inner); at != std::string::npos) {
            bare.erase(at + 5, inner.size() - 5);
        }
    }
    return bare;
}

// boost::fibers::buffered_channel<int>::pop, ::value_pop_wait_for ...: by the method.
std::optional<WaitReason> wait_of_channel(std::string_view function) {
    if (!function.starts_with("boost::fibers::buffered_channel<") &&
        !function.starts_with("boost::fibers::unbuffered_channel<")) {
        return std::nullopt;
    }
    std::size_t at = function.find('<');
    for (int depth = 0; at < function.size(); ++at) {
        depth += function[at] == '<' ? 1 : function[at] == '>' ? -1 : 0;
        if (depth == 0) {
            break;
        }
    }
    const auto method = function.substr(std::min(at + 1, function.size()));
    if (method.starts_with("::push") || method.starts_with("::try_push")) {
        return WaitReason::chan_send;
    }
    return method.starts_with("::pop") || method.starts_with("::value_pop") ? std::optional{WaitReason::chan_receive}
                                                                            : std::nullopt;
}

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

} // namespace

std::optional<WaitReason> wait_of_function(std::string_view function) {
    const auto c_name = bare_c_name(function);
    for (const auto& [name, reason] : c_functions) {
        if (c_name == name) {
            return reason;
        }
    }
    const bool of_fibers = function.find("boost::") != std::string_view::npos;
    if (!of_fibers && function.find("std::") == std::string_view::npos) {
        return std::nullopt;
    }
    const auto bare = without_inline_namespace(without_return_type(function));
    if (of_fibers) {
        if (const auto reason = wait_of_channel(bare)) {
            return reason;
        }
    }
    for (const auto& [prefix, reason] : cpp_prefixes) {
        if (bare.starts_with(prefix)) {
            return reason;
        }
    }
    return std::nullopt;
}

std::optional<WaitReason> wait_of_frames(std::span<const Frame> frames) {
    std::optional<WaitReason> found;
    for (const auto& frame : frames) {
        const auto reason = wait_of_function(frame.function);
        if (!reason && !in_runtime(frame)) {
            break;
        }
        found = reason ? reason : found;
    }
    return found;
}

bool in_runtime(const Frame& frame) {
    const auto module = base_name(frame.module);
    for (const std::string_view library :
         {"libc.so", "libc-2", "libpthread", "libstdc++.so", "libc++.so", "libc++abi.so", "libgcc_s.so", "ld-linux",
          "ld-musl", "[vdso]", "libasan.so", "libtsan.so", "liblsan.so", "libubsan.so", "libclang_rt."}) {
        if (module.starts_with(library)) {
            return true;
        }
    }
    const auto function = without_return_type(frame.function);
    for (const std::string_view space :
         {"std::", "__gnu_cxx::", "__gthread_", "boost::fibers::", "boost::context::", "boost::this_fiber::",
          // of a sanitizer that clang has put into the program itself
          "__asan::", "__tsan::", "__lsan::", "__sanitizer::", "__interceptor_", "___interceptor_"}) {
        if (function.starts_with(space)) {
            return true;
        }
    }
    return function == "make_fcontext";
}

} // namespace tasks::inspect
