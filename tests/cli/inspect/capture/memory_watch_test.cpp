#include "capture/memory_watch.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

/// What is left behind goes on using it.
struct Shared {
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    std::atomic<bool> released{false};

    /// As a read whose page nobody serves until release.
    void hang() {
        wait_in_look([this] {
            while (!released) {
                std::this_thread::sleep_for(std::chrono::milliseconds{1});
            }
        });
    }
};

} // namespace

TEST_CASE("a look of two threads ends when both have, and throws what either throws") {
    MemoryWatch watch;
    std::atomic<int> ran{0};
    CHECK(watch.run([&] { look_in_two_threads([&] { ++ran; }); }));
    CHECK(ran == 2);
    look_in_two_threads([&] { ++ran; }); // not watched
    CHECK(ran == 4);
    const auto failing = [&] {
        look_in_two_threads([&] {
            if (++ran == 6) {
                throw std::runtime_error{"of the second"};
            }
        });
    };
    CHECK_THROWS_AS(watch.run(failing), std::runtime_error);
    CHECK(ran == 6);
    CHECK(watch.hangs() == 0);
}

TEST_CASE("a look of which one thread hangs is left when the other has nothing more to do, and touches nothing again") {
    static Shared shared;
    MemoryWatch watch;
    const auto began = std::chrono::steady_clock::now();
    std::atomic<bool> worked{false};
    CHECK_FALSE(watch.run([&worked] {
        look_in_two_threads([&worked] {
            if (shared.begun++ == 0) {
                shared.hang();
                ++shared.ended;
            } else {
                // Twice as long as a read may take, and in none.
                std::this_thread::sleep_for(std::chrono::nanoseconds{MemoryWatch::patience_ns * 2});
                worked = true;
            }
        });
        ++shared.ended;
    }));
    CHECK(worked);
    CHECK(std::chrono::steady_clock::now() - began > std::chrono::nanoseconds{MemoryWatch::patience_ns * 2});
    CHECK(watch.hangs() == 1);
    shared.released = true;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    CHECK(shared.ended == 0);
}
