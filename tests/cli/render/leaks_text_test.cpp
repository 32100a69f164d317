// Leaks as text and JSON, byte by byte.
#include <catch2/catch.hpp>

#include "analysis/leak_verdicts.hpp"
#include "inspect/analysis/made_snapshot.hpp"
#include "render/captured_sink.hpp"
#include "render/golden.hpp"
#include "render/render.hpp"
#include "render/valid_json.hpp"

using namespace tasks::render;
using namespace tasks::inspect;
using namespace std::chrono_literals;
using tasks::protocol::Kind;
using tasks::protocol::WaitReason;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t now = MadeSnapshot::now_ns;

/// Senders that grow, one task in a channel that was never made, two threads in a deadlock, a worker that waits for
/// work.
struct Leaking : MadeSnapshot {
    Leaking() {
        place("libc", frame_at("", "", 0, "/lib/libc.so.6"));
        place("pthread_mutex_lock", frame_at("pthread_mutex_lock", "", 0, "/lib/libc.so.6"));
        place("charge()", frame_at("charge()", "/src/pay.cpp", 88));
        place("Channel::send", frame_at("Channel<Receipt>::send(Receipt)", "/src/channel.hpp", 31));
        auto& past = (*this)->past.emplace();
        past.began_ns = now - 40 * second;
        for (std::uint32_t at = 0; at < 20; ++at) {
            const auto age = std::chrono::seconds{39 - 2 * at};
            thread(100 + at, "payments").blocked({"libc", "Channel::send"}).last_ran(age);
            job({"charge card"}).on_thread(100 + at).waits(WaitReason::chan_send, "results", age);
            past.started_ns.push_back(now - static_cast<std::uint64_t>(std::chrono::nanoseconds{age}.count()));
        }
        job({"await receipt"}).waits(WaitReason::nil, "receipts", 5min);
        past.started_ns.push_back(now - 300 * second);
        past.sites.resize((*this)->sites.size());
        const auto charge = (*this)->scope_lists[(*this)->tasks[0].scopes].sites.front();
        past.sites[charge] = {30, 10};
        (*this)->vitals.jobs_started = 31;
        (*this)->vitals.jobs_ended = 10;
        (*this)->vitals.stack_bytes = 24 * 8192;
        (*this)->vitals.os_threads = 23;
        (*this)->memory_limit = MemoryLimit{64 << 20, 60 << 20};
        wants(4242, 4243, 0x7f0000001000);
        wants(4243, 4242, 0x7f0000002000);
        thread(4244, "worker").blocked({"libc"}).last_ran(2h);
    }
    void wants(std::uint32_t tid, std::uint32_t owner, std::uint64_t mutex) {
        thread(tid, "worker-" + std::to_string(tid % 10))
            .blocked({"libc", "pthread_mutex_lock", "charge()"})
            .in_futex(mutex, 2, {2, 0, owner, 1, 0})
            .last_ran(3s);
    }
    LeakReport leaks() {
        LeakReport report;
        report.stacks = analyse();
        report.stacks.waits = analyse_waits();
        const std::vector<LeakLook> looks{look_at(report.stacks, false)};
        judge_leaks(looks, {}, report);
        return report;
    }
};

template <class Write> std::string written(Write write) {
    CapturedSink sink;
    write(sink);
    return sink.text;
}

} // namespace

TEST_CASE_METHOD(Leaking, "leaks as text and JSON", "[golden]") {
    const auto report = leaks();
    CHECK(report.findings.size() == 3);
    check_golden("leaks.txt", written([&](Sink& sink) { leaks_text(report, {}, sink); }));
    const auto json = written([&](Sink& sink) { leaks_json(report, sink); });
    CHECK(valid_json(json));
    check_golden("leaks.json", json);
}

TEST_CASE_METHOD(MadeSnapshot, "no leaks as text", "[golden]") {
    thread(4242, "payments").blocked({"libc"}).last_ran(1s);
    LeakReport report;
    report.stacks = analyse();
    const std::vector<LeakLook> looks{look_at(report.stacks, false)};
    judge_leaks(looks, {}, report);
    CHECK(report.findings.empty());
    check_golden("leaks_none.txt", written([&](Sink& sink) { leaks_text(report, {}, sink); }));
}
