#include "render/plumbing.hpp"

#include <catch2/catch.hpp>

using tasks::inspect::Frame;
using tasks::render::plumbing;

namespace {

Frame of(std::string function, std::string module = "/srv/payments") {
    Frame frame;
    frame.function = std::move(function);
    frame.module = std::move(module);
    return frame;
}

const std::string libc = "/lib/x86_64-linux-gnu/libc.so.6";
const std::string libstdcpp = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6";

} // namespace

TEST_CASE("what a wait is made of and what started the thread are plumbing, the thread's state is not") {
    const std::vector frames{of("", libc),
                             of("pthread_cond_wait", libc),
                             of("std::condition_variable::wait(std::unique_lock<std::mutex>&)", libstdcpp),
                             of("void std::condition_variable::wait<f>(int)"),
                             of("Channel::send(int)"),
                             of("submit()::{lambda()#1}::operator()() const"),
                             of("void std::__invoke_impl<void, X>(X&&)"),
                             of("std::thread::_Invoker<X>::operator()()"),
                             of("std::thread::_State_impl<X>::_M_run()"),
                             of("", libstdcpp),
                             of("start_thread", libc),
                             of("clone3", libc)};
    CHECK(plumbing(frames) ==
          std::vector<bool>{true, true, true, true, false, false, true, true, false, true, true, true});
}

TEST_CASE("library frames between the host's own stay") {
    const std::vector frames{of("callback"), of("qsort", libc), of("main"), of("__libc_start_call_main", libc),
                             of("_start")};
    CHECK(plumbing(frames) == std::vector<bool>{false, false, false, true, true});
}

TEST_CASE("a stack of library frames only is shown") {
    const std::vector frames{of("poll", libc), of("start_thread", libc), of("clone3", libc)};
    CHECK(plumbing(frames) == std::vector<bool>{false, false, false});
    CHECK(plumbing({}).empty());
}
