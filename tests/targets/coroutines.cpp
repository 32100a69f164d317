// coroutines FILE [COUNT [SPARSE FULL]]: suspends coroutines in the ways that tests/scripts/coroutine_truth_test.py
// looks for, and writes to FILE what is true of each: "frame ADDRESS AWAITED_BY LINE KIND HOW FUNCTION", addresses in
// hexadecimal, 0 where nobody awaits it; HOW: "direct", "indirect" where it resumes its parent through a counter in
// between, "shared" where that lies in memory of its own, or "held" for a generator, which is not awaited but held. Its
// own list has the addresses inverted, so that who scans its memory cannot find them there. Prints "ready", ends when
// its input does. The test compiles it with each compiler. SPARSE and FULL: maps that many GiB besides, of which no
// page is there, and of which each is, always the same 64 MiB.
#include <sys/mman.h>
#include <unistd.h>

#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace truth {

struct Record {
    std::uintptr_t frame; // inverted
    std::uintptr_t awaited_by;
    const char* function;
    int line;
    const char* kind;
    const char* how;
};
std::vector<Record> records;

std::uintptr_t hidden(const void* address) { return ~reinterpret_cast<std::uintptr_t>(address); }

Record* find(const void* frame) {
    for (auto at = records.rbegin(); at != records.rend(); ++at)
        if (at->frame == hidden(frame))
            return &*at;
    return nullptr;
}

void born(const void* frame, const char* function) {
    records.push_back({hidden(frame), hidden(nullptr), function, 0, "not_started", "direct"});
}
void gone(const void* frame) {
    if (Record* record = find(frame))
        records.erase(records.begin() + (record - records.data()));
}
void suspends(const void* frame, int line) {
    if (Record* record = find(frame)) {
        record->line = line;
        record->kind = "waiting";
    }
}
void awaited(const void* frame, const void* by, const char* how) {
    if (Record* record = find(frame)) {
        record->awaited_by = hidden(by);
        record->how = how;
    }
}
void finished(const void* frame) {
    if (Record* record = find(frame)) {
        record->kind = "done";
        record->awaited_by = hidden(nullptr);
    }
}

bool write(const char* path) {
    std::FILE* file = std::fopen(path, "w");
    if (file == nullptr)
        return false;
    for (const Record& record : records)
        std::fprintf(file, "frame %lx %lx %d %s %s %s\n", static_cast<unsigned long>(~record.frame),
                     static_cast<unsigned long>(~record.awaited_by), record.line, record.kind, record.how,
                     record.function);
    return std::fclose(file) == 0;
}

} // namespace truth

/// Tells a coroutine's promise the function's name.
struct Me {
    const char* name;
};

/// What all promises do. Derived::next() is resumed at the end.
template <class Derived> struct Told {
    template <class... Arguments> explicit Told(const Arguments&... arguments) {
        const char* name = "?";
        (take(arguments, name), ...);
        truth::born(frame(), name);
    }
    ~Told() { truth::gone(frame()); }

    const void* frame() { return std::coroutine_handle<Derived>::from_promise(static_cast<Derived&>(*this)).address(); }
    template <class Awaitable> auto await_transform(Awaitable&& awaitable, int line = __builtin_LINE()) {
        truth::suspends(frame(), line);
        if constexpr (requires { awaitable.awaiter(); })
            return awaitable.awaiter();
        else
            return awaitable;
    }
    struct Final {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Derived> self) noexcept {
            truth::finished(self.address());
            const auto next = self.promise().next();
            return next ? next : std::coroutine_handle<>{std::noop_coroutine()};
        }
        void await_resume() noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() { std::abort(); }

private:
    static void take(const Me& me, const char*& name) { name = me.name; }
    template <class Other> static void take(const Other&, const char*&) {}
};

template <class Promise> struct Owner {
    explicit Owner(std::coroutine_handle<Promise> owned) : handle(owned) {}
    Owner(Owner&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    Owner(const Owner&) = delete;
    ~Owner() {
        if (handle)
            handle.destroy();
    }
    std::coroutine_handle<Promise> handle;
};

struct Nothing {};
struct Kilobytes {
    char bytes[4096] = {};
};
struct alignas(64) Aligned {};

/// Lazy; its end resumes who awaits it.
template <class T, class Padding = Nothing> struct Task {
    struct promise_type : Told<promise_type> {
        template <class... Arguments>
        explicit promise_type(const Arguments&... arguments) : Told<promise_type>(arguments...) {}
        Task get_return_object() { return Task{Owner{std::coroutine_handle<promise_type>::from_promise(*this)}}; }
        void return_value(T result) { value = std::move(result); }
        std::coroutine_handle<> next() noexcept { return continuation; }

        Padding padding;
        std::coroutine_handle<> continuation;
        T value{};
    };
    struct Awaiter {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
            handle.promise().continuation = awaiting;
            truth::awaited(handle.address(), awaiting.address(), "direct");
            return handle;
        }
        T await_resume() { return std::move(handle.promise().value); }
        std::coroutine_handle<promise_type> handle;
    };
    Awaiter awaiter() const noexcept { return {owner.handle}; }
    void start() { owner.handle.resume(); }

    Owner<promise_type> owner;
};

