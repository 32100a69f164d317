#include "analysis/frame_waits.hpp"

#include <catch2/catch.hpp>

using namespace tasks::inspect;
using tasks::protocol::WaitReason;

namespace {

Frame of(std::string function, std::string module = "") {
    Frame frame;
    frame.function = std::move(function);
    frame.module = std::move(module);
    return frame;
}

const std::string libc = "/lib/x86_64-linux-gnu/libc.so.6";
const std::string libstdcpp = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30";

} // namespace

TEST_CASE("the C library's waiting functions are known under all their symbols") {
    CHECK(wait_of_function("pthread_mutex_lock") == WaitReason::mutex);
    CHECK(wait_of_function("___pthread_mutex_lock") == WaitReason::mutex);
    CHECK(wait_of_function("__GI___pthread_mutex_lock") == WaitReason::mutex);
    CHECK(wait_of_function("pthread_cond_wait@@GLIBC_2.3.2") == WaitReason::cond);
    CHECK(wait_of_function("__pthread_clockjoin_ex") == WaitReason::join);
    CHECK(wait_of_function("__new_sem_wait") == WaitReason::semaphore);
    CHECK(wait_of_function("pthread_rwlock_rdlock") == WaitReason::rwlock_read);
    CHECK(wait_of_function("pthread_rwlock_wrlock") == WaitReason::rwlock_write);
    CHECK(wait_of_function("pthread_barrier_wait") == WaitReason::barrier);
    CHECK(wait_of_function("pthread_once@@GLIBC_2.34") == WaitReason::once);
    CHECK(wait_of_function("__pthread_once_slow") == WaitReason::once);
    CHECK(wait_of_function("call_once") == WaitReason::once);
}

TEST_CASE("the C++ library's waiting functions are known with return types and inline namespaces") {
    CHECK(wait_of_function("std::condition_variable::wait(std::unique_lock<std::mutex>&)") == WaitReason::cond);
    CHECK(wait_of_function("std::__1::condition_variable::wait(std::__1::unique_lock<std::__1::mutex>&)") ==
          WaitReason::cond);
    CHECK(wait_of_function("std::_V2::condition_variable_any::wait<std::unique_lock<std::mutex> >(int)") ==
          WaitReason::cond);
    CHECK(wait_of_function("void std::condition_variable::wait<main::{lambda()#1}>(int)") == WaitReason::cond);
    CHECK(wait_of_function("std::thread::join()") == WaitReason::join);
    CHECK(wait_of_function("std::__future_base::_State_baseV2::wait()") == WaitReason::future);
    CHECK(wait_of_function("std::latch::wait() const") == WaitReason::barrier);
    CHECK(wait_of_function("__cxa_guard_acquire") == WaitReason::once);
    CHECK(wait_of_function("void std::call_once<void (&)()>(std::once_flag&, void (&)())") == WaitReason::once);
}

TEST_CASE("a function that only mentions the library's names does not wait") {
    CHECK_FALSE(wait_of_function("submit(std::future<int>&)"));
    CHECK_FALSE(wait_of_function("my_pthread_mutex_lock"));
    CHECK_FALSE(wait_of_function("app::pthread_cond_wait_counter()"));
    CHECK_FALSE(wait_of_function("std::vector<int>::push_back(int const&)"));
    CHECK_FALSE(wait_of_function(""));
}

TEST_CASE("the outermost library frame says what a futex wait is") {
    CHECK(wait_of_frames(std::vector{of("", libc), of("pthread_cond_wait", libc),
                                     of("std::condition_variable::wait(std::unique_lock<std::mutex>&)", libstdcpp),
                                     of("Channel::send(int)")}) == WaitReason::cond);
    CHECK(
        wait_of_frames(std::vector{of("syscall", libc), of("std::__atomic_futex_unsigned_base::_M_futex_wait_until()"),
                                   of("std::future<int>::get()"), of("main")}) == WaitReason::future);
    CHECK(wait_of_frames(std::vector{of("pthread_join", libc), of("std::thread::join()", libstdcpp), of("main")}) ==
          WaitReason::join);
}

TEST_CASE("the host's own frames end the search") {
    CHECK_FALSE(wait_of_frames(std::vector{of("syscall", libc), of("my_lock(int)"), of("pthread_join", libc)}));
    CHECK_FALSE(wait_of_frames({}));
}

TEST_CASE("a sanitizer's frames between the library and the host are the runtime's") {
    const std::string libtsan = "/usr/lib/x86_64-linux-gnu/libtsan.so.2.0.0";
    CHECK(in_runtime(of("__tsan::call_pthread_cancel_with_cleanup(int (*)(void*), void (*)(void*), void*)", libtsan)));
    CHECK(in_runtime(of("__tsan::call_pthread_cancel_with_cleanup(int (*)(void*), void (*)(void*), void*)", "server")));
    CHECK(in_runtime(of("___interceptor_pthread_cond_wait", "server")));
    CHECK_FALSE(in_runtime(of("tsan::report()", "server")));
    CHECK(wait_of_frames(std::vector{of("", libc), of("pthread_cond_wait", libc), of("cond_wait", libtsan),
                                     of("std::condition_variable::wait(std::unique_lock<std::mutex>&)", libstdcpp),
                                     of("Channel::send(int)")}) == WaitReason::cond);
}

TEST_CASE("Boost.Fiber's waiting functions are known, channels by what is done with them") {
    CHECK(wait_of_function("boost::fibers::mutex::lock()") == WaitReason::mutex);
    CHECK(wait_of_function("void boost::fibers::condition_variable::wait<main::{lambda()#1}>(int)") ==
          WaitReason::cond);
    CHECK(wait_of_function("boost::fibers::buffered_channel<int>::pop(int&)") == WaitReason::chan_receive);
    CHECK(wait_of_function("boost::fibers::unbuffered_channel<std::pair<int, a> >::value_pop()") ==
          WaitReason::chan_receive);
    CHECK(wait_of_function("boost::fibers::buffered_channel<int>::push(int const&)") == WaitReason::chan_send);
    CHECK(wait_of_function("boost::fibers::buffered_channel<int>::close()") == std::nullopt);
    CHECK(wait_of_function("boost::fibers::fiber::join()") == WaitReason::join);
    CHECK(wait_of_function("boost::asio::io_context::run()") == std::nullopt);
    const std::vector<Frame> frames{of("boost::fibers::context::suspend()"), of("boost::fibers::wait_queue::x()"),
                                    of("boost::fibers::mutex::lock()"), of("serve()"),
                                    of("boost::fibers::fiber::join()")};
    CHECK(wait_of_frames(frames) == WaitReason::mutex);
}
