// Threads that libraries keep for themselves, made in a scope by the libraries as they are installed: no leak is told.
#include <tasks/leak_check.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <future>
#include <thread>

#include <netdb.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#if __has_include(<tbb/parallel_for.h>)
#include <tbb/parallel_for.h>
#define TASKS_TEST_WITH_TBB
#endif

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace tasks;

namespace {

/// What is left of that, after a time that is too short for threads that libraries end when they are idle.
template <class Use> LeakReport left_by(Use use) {
    LeakCheck check{LeakOptions{}.timeout(300ms)};
    use();
    return check.find();
}

} // namespace

TEST_CASE("OpenMP's workers are no leak") {
    std::atomic<int> threads{0};
    const auto leaks = left_by([&threads] {
#pragma omp parallel num_threads(3)
        ++threads;
    });
    INFO(leaks.message());
    CHECK(leaks.empty());
    CHECK(threads == 3);
}

#ifdef TASKS_TEST_WITH_TBB
TEST_CASE("oneTBB's workers are no leak") {
    const auto leaks = left_by(
        [] { tbb::parallel_for(0, 500, [](int) { std::this_thread::sleep_for(std::chrono::microseconds{20}); }); });
    INFO(leaks.message());
    CHECK(leaks.empty());
}
#endif

TEST_CASE("the thread in which Asio resolves names is no leak") {
    boost::asio::io_context context;
    boost::asio::ip::tcp::resolver resolver{context};
    bool resolved = false;
    const auto leaks = left_by([&] {
        resolver.async_resolve("localhost", "80", [&resolved](const auto&, const auto&) { resolved = true; });
        context.run();
    });
    INFO(leaks.message());
    CHECK(leaks.empty());
    CHECK(resolved);
}

TEST_CASE("what libc does in threads of its own is no leak") {
    const auto leaks = left_by([] {
        static gaicb request{};
        request.ar_name = "localhost";
        gaicb* list[] = {&request};
        ::getaddrinfo_a(GAI_WAIT, list, 1, nullptr);
        if (request.ar_result != nullptr)
            ::freeaddrinfo(request.ar_result);
        static std::atomic<bool> fired{false};
        sigevent event{};
        event.sigev_notify = SIGEV_THREAD;
        event.sigev_notify_function = [](sigval) { fired = true; };
        timer_t timer{};
        REQUIRE(::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
        const itimerspec when{{0, 0}, {0, 1000}};
        ::timer_settime(timer, 0, &when, nullptr);
        while (!fired)
            std::this_thread::sleep_for(1ms);
        ::timer_delete(timer);
        CHECK(std::async(std::launch::async, [] { return 1; }).get() == 1);
    });
    INFO(leaks.message());
    CHECK(leaks.empty());
}
