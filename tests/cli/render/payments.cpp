#include "render/payments.hpp"

namespace tasks::render {

using namespace std::chrono_literals;
using inspect::frame_at;
using inspect::inlined_at;
using inspect::MadeSnapshot;
using protocol::Capture;
using protocol::Kind;
using protocol::WaitReason;

namespace {

const std::string libc = "/lib/x86_64-linux-gnu/libc.so.6";
const std::string libstdcpp = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30";

void name_frames(MadeSnapshot& made) {
    auto unnamed = frame_at("", "", 0, libc);
    unnamed.module_offset = 0x85d36;
    made.place("futex", unnamed);
    made.place("cond_wait", frame_at("pthread_cond_wait", "", 0, libc));
    made.place("cv_wait", frame_at("std::condition_variable::wait(std::unique_lock<std::mutex>&)", "", 0, libstdcpp));
    made.place("send", inlined_at("Channel<Answer>::send(Answer)", "/src/payments/channel.hpp", 31));
    made.place("submit",
               inlined_at("submit(Backend&)::{lambda()#1}::operator()() const", "/src/payments/payments.cpp", 31));
    made.place("invoke",
               inlined_at("void std::__invoke_impl<void, submit(Backend&)::{lambda()#1}>(std::__invoke_other, "
                          "submit(Backend&)::{lambda()#1}&&)",
                          "/usr/include/c++/12/bits/invoke.h", 61));
    made.place("run",
               frame_at("std::thread::_State_impl<std::thread::_Invoker<std::tuple<submit(Backend&)::{lambda()#1}> "
                        "> >::_M_run()",
                        "/usr/include/c++/12/bits/std_thread.h", 210));
    made.place("start_thread", frame_at("start_thread", "", 0, libc));
    made.place("clone3", frame_at("clone3", "", 0, libc));
    made.place("nanosleep", frame_at("clock_nanosleep", "", 0, libc));
    made.place("serve", frame_at("serve(Options const&)", "/src/payments/main.cpp", 88));
    made.place("main", frame_at("main", "/src/payments/main.cpp", 120));
    made.place("flush", frame_at("Log::flush()", "/src/log/main.cpp", 12));
    made.place("__libc_start_main", frame_at("__libc_start_main", "", 0, libc));
    auto stripped = frame_at("", "", 0, "/opt/vendor/libclosed.so.2");
    stripped.module_offset = 0x1a2b;
    made.place("stripped", stripped);
}

void add_senders(MadeSnapshot& made) {
    const std::vector<std::string> stack{"futex",  "cond_wait", "cv_wait",      "send",  "submit",
                                         "invoke", "run",       "start_thread", "clone3"};
    for (std::uint32_t at = 0; at < 8; ++at) {
        made.thread(12340 + at, "payments").blocked(stack).last_ran(2s);
        made.job({"charge card"})
            .on_thread(12340 + at)
            .waits(WaitReason::chan_send, "results", at == 0 ? 312s : 2s * at)
            .labelled("request", std::to_string(8431 + at));
    }
}

} // namespace

MadeSnapshot payments() {
    MadeSnapshot made;
    name_frames(made);
    add_senders(made);
    made.thread(12336, "payments").blocked({"nanosleep", "serve", "main", "__libc_start_main"}, 230).last_ran(1s);
    made.thread(12350, "log").blocked({"futex", "cond_wait", "flush", "start_thread", "clone3"}).last_ran(840ms);
    made.thread(12351, "vendor").blocked({"stripped"}, 0).last_ran(11'520s);
    made.thread(12352, "burn").comes_to(Capture::running);
    made.job({"price", "round > up"})
        .on_thread(12352)
        .runs(61s)
        .labelled("customer", "O'Neill, \x1b[31mRed\xc3\xa9", true);
    made.thread(12353, "late\x1b[31m").comes_to(Capture::deadline);
    for (int at = 0; at < 3; ++at) {
        made.job({"send receipt"}).waits(WaitReason::job_queue, "outbox", 30s + 10s * at).labelled("batch", "nightly");
    }
    auto& facts = *made;
    facts.skew_ns = 1'200'000;
    facts.incomplete = {{12353, "its turn did not come before the deadline"}};
    auto& vitals = facts.vitals;
    vitals.os_threads = 13;
    vitals.usable_cpus = 4;
    vitals.num_cpus = 4;
    vitals.jobs_started = 1'204;
    vitals.jobs_ended = 1'190;
    vitals.jobs_last_minute = 12;
    vitals.rss_bytes = 25'270'682;
    vitals.peak_rss_bytes = 32'505'856;
    vitals.stack_bytes = 1'258'291;
    vitals.switches_voluntary = 12'411;
    vitals.switches_involuntary = 88;
    vitals.fds = 17;
    vitals.uptime_ns = 11'520'000'000'000;
    vitals.queues = {{"payments queue", 1'204}, {"mail\x07", 3}};
    vitals.queues_left_out = 2;
    return made;
}

MadeSnapshot dead_payments() {
    MadeSnapshot made;
    made->process.agent = inspect::AgentState::dead;
    made->threads_known = false;
    made->vitals.jobs_started = 1'204;
    made->vitals.jobs_ended = 1'190;
    made->vitals.jobs_dropped = 2;
    made.job({"charge card"}).on_thread(12340).waits(WaitReason::chan_send, "results", 312s);
    made.job({"price"}).on_thread(12352).runs(61s);
    made.job({}).is(Kind::thread).on_thread(12350).waits(WaitReason::cond, "log", 5s);
    made.job({"send receipt"}).waits(WaitReason::job_queue, "outbox", 30s);
    made->incomplete = {{0, "the stacks of plain threads are gone with the process"}};
    return made;
}

} // namespace tasks::render
