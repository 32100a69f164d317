// Coroutines of a type that knows nothing of us: told where memory is scanned, by their frames alone.
#include <tasks/leak_check.hpp>

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <tasks/task_handle.hpp>

#include "check_words.hpp"

using namespace std::chrono_literals;
using namespace tasks;
using namespace tasks::test;

namespace {

/// As one finds them: nobody destroys it but its owner.
struct Plain {
    struct promise_type {
        Plain get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

struct Forever {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}
};

Plain waiter(int number) {
    co_await Forever{}; // where it waits
    static volatile int sum = 0;
    sum = sum + number;
}

/// Resumes who awaits it.
struct Chained {
    struct promise_type {
        std::coroutine_handle<> continuation;
        Chained get_return_object() { return Chained{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    explicit Chained(std::coroutine_handle<promise_type> made) : handle(made) {}
    Chained(const Chained&) = delete;
    Chained& operator=(const Chained&) = delete;
    ~Chained() { handle.destroy(); }
    std::coroutine_handle<promise_type> handle;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> outer) const noexcept {
        handle.promise().continuation = outer;
        return handle;
    }
    void await_resume() const noexcept {}
};

Chained inner() { co_await Forever{}; }
Plain outer() { co_await inner(); }

/// Destroys it at the end of the test.
class Owned {
public:
    explicit Owned(Plain coroutine) : handle_(coroutine.handle) {}
    Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    ~Owned() {
        if (handle_)
            handle_.destroy();
    }
    void resume() const { handle_.resume(); }
    std::coroutine_handle<Plain::promise_type> handle() const { return handle_; }

private:
    std::coroutine_handle<Plain::promise_type> handle_;
};

LeakOptions scanning() { return at_once().scan_memory(); }

} // namespace

TEST_CASE("a scan of memory finds nothing where nothing was left") {
    LeakCheck check{LeakOptions{}.scan_memory()};
    {
        Owned{waiter(1)}.resume();
    }
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK(leaks.empty());
}

TEST_CASE("coroutines that nobody registers are only told where memory is scanned") {
    LeakCheck check{at_once()};
    const Owned left{waiter(1)};
    CHECK(check.find().empty());
}

TEST_CASE("a coroutine that was never resumed is told with its function") {
    LeakCheck check{scanning()};
    const Owned left{waiter(1)};
    const auto leaks = check.find();
    INFO(leaks.message());
    REQUIRE(leaks.groups().size() == 1);
    CHECK(leaks.groups()[0].kind == "coroutine");
    CHECK(leaks.groups()[0].state == "waiting");
    CHECK(leaks.groups()[0].reason == "not started");
    REQUIRE_FALSE(leaks.groups()[0].frames.empty());
    CHECK(is_in("waiter", leaks.groups()[0].frames[0].function));
    CHECK(is_in("scan_memory_test.cpp", leaks.groups()[0].frames[0].file));
}

TEST_CASE("a coroutine that has finished and was never destroyed is told so") {
    LeakCheck check{scanning()};
    const Owned left{waiter(1)};
    left.resume();
    left.resume();
    const auto leaks = check.find();
    INFO(leaks.message());
    REQUIRE(leaks.groups().size() == 1);
    CHECK(leaks.groups()[0].state == "done");
}

TEST_CASE("coroutines that wait at one line are one group, with that line") {
    LeakCheck check{scanning()};
    std::vector<Owned> left;
    for (int i = 0; i < 30; ++i)
        left.emplace_back(waiter(i)).resume();
    const auto leaks = check.find();
    INFO(leaks.message());
    REQUIRE(leaks.groups().size() == 1);
    CHECK(leaks.tasks() == 30);
    CHECK(is_in("30 tasks, coroutine", leaks.message()));
    REQUIRE_FALSE(leaks.groups()[0].frames.empty());
    CHECK(leaks.groups()[0].frames[0].line != 0);
}

TEST_CASE("a coroutine that another one awaits is a frame of that one's stack") {
    LeakCheck check{scanning()};
    const Owned left{outer()};
    left.resume();
    const auto leaks = check.find();
    INFO(leaks.message());
    REQUIRE(leaks.groups().size() == 1);
    CHECK(leaks.tasks() == 1);
    REQUIRE(leaks.groups()[0].frames.size() == 2);
    CHECK(is_in("inner", leaks.groups()[0].frames[0].function));
    CHECK(is_in("outer", leaks.groups()[0].frames[1].function));
}

TEST_CASE("a coroutine that was there before a check is none of its leaks") {
    const Owned before{waiter(1)};
    LeakCheck check{scanning()};
    const Owned left{outer()};
    before.resume();
    const auto leaks = check.find();
    INFO(leaks.message());
    REQUIRE(leaks.groups().size() == 1);
    CHECK(is_in("outer", leaks.groups()[0].frames.at(0).function));
}

TEST_CASE("a coroutine that is registered is told once") {
    LeakCheck check{scanning()};
    const Owned left{waiter(1)};
    TaskHandle registered{task_kind::coroutine, "session", SourcePlace::here(), left.handle().address()};
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK(leaks.tasks() == 1);
    CHECK(leaks.groups().at(0).name == "session");
}

TEST_CASE("coroutines found in memory are ignored by their functions") {
    LeakCheck check{scanning().ignore_top_function("*waiter")};
    const Owned ignored{waiter(1)};
    CHECK(check.find().empty());
    const Owned left{outer()};
    CHECK(check.find().tasks() == 1);
}

TEST_CASE("a coroutine that is destroyed while leaks are looked for is none") {
    LeakCheck check{LeakOptions{}.timeout(30s).scan_memory()};
    auto left = std::make_unique<Owned>(waiter(1));
    std::thread{[&left] {
        std::this_thread::sleep_for(50ms);
        left.reset();
    }}.detach();
    CHECK(check.find().empty());
}

TEST_CASE("what a coroutine calls is no leak of it while a thread runs it") {
    static LeakReport found;
    LeakCheck check{scanning()};
    const auto looks = [](LeakCheck& outside) -> Plain {
        found = outside.find();
        co_return;
    };
    const Owned runs{looks(check)};
    runs.resume();
    INFO(found.message());
    CHECK(found.empty());
}

TEST_CASE("the bytes of a coroutine in memory of the program's own are told in a note alone") {
    struct Block {
        alignas(16) std::byte bytes[4096];
    };
    static const auto block = std::make_unique<Block>();
    LeakCheck check{scanning()};
    const Owned real{waiter(1)};
    real.resume();
    std::copy_n(static_cast<const std::byte*>(real.handle().address()), 48, block->bytes + 512);
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK(leaks.tasks() == 1);
}

TEST_CASE("the whole process's look tells what nobody registers, but what lives already") {
    const Owned before{waiter(1)};
    const auto options = at_once().ignore_current().scan_memory();
    const Owned after{outer()};
    const auto leaks = find_leaks(options);
    INFO(leaks.message());
    CHECK(leaks.tasks() == 1);
    CHECK(is_in("outer", leaks.message()));
}
