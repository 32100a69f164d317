// Deadlocks as text and JSON, and what groups wait on, byte by byte.
#include <catch2/catch.hpp>

#include "inspect/analysis/made_snapshot.hpp"
#include "render/captured_sink.hpp"
#include "render/golden.hpp"
#include "render/render.hpp"
#include "render/valid_json.hpp"

using namespace tasks::render;
using namespace tasks::inspect;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t accounts = 0x7f0000001000;
constexpr std::uint64_t ledger = 0x7f0000002000;

struct Pay : MadeSnapshot {
    Pay() {
        place("libc", frame_at("", "", 0, "/lib/libc.so.6"));
        place("pthread_mutex_lock", frame_at("pthread_mutex_lock", "", 0, "/lib/libc.so.6"));
        place("charge()", frame_at("charge()", "/src/pay.cpp", 88));
        place("refund()", frame_at("refund()", "/src/pay.cpp", 97));
        place("serve()", frame_at("serve()", "/src/main.cpp", 12));
    }
    void wants(std::uint32_t tid, const std::string& at, std::uint64_t mutex, std::uint32_t owner) {
        thread(tid, "worker-" + std::to_string(tid % 10))
            .blocked({"libc", "pthread_mutex_lock", at})
            .in_futex(mutex, 2, {2, 0, owner, 1, 0})
            .last_ran(3s);
    }
    void reads(std::uint32_t tid) {
        auto& wait = thread(tid, "payments").blocked({"libc", "serve()"}, 0).last_ran(1s).facts().wait;
        wait.fd = 5;
        wait.fd_target = "socket 10.0.0.7:5432";
    }
    void polls(std::uint32_t tid) {
        auto& wait = thread(tid, "poller").blocked({"libc", "serve()"}, 7).last_ran(1s).facts().wait;
        wait.fds = 12;
        wait.timeout_ns = 30'000'000'000;
    }
    DeadlockReport deadlocks() {
        return {(*this)->process, (*this)->taken_at_realtime_ns, (*this)->threads.size(), analyse_waits(), {}};
    }
};

/// AB-BA, one who waits for them, an orphan, and two that wait for the world.
struct Stuck : Pay {
    Stuck() {
        wants(4242, "charge()", accounts, 4243);
        wants(4243, "refund()", ledger, 4242);
        wants(4244, "charge()", accounts, 4243);
        wants(4245, "refund()", 0x7f0000003000, 99);
        reads(4246);
        polls(4247);
    }
};

template <class Write> std::string written(Write write) {
    CapturedSink sink;
    write(sink);
    return sink.text;
}

} // namespace

TEST_CASE_METHOD(Stuck, "deadlocks as text and JSON", "[golden]") {
    const auto report = deadlocks();
    check_golden("deadlocks.txt", written([&](Sink& sink) { deadlocks_text(report, {}, sink); }));
    const auto json = written([&](Sink& sink) { deadlocks_json(report, sink); });
    CHECK(valid_json(json));
    check_golden("deadlocks.json", json);
}

TEST_CASE_METHOD(Stuck, "a stack begins with its deadlocks and tells what each group waits on", "[golden]") {
    auto report = analyse();
    report.waits = analyse_waits();
    check_golden("stack_deadlocks.txt", written([&](Sink& sink) { stack_text(report, {}, {}, sink); }));
    const auto json = written([&](Sink& sink) { stack_json(report, sink); });
    CHECK(valid_json(json));
    check_golden("stack_deadlocks.json", json);
}

TEST_CASE_METHOD(Pay, "where there is no deadlock, that is said", "[golden]") {
    reads(4246);
    check_golden("deadlocks_none.txt", written([&](Sink& sink) { deadlocks_text(deadlocks(), {}, sink); }));
}

TEST_CASE_METHOD(Pay, "all asleep is told with what each thread waits for", "[golden]") {
    (*this)->caught_signals = 0;
    place("sem_wait", frame_at("sem_wait", "", 0, "/lib/libc.so.6"));
    thread(4242, "main").blocked({"libc", "sem_wait", "serve()"}).in_futex(0x7f0000004000, 0, {});
    wants(4243, "charge()", accounts, 4242);
    check_golden("deadlocks_asleep.txt", written([&](Sink& sink) { deadlocks_text(deadlocks(), {}, sink); }));
}