struct Generator {
    struct promise_type : Told<promise_type> {
        template <class... Arguments>
        explicit promise_type(const Arguments&... arguments) : Told<promise_type>(arguments...) {}
        Generator get_return_object() {
            return Generator{Owner{std::coroutine_handle<promise_type>::from_promise(*this)}};
        }
        std::suspend_always yield_value(int yielded, int line = __builtin_LINE()) {
            truth::suspends(frame(), line);
            truth::awaited(frame(), nullptr, "held");
            value = yielded;
            return {};
        }
        void return_void() {}
        std::coroutine_handle<> next() noexcept { return nullptr; }
        int value = 0;
    };
    int next() {
        owner.handle.resume();
        return owner.handle.promise().value;
    }
    Owner<promise_type> owner;
};

struct Channel {
    struct Receive {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> awaiting) { channel.waiting.push_back(awaiting); }
        int await_resume() noexcept { return 1; }
        Channel& channel;
    };
    Receive receive() { return {*this}; }
    std::deque<std::coroutine_handle<>> waiting;
};

struct Mutex {
    struct Lock {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> awaiting) { mutex.waiting.push_back(awaiting); }
        void await_resume() noexcept {}
        Mutex& mutex;
    };
    Lock lock() { return {*this}; }
    std::deque<std::coroutine_handle<>> waiting;
};

/// Parts of an AllOf resume it through its counter, which lies in the frame that awaits it; those of an AllOfLatch
/// through one that all of them own.
struct AllOf;
struct Latch {
    std::size_t left = 0;
    std::coroutine_handle<> continuation;
};
struct Part {
    struct promise_type : Told<promise_type> {
        template <class... Arguments>
        explicit promise_type(const Arguments&... arguments) : Told<promise_type>(arguments...) {}
        Part get_return_object() { return Part{Owner{std::coroutine_handle<promise_type>::from_promise(*this)}}; }
        void return_void() {}
        std::coroutine_handle<> next() noexcept;
        AllOf* all = nullptr;
        std::shared_ptr<Latch> latch;
    };
    Owner<promise_type> owner;
};
struct AllOf {
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        continuation = awaiting;
        for (Part& part : parts) {
            part.owner.handle.promise().all = this;
            truth::awaited(part.owner.handle.address(), awaiting.address(), "indirect");
            part.owner.handle.resume();
        }
    }
    void await_resume() noexcept {}
    std::vector<Part>& parts;
    std::size_t left = parts.size();
    std::coroutine_handle<> continuation = nullptr;
};
struct AllOfLatch {
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        const auto latch = std::make_shared<Latch>(Latch{parts.size(), awaiting});
        for (Part& part : parts) {
            part.owner.handle.promise().latch = latch;
            truth::awaited(part.owner.handle.address(), awaiting.address(), "shared");
            part.owner.handle.resume();
        }
    }
    void await_resume() noexcept {}
    std::vector<Part>& parts;
};
std::coroutine_handle<> Part::promise_type::next() noexcept {
    if (latch)
        return --latch->left == 0 ? latch->continuation : nullptr;
    return all != nullptr && --all->left == 0 ? all->continuation : nullptr;
}

static Channel channel;
static Mutex mutex;
static volatile int sink;

Generator numbers(int from, Me = {"numbers"}) {
    for (int i = from;; ++i)
        co_yield i;
}

Task<int> receive_exactly(int connection, const char* what, std::size_t wanted, Me = {"receive_exactly"}) {
    std::size_t got = 0;
    while (got < wanted) {
        got += static_cast<std::size_t>(co_await channel.receive());
        sink = connection + what[0];
    }
    co_return static_cast<int>(got);
}

Task<std::string> read_header(int connection, std::string key, Me = {"read_header"}) {
    const int got = co_await receive_exactly(connection, "header", key.size());
    co_return key + std::to_string(got);
}

Task<int> parse(int connection, double ratio, Me = {"parse"}) {
    std::string name = "header-" + std::to_string(connection);
    const auto header = co_await read_header(connection, name + "/host-and-more-than-fits");
    co_return static_cast<int>(header.size() + name.size()) + static_cast<int>(ratio);
}

Task<int> read_request(int connection, bool encrypted, Me = {"read_request"}) {
    auto ids = numbers(connection);
    sink = ids.next();
    Task<int> parsed = parse(connection, 0.5);
    const int result = co_await parsed;
    sink = ids.next() + (encrypted ? 1 : 0);
    co_return result;
}

Task<int> handle(int connection, std::string peer, Me = {"handle"}) {
    const int result = co_await read_request(connection, (connection & 1) != 0);
    sink = static_cast<int>(peer.size());
    co_return result;
}

Task<int> locks(int id, Me = {"locks"}) {
    co_await mutex.lock();
    co_return id;
}

