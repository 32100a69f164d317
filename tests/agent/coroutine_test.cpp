#include <tasks/coroutine.hpp>

#include <array>
#include <stdexcept>
#include <thread>
#include <vector>

#include "agent_fixture.hpp"
#include "allocations.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

using Nothing = std::coroutine_handle<>;

/// Lazy, awaitable, resumes whoever awaits it. Nothing in it knows of tasks.
struct Lazy {
    struct Promise {
        Nothing continuation = std::noop_coroutine();
        Lazy get_return_object() { return Lazy{std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct Final {
            bool await_ready() noexcept { return false; }
            Nothing await_suspend(std::coroutine_handle<Promise> self) noexcept { return self.promise().continuation; }
            void await_resume() noexcept {}
        };
        Final final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { throw; }
    };
    using promise_type = traced<Promise>;

    explicit Lazy(std::coroutine_handle<Promise> made) : handle(made) {}
    Lazy(Lazy&& other) noexcept : handle(std::exchange(other.handle, {})) {}
    Lazy& operator=(Lazy&& other) noexcept {
        std::swap(handle, other.handle);
        return *this;
    }
    ~Lazy() {
        if (handle)
            handle.destroy();
    }
    struct Awaiter {
        std::coroutine_handle<Promise> child;
        bool await_ready() { return false; }
        Nothing await_suspend(Nothing parent) {
            child.promise().continuation = parent;
            return child;
        }
        void await_resume() {}
    };
    Awaiter operator co_await() && { return {handle}; }
    std::coroutine_handle<Promise> handle;
};

/// Keeps whoever waits, and says what for.
struct Event {
    Nothing waiting;
    struct Awaiter {
        Event& event;
        bool await_ready() const { return false; }
        void await_suspend(Nothing self) { event.waiting = self; }
        int await_resume() { return 7; }
        wait_facts tasks_wait() const noexcept { return {wait_reason::semaphore, &event, "slots"}; }
    };
    Awaiter operator co_await() { return {*this}; }
    void set() { std::exchange(waiting, {}).resume(); }
};

Lazy waiter(Event& event, int* got = nullptr) {
    const int value = co_await event; // line_of_wait
    if (got != nullptr)
        *got = value;
}
constexpr std::uint32_t line_of_wait = __LINE__ - 4;

Lazy middle(Event& event) { co_await waiter(event); }
Lazy outer(Event& event) { co_await middle(event); }

protocol::Task only(const SeenTable& table, const std::string& name) {
    const auto found = table.named(name);
    REQUIRE(found.size() == 1);
    return found[0].task;
}

std::uint64_t address(Nothing handle) { return reinterpret_cast<std::uintptr_t>(handle.address()); }

} // namespace

TEST_CASE("a traced coroutine tells its function, its frame and its creation before it starts") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    Event event;
    {
        const Lazy lazy = waiter(event);
        const protocol::Task task = only(own.table(), "waiter");
        CHECK(task.kind == protocol::Kind::coroutine);
        CHECK(task.wait_reason == protocol::WaitReason::not_started);
        CHECK(task.frame == address(lazy.handle));
        CHECK(task.creator_pc != 0);
        CHECK(task.created_in_pc != 0);
        CHECK(count() == base + 1);
    }
    CHECK(count() == base);
    CHECK(own.table().tasks.empty());
}

TEST_CASE("it waits at the line of its co_await, for what the awaiter says, and is done") {
    const OwnAgent own;
    Event event;
    int got = 0;
    const Lazy lazy = waiter(event, &got);
    lazy.handle.resume();
    const auto seen = own.table().named("waiter");
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].task.state == protocol::State::waiting);
    CHECK(seen[0].task.wait_reason == protocol::WaitReason::semaphore);
    CHECK(seen[0].task.wait_object == reinterpret_cast<std::uintptr_t>(&event));
    CHECK(seen[0].wait_name == "slots");
    const FileSource source{own.directory().only(protocol::table_suffix)};
    auto reader = protocol::TableReader::open(source);
    REQUIRE(reader);
    const auto site = reader->site(seen[0].task.wait_site);
    REQUIRE(site);
    CHECK(site->line == line_of_wait);
    CHECK(site->file.ends_with("coroutine_test.cpp"));
    event.set();
    CHECK(got == 7);
    CHECK(lazy.handle.done());
    CHECK(only(own.table(), "waiter").state == protocol::State::done);
}

