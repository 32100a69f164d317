#include "analysis/thread_name.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "inspect/analysis/made_snapshot.hpp"

using namespace tasks::inspect;

namespace {

constexpr auto libc = "/lib/x86_64-linux-gnu/libc.so.6";
constexpr auto libstdcpp = "/lib/x86_64-linux-gnu/libstdc++.so.6";

Frame of(const std::string& function, const std::string& module = "/srv/bin/service") {
    Frame frame;
    frame.function = function;
    frame.module = module;
    return frame;
}

/// What pthread_create begins, innermost frame first, with the C library's own symbols or without.
std::vector<Frame> started(std::vector<Frame> inner, bool symbols = true) {
    inner.push_back(of(symbols ? "start_thread" : "", libc));
    inner.push_back(of(symbols ? "clone3" : "", libc));
    return inner;
}

/// What std::thread of libstdc++ begins: its own start routine has a name only where debug symbols are installed.
std::vector<Frame> std_thread(std::vector<Frame> inner, bool symbols = true) {
    inner.push_back(of(symbols ? "execute_native_thread_routine" : "", libstdcpp));
    return started(std::move(inner), symbols);
}

std::string run_of(const std::string& callable) {
    return "std::thread::_State_impl<std::thread::_Invoker<std::tuple<" + callable + "> > >::_M_run()";
}

const Frame pause_call = of("pause", libc);

} // namespace

TEST_CASE("a thread is named by the lambda that std::thread was given") {
    for (const bool symbols : {true, false}) {
        CHECK(thread_routine(std_thread(
                  {pause_call, of("main::{lambda()#1}::operator()() const"), of(run_of("main::{lambda()#1}"))},
                  symbols)) == "main::{lambda()#1}"); // g++ 12
        CHECK(thread_routine(std_thread({pause_call, of("main::$_0::operator()() const"), of(run_of("main::$_0"))},
                                        symbols)) == "main::$_0"); // clang 19
    }
}

TEST_CASE("a lambda's type names it also where its call is inlined and another function follows") {
    CHECK(thread_routine(std_thread({pause_call, of("Channel<Answer>::send(Answer)"),
                                     of(run_of("submit(Backend&)::{lambda(int, std::pair<int, int>)#2}, int"))})) ==
          "submit(Backend&)::{lambda(int, std::pair<int, int>)#2}");
}

TEST_CASE("a thread with a function pointer is named by the function that it calls") {
    CHECK(thread_routine(std_thread({pause_call, of("worker(int)"),
                                     of("void std::__invoke_impl<void, void (*)(int), int>(std::__invoke_other, void "
                                        "(*&&)(int), int&&)"),
                                     of(run_of("void (*)(int), int"))})) == "worker");
    CHECK(thread_routine(std_thread({pause_call, of("worker(int)")})) == "worker"); // -O2: _M_run jumped there
}

TEST_CASE("a thread with a member function is named by it") {
    CHECK(thread_routine(std_thread({pause_call, of("Pool::run(std::function<void (int)>)"),
                                     of(run_of("void (Pool::*)(std::function<void (int)>), Pool*"))})) == "Pool::run");
}

TEST_CASE("a thread with std::bind or std::function is named by what that calls") {
    CHECK(thread_routine(std_thread({pause_call, of("worker(int)"),
                                     of("void std::_Bind<void (*(int))(int)>::operator()<, void>()"),
                                     of(run_of("std::_Bind<void (*(int))(int)>"))})) == "worker");
    CHECK(thread_routine(
              std_thread({pause_call, of("int work<int>(int)"), of("std::function<int ()>::operator()() const"),
                          of(run_of("std::function<int ()>"))})) == "work<int>");
}

TEST_CASE("a thread with an object that can be called is named by its class") {
    CHECK(thread_routine(std_thread({pause_call, of(run_of("(anonymous namespace)::Sender<int>, int"))})) ==
          "(anonymous namespace)::Sender<int>");
}

TEST_CASE("a std::jthread is named as a std::thread is") {
    CHECK(thread_routine(std_thread({pause_call, of(run_of("main::{lambda(std::stop_token)#1}, std::stop_token"))})) ==
          "main::{lambda(std::stop_token)#1}");
}