Task<int> never_started(int id, Me = {"never_started"}) {
    co_await mutex.lock();
    co_return id;
}

Task<int> ends(int id, Me = {"ends"}) { co_return id; }

Part one_part(int id, Me = {"one_part"}) { sink = id + co_await receive_exactly(id, "part", 1); }

Task<int> waits_for_all(int count, Me = {"waits_for_all"}) {
    std::vector<Part> parts;
    for (int i = 0; i < count; ++i)
        parts.push_back(one_part(i));
    co_await AllOf{parts};
    co_return count;
}

Task<int, Kilobytes> has_a_large_promise(int id, Me = {"has_a_large_promise"}) {
    const int got = co_await receive_exactly(id, "large", 1);
    co_return got;
}

Task<int, Aligned> has_an_aligned_promise(int id, Me = {"has_an_aligned_promise"}) {
    const int got = co_await receive_exactly(id, "aligned", 1);
    co_return got;
}

Task<int> waits_at_a_latch(int count, Me = {"waits_at_a_latch"}) {
    std::vector<Part> parts;
    for (int i = 0; i < count; ++i)
        parts.push_back(one_part(i));
    co_await AllOfLatch{parts};
    co_return count;
}

template <class T> Task<T> made_for(T value, Me = {"made_for"}) {
    const auto got = co_await receive_exactly(1, "template", 1);
    co_return value + static_cast<T>(got);
}

namespace {
enum class Colour { red, green };
Task<int> in_no_other_file(Colour colour, Me = {"(anonymous namespace)::in_no_other_file"}) {
    const int got = co_await receive_exactly(static_cast<int>(colour), "hidden", 1);
    co_return got;
}
} // namespace

struct Session {
    Task<int> run(int times, Me = {"Session::run"}) {
        const int got = co_await receive_exactly(id, "member", static_cast<std::size_t>(times));
        co_return got + id;
    }
    int id;
};

Task<int> deep(int depth, Me = {"deep"}) {
    if (depth == 0) {
        co_await mutex.lock();
        co_return 0;
    }
    const int below = co_await deep(depth - 1);
    co_return below + 1;
}

template <class Tasks, class Task> void start(Tasks& tasks, Task task) {
    tasks.push_back(std::move(task));
    tasks.back().start();
}

bool map_besides(long sparse, long full) {
    constexpr std::size_t window = 64u << 20;
    const auto fails = [](std::size_t bytes, int flags, int fd) {
        return bytes != 0 && ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0) == MAP_FAILED;
    };
    if (fails(static_cast<std::size_t>(sparse) << 30, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1))
        return false;
    const int fd = ::memfd_create("window", MFD_CLOEXEC);
    bool mapped = fd >= 0 && ::ftruncate(fd, window) == 0;
    for (std::size_t at = 0; mapped && at < static_cast<std::size_t>(full) << 30; at += window)
        mapped = !fails(window, MAP_SHARED | MAP_POPULATE, fd);
    ::close(fd);
    return mapped;
}

int main(int count, char** words) {
    if (count > 4 && !map_besides(std::atol(words[3]), std::atol(words[4])))
        return 2;
    const int connections = count > 2 ? std::atoi(words[2]) : 50;
    std::vector<Task<int>> tasks;
    tasks.reserve(static_cast<std::size_t>(connections) + 64);
    for (int round = 0; round < 3; ++round) { // frames that are gone leave their bytes behind
        std::vector<Task<int>> gone;
        for (int i = 0; i < connections / 2; ++i)
            start(gone, handle(-i, "gone"));
        channel.waiting.clear();
    }
    for (int i = 0; i < connections; ++i)
        start(tasks, handle(1000 + i, "10.0.0." + std::to_string(i) + ":4433-and-longer-than-fits"));
    for (int i = 0; i < 5; ++i) {
        start(tasks, locks(i));
        tasks.push_back(never_started(i));
        start(tasks, ends(i));
        start(tasks, deep(20));
    }
    start(tasks, waits_for_all(3));
    start(tasks, waits_at_a_latch(3));
    start(tasks, made_for(7));
    start(tasks, in_no_other_file(Colour::green));
    Session session{3};
    start(tasks, session.run(2));
    const auto lambda = [&session](int id, Me) -> Task<int> {
        const int got = co_await receive_exactly(id + session.id, "lambda", 1);
        co_return got;
    };
    start(tasks, lambda(4, {"main::{lambda}"}));
    std::vector<Task<long>> longs;
    start(longs, made_for(7L));
    std::vector<Task<int, Kilobytes>> large;
    start(large, has_a_large_promise(8));
    std::vector<Task<int, Aligned>> aligned;
    start(aligned, has_an_aligned_promise(9));
    if (count < 2 || !truth::write(words[1]))
        return 2;
    std::puts("ready");
    std::fflush(stdout);
    for (char byte = 0; ::read(0, &byte, 1) > 0;) {
    }
    std::_Exit(0);
}