TEST_CASE("a chain of awaited coroutines is one task, and each frame names the one that awaits it") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    Event event;
    const Lazy lazy = outer(event);
    lazy.handle.resume();
    CHECK(count() == base + 1);
    const auto table = own.table();
    const auto root = only(table, "outer");
    const auto between = only(table, "middle");
    const auto leaf = only(table, "waiter");
    CHECK(root.awaited_by == 0);
    CHECK(root.wait_reason == protocol::WaitReason::await);
    CHECK(between.awaited_by == root.id);
    CHECK(leaf.awaited_by == between.id);
    event.set();
    CHECK(count() == base + 1);
    CHECK(own.table().tasks.size() == 1);
}

namespace {

Lazy starter(std::vector<Lazy>& started, Event& event) {
    co_await coroutine_label{"request", "8431"};
    started.push_back(waiter(event));
    co_await event;
}

} // namespace

TEST_CASE("what a coroutine starts and does not await is a task of its own that it started, with its label") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    Event event;
    std::vector<Lazy> started;
    const Lazy lazy = starter(started, event);
    lazy.handle.resume();
    CHECK(count() == base + 2);
    const auto table = own.table();
    CHECK(only(table, "waiter").started_by == only(table, "starter").id);
    CHECK(only(table, "waiter").awaited_by == 0);
    CHECK(table.named("waiter")[0].label == "request=8431");
    event.waiting = {};
    started[0].handle.resume(); // by a thread, not by the coroutine
    CHECK(only(own.table(), "waiter").awaited_by == 0);
}

namespace {

/// Awaiters as they come: a boolean await_suspend, a throwing one, one that resumes the child itself, none that can be
/// moved; a promise with its own await_transform and yield_value.
struct Ready {
    bool ready;
    bool await_ready() const { return ready; }
    bool await_suspend(Nothing) { return false; }
    void await_resume() {}
};
struct Throws {
    bool await_ready() const { return false; }
    void await_suspend(Nothing) { throw std::runtime_error("cannot wait"); }
    void await_resume() {}
};
struct Pinned {
    Pinned() = default;
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;
    bool await_ready() const { return false; }
    void await_suspend(Nothing) {}
    const Pinned* await_resume() { return this; }
};
struct StartsIt {
    explicit StartsIt(Lazy child) : lazy(std::move(child)) {} // g++ 12 destroys an aggregate twice here
    Lazy lazy;
    using promise_type = Lazy::promise_type; // it stands for the coroutine
    bool await_ready() { return false; }
    bool await_suspend(Nothing) {
        lazy.handle.resume();
        return !lazy.handle.done();
    }
    void await_resume() {}
};

struct Number {
    int value;
    int twice;
};

struct Generator {
    struct Promise {
        int value = 0;
        int transformed = 0;
        Generator get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(const Number& given) {
            value = given.value;
            return {};
        }
        Ready await_transform(int ready) {
            ++transformed;
            return {ready != 0};
        }
        void await_transform(Pinned) = delete;
        void return_void() {}
        void unhandled_exception() {}
    };
    using promise_type = traced<Promise>;
    std::coroutine_handle<Promise> handle;
};

Generator numbers(int to) {
    for (int at = 0; at < to; ++at) {
        co_await at;
        co_yield Number{at, 2 * at};
        co_yield {at, 2 * at};
    }
}

Lazy all_awaiters(bool& caught, bool& same) {
    co_await Ready{true};
    co_await Ready{false};
    try {
        co_await Throws{};
    } catch (const std::runtime_error&) {
        caught = true;
    }
    Pinned pinned;
    same = co_await pinned == &pinned;
    co_await Pinned{};
}

Lazy empty() { co_return; }
Lazy starts_it(Event& event) {
    co_await StartsIt(empty());
    co_await StartsIt(waiter(event));
}

} // namespace