TEST_CASE("std::async is named by what it was given, with or without the thread's own state") {
    const auto state = of("std::__future_base::_Async_state_impl<std::thread::_Invoker<std::tuple<main::{lambda()#3}> "
                          ">, void>::_M_run()");
    CHECK(thread_routine(std_thread({pause_call, of("std::once_flag::call()"), state})) == "main::{lambda()#3}");
    const auto thread = of(run_of("void (std::__future_base::_Async_state_impl<std::thread::_Invoker<std::tuple<main::{"
                                  "lambda()#3}> >, void>::*)(), std::__future_base::_Async_state_impl<...>*"));
    CHECK(thread_routine(std_thread({pause_call, state, thread})) == "main::{lambda()#3}");
}

TEST_CASE("a thread of libc++ is named by the second member of its tuple") {
    const auto proxy = [](const std::string& callable) {
        return of(
            "void* std::__1::__thread_proxy[abi:ne190107]<std::__1::tuple<std::__1::unique_ptr<std::__1::__thread_"
            "struct, std::__1::default_delete<std::__1::__thread_struct> >, " +
            callable + "> >(void*)");
    };
    CHECK(thread_routine(started({pause_call, proxy("main::$_0")})) == "main::$_0");
    CHECK(thread_routine(started({pause_call, of("worker(int)"), proxy("void (*)(int), int")})) == "worker");
}

TEST_CASE("other threads are named by the start routine that pthread_create was given") {
    CHECK(thread_routine(started({pause_call, of("start(void*)")})) == "start");
    CHECK(thread_routine(started({pause_call, of("start(void*)")}, false)) == "start");
    CHECK(thread_routine(started({pause_call, of("gomp_thread_start", "/usr/lib/libgomp.so.1")})) ==
          "gomp_thread_start");
    CHECK(thread_routine(started({pause_call, of("start_thread"), of("")})).empty());
}

TEST_CASE("the main thread and stacks that end early have no start routine") {
    CHECK(thread_routine(std::vector{pause_call, of("main"), of("__libc_start_main", libc), of("_start")}).empty());
    CHECK(thread_routine(std::vector{pause_call, of("worker(int)")}).empty());
    CHECK(thread_routine({}).empty());
    CHECK(thread_routine(started({})).empty());
}

TEST_CASE("a name that was given to a thread is kept; the process's own is none") {
    const auto frames = started({pause_call, of("start(void*)")});
    CHECK(thread_name("io-3", "service", frames) == "io-3");
    CHECK(thread_name("service", "service", frames) == "start");
    CHECK(thread_name("service", "service", {}) == "service");
    CHECK(thread_name("", "service", frames) == "start");
}

TEST_CASE("the name of a routine is without return type and parameters") {
    CHECK(routine_name("void Pool::run(int)") == "Pool::run");
    CHECK(routine_name("(anonymous namespace)::serve(int)") == "(anonymous namespace)::serve");
    CHECK(routine_name("f(int)::Local::run()") == "f(int)::Local::run");
    CHECK(routine_name("main::{lambda(int)#1}::operator()(int) const") == "main::{lambda(int)#1}");
    CHECK(routine_name("serve") == "serve");
    CHECK(routine_name("broken(((") == "broken");
    CHECK(routine_name("").empty());
}

TEST_CASE("a report names threads of one process's name by what they run") {
    MadeSnapshot made;
    made->process.pid = 10;
    made.thread(10, "service").blocked({"wait", "main"});
    made.thread(11, "service").blocked({"wait", "Pool::run()", "start_thread"});
    made.thread(12, "service").blocked({"wait", "Pool::run()", "start_thread"});
    made.thread(13, "timer").blocked({"wait", "tick()", "start_thread"});
    const auto report = made.analyse();
    REQUIRE(report.groups.size() == 3);
    CHECK(report.name(report.groups[0]) == "Pool::run");
    CHECK(report.name(report.groups[1]) != report.name(report.groups[2]));
    for (const auto at : {1u, 2u}) {
        const auto name = report.name(report.groups[at]);
        CHECK((name == "service" || name == "timer"));
    }
}