TEST_CASE("a coroutine that was not suspended after all runs") {
    const OwnAgent own;
    bool caught = false;
    bool same = false;
    const Lazy lazy = all_awaiters(caught, same);
    lazy.handle.resume();
    CHECK(caught);
    CHECK(only(own.table(), "all_awaiters").state == protocol::State::waiting);
    CHECK(only(own.table(), "all_awaiters").wait_reason == protocol::WaitReason::unknown);
    lazy.handle.resume();
    CHECK(same);
    CHECK(TaskHandle::current_id() == 0);
    lazy.handle.resume();
    CHECK(lazy.handle.done());
}

TEST_CASE("a child that its awaiter resumes by itself is awaited") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    Event event;
    const Lazy lazy = starts_it(event);
    lazy.handle.resume();
    CHECK(only(own.table(), "waiter").awaited_by == only(own.table(), "starts_it").id);
    CHECK(count() == base + 1);
}

TEST_CASE("a generator keeps its await_transform and yield_value, and waits for somebody to take what it gives") {
    const OwnAgent own;
    const Generator generator = numbers(3);
    auto& promise = generator.handle.promise();
    generator.handle.resume();
    generator.handle.resume();
    CHECK(promise.value == 0);
    CHECK(promise.transformed == 1);
    generator.handle.resume();
    CHECK(promise.value == 1);
    CHECK(promise.transformed == 2);
    CHECK(only(own.table(), "numbers").wait_reason == protocol::WaitReason::chan_send);
    generator.handle.destroy();
}

namespace {

/// Large, aligned, made from the arguments.
struct Heavy {
    struct alignas(64) Promise {
        explicit Promise(int& argument) : from(argument) {}
        std::array<char, 4096> bytes{};
        int from;
        Heavy get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
    using promise_type = traced<Promise>;
    std::coroutine_handle<Promise> handle;
};

Heavy heavy(int) { co_return; }

} // namespace

TEST_CASE("a promise of 4 KiB, aligned, that takes the arguments, is what it was") {
    const OwnAgent own;
    const Heavy coroutine = heavy(42);
    CHECK(coroutine.handle.promise().from == 42);
    CHECK(only(own.table(), "heavy").frame == address(coroutine.handle));
    coroutine.handle.resume();
    CHECK(own.table().tasks.empty());
}

TEST_CASE("coroutines move between threads, and no await allocates") {
    const OwnAgent own;
    Event event;
    const Lazy lazy = outer(event);
    std::thread([&] { lazy.handle.resume(); }).join();
    std::thread([&] { event.set(); }).join();
    CHECK(lazy.handle.done());
    const Generator generator = numbers(100);
    generator.handle.resume();
    const auto before = allocations_of_this_thread();
    for (int at = 0; at < 100; ++at)
        generator.handle.resume();
    CHECK(allocations_of_this_thread() == before);
    generator.handle.destroy();
}

TEST_CASE("coroutines without an agent, before it starts, after it stopped and with the next one") {
    Event event;
    Event later;
    Lazy before = waiter(event);
    {
        const OwnAgent own;
        before.handle.resume();
        CHECK(own.table().tasks.empty());
        const Lazy lazy = outer(event);
        lazy.handle.resume();
        before = waiter(later);
        before.handle.resume();
        CHECK(own.table().tasks.size() == 4);
    }
    const OwnAgent again;
    later.set();
    CHECK(before.handle.done());
    const Lazy lazy = waiter(event);
    CHECK(again.table().tasks.size() == 1);
}
