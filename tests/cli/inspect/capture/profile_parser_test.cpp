#include "capture/profile_parser.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "capture/profile_stream.hpp"

using namespace tasks::inspect;
using tasks::protocol::Capture;
using tasks::protocol::Kind;
using tasks::protocol::State;
using tasks::protocol::WaitReason;

namespace {

const std::string head = "process 12336  payments  started 8812345  uid 1000\n"
                         "time 2026-11-21T16:11:15Z  realtime 1795277475000000000  monotonic 900000000000\n"
                         "module  0x1000-0x2000  offset 0x1000  build-id 9fa3  /srv/payments\n\n";

const std::string queued = "1 task  job  runnable  1.000s  [send receipt]  id 0x100000009  started 1.000s\n"
                           "  created by submit  /src/payments.cpp:33  send receipt\n\n";

const std::string sending = "1 task  job  chan send \"results\"  5m12.104s  [charge card > round]  request=84\\x3d31  "
                            "label cut  id 0x100000008  on 0x7f00  started 5m20.000s  tid 12340\n"
                            "  waits at send  /src/channel.hpp:31  results\n"
                            "  created by submit  /src/payments.cpp:29  charge card\n"
                            "  then round  /src/round.cpp:7  round\n"
                            "  deeper 2\n"
                            "  thread captured  tid 12340  worker  after 1500  ran 77  in futex_wait\n"
                            "  at payments+0x18  pc 0x1018\n"
                            "  call 202 0x7f00 0x189 0x0 0x0 0x0 0xffffffff\n"
                            "  sp 0x7fff0000\n"
                            "  stack 9  cut\n"
                            "    AAECAwQFBgcI\n\n";

const std::string reading = "1 task  thread  io read  last ran 2.000s ago  [vendor]\n"
                            "  thread captured  tid 12350  vendor  ran 2000000000\n"
                            "  at libc.so.6+0xf8  pc 0x7f0000f8\n"
                            "  call 0 0x5 0x0 0x0 0x0 0x0 0x0\n"
                            "  sp 0x7ffe0000\n\n";

/// The snapshot of what ends in its end.
Snapshot parsed(const std::string& text) {
    profile::Parser parser;
    profile::Stream stream{parser};
    REQUIRE(stream.take(text));
    REQUIRE(stream.finish());
    return parser.finish();
}

std::string profile_of(const std::string& detail, const std::string& blocks, std::uint64_t tasks) {
    return "tasks profile 1  " + detail + "\n" + head + blocks + "end  tasks " + std::to_string(tasks) +
           "  dropped 3\n";
}

std::string problem_of(const std::string& text) {
    profile::Parser parser;
    profile::Stream stream{parser};
    REQUIRE_FALSE((stream.take(text) && stream.finish()));
    return parser.problem();
}

bool tells(const Snapshot& snapshot, std::string_view words) {
    return std::ranges::any_of(snapshot.incomplete, [&](const Incomplete& missing) {
        return missing.reason.find(words) != std::string::npos;
    });
}

} // namespace

TEST_CASE("a profile's coroutines are joined with the one that awaits them") {
    const auto snapshot = parsed(profile_of(
        "stacks",
        "1 task  coroutine  await  1.000s  [audit]  id 0x100000009  started 1.000s  frame 0x7f10  starter 0x8  "
        "creator 0x1018\n\n"
        "1 task  coroutine  timer  1.000s  [store]  id 0x10000000a  frame 0x7f20  awaiter 0x100000009  registered "
        "0x1020"
        "  hue 7\n\n",
        2));
    REQUIRE(snapshot.tasks.size() == 2);
    CHECK(snapshot.task_frames[snapshot.tasks[0].frame] ==
          TaskFrameFacts{.frame = 0x7f10, .awaited_by = 0, .started_by = 8, .creator_pc = 0x1018, .created_in_pc = 0});
    CHECK(snapshot.task_frames[snapshot.tasks[1].frame] ==
          TaskFrameFacts{
              .frame = 0x7f20, .awaited_by = 0x100000009, .started_by = 0, .creator_pc = 0, .created_in_pc = 0x1020});
}

TEST_CASE("a profile's head is the process and the moment") {
    const auto snapshot = parsed(profile_of("stacks", "", 0));
    CHECK(snapshot.process.agent == AgentState::profile);
    CHECK(snapshot.process.pid == 12336);
    CHECK(snapshot.process.name == "payments");
    CHECK(snapshot.process.start_time_ticks == 8812345);
    CHECK(snapshot.process.uid == 1000);
    CHECK(snapshot.taken_at_ns == 900'000'000'000);
    CHECK(snapshot.taken_at_realtime_ns == 1'795'277'475'000'000'000);
    REQUIRE(snapshot.modules.size() == 1);
    CHECK(snapshot.modules[0].start == 0x1000);
    CHECK(snapshot.modules[0].end == 0x2000);
    CHECK(snapshot.modules[0].file_offset == 0x1000);
    CHECK(snapshot.modules[0].build_id == "\x9f\xa3");
    CHECK(snapshot.modules[0].path == "/srv/payments");
    CHECK(snapshot.vitals.jobs_dropped == 3);
    CHECK(snapshot.threads_known);
    CHECK(snapshot.incomplete.empty());
}

TEST_CASE("a task of a profile is what the registry knew of it") {
    const auto snapshot = parsed(profile_of("stacks", sending + queued, 2));
    REQUIRE(snapshot.tasks.size() == 2);
    const auto& task = snapshot.tasks[0];
    CHECK(task.id == 0x100000008);
    CHECK(task.kind == Kind::job);
    CHECK(task.state == State::waiting);
    CHECK(task.wait_reason == WaitReason::chan_send);
    CHECK(task.wait_object == 0x7f00);
    CHECK(task.tid == 12340);
    CHECK(task.since_ns == 900'000'000'000 - 312'104'000'000);
    CHECK(snapshot.sites[task.wait_site].name == "results");
    CHECK(snapshot.sites[task.wait_site].function == "send");
    CHECK(snapshot.sites[task.wait_site].file == "/src/channel.hpp");
    CHECK(snapshot.sites[task.wait_site].line == 31);
    const auto& scopes = snapshot.scope_lists[task.scopes];
    REQUIRE(scopes.sites.size() == 2);
    CHECK(snapshot.sites[scopes.sites[0]].name == "charge card");
    CHECK(snapshot.sites[scopes.sites[1]].name == "round");
    CHECK(scopes.left_out == 2);
    CHECK(snapshot.labels[task.label] == LabelFacts{"request", "84=31", true});
    CHECK(snapshot.tasks[1].state == State::runnable);
    CHECK(snapshot.tasks[1].tid == 0);
    CHECK(snapshot.tasks[1].since_ns == 899'000'000'000);
}

TEST_CASE("a thread of a profile has its registers and stack") {
    const auto snapshot = parsed(profile_of("stacks", sending + reading, 2));
    REQUIRE(snapshot.threads.size() == 2);
    const auto& thread = snapshot.threads[0];
    CHECK(thread.tid == 12340);
    CHECK(thread.name == "worker");
    CHECK(thread.capture == Capture::captured);
    CHECK(thread.syscall == 202);
    CHECK(thread.arguments == std::array<std::uint64_t, 6>{0x7f00, 0x189, 0, 0, 0, 0xffffffff});
    CHECK(thread.sp == 0x7fff0000);
    CHECK(thread.pc == 0x1018);
    CHECK(thread.stack == std::string("\0\1\2\3\4\5\6\7\10", 9));
    CHECK(thread.stack_cut);
    CHECK(thread.last_ran_ago_ns == 77);
    CHECK(thread.taken_at_ns == 900'000'001'500);
    CHECK(thread.wait_channel == "futex_wait");
    CHECK(snapshot.threads[1].syscall == 0);
    CHECK(snapshot.threads[1].stack.empty());
    CHECK(snapshot.skew_ns == 1500);
}

TEST_CASE("a job whose thread waits, while the process did not say so, is one that runs") {
    const auto snapshot =
        parsed(profile_of("tasks",
                          "1 task  job  io read  last ran 2.000s ago  [price]  id 0x1  started 9.000s  tid 7\n"
                          "  created by submit  /src/p.cpp:1  price\n  thread captured  tid 7  worker\n\n",
                          1));
    REQUIRE(snapshot.tasks.size() == 1);
    CHECK(snapshot.tasks[0].state == State::running);
    CHECK(snapshot.tasks[0].since_ns == 891'000'000'000);
}

TEST_CASE("a group's tasks have its shape, their threads, and the two ages that are known") {
    const auto snapshot = parsed(profile_of("groups",
                                            "3 tasks  job  chan send \"results\"  2.000s - 5.000s  [charge card]\n"
                                            "  at libc.so.6+0x85  pc 0x7f0085\n"
                                            "  waits at send  /src/channel.hpp:31  results\n"
                                            "  created by submit  /src/payments.cpp:29  charge card\n"
                                            "  tids 41 42 43\n\n"
                                            "2 tasks  thread  io read  last ran 4.000s ago  [vendor]\n"
                                            "  at libc.so.6+0xf8  pc 0x7f00f8\n"
                                            "  tids 51 52\n\n"
                                            "1 task  thread  running  [payments]\n  thread running\n  tids 36\n\n",
                                            6));
    REQUIRE(snapshot.tasks.size() == 3);
    CHECK(snapshot.tasks[0].tid == 41);
    CHECK(snapshot.tasks[0].since_ns == 898'000'000'000);
    CHECK(snapshot.tasks[1].since_ns == 0);
    CHECK(snapshot.tasks[2].since_ns == 895'000'000'000);
    REQUIRE(snapshot.threads.size() == 6);
    CHECK(snapshot.threads[0].pc == 0x7f0085);
    CHECK(snapshot.threads[3].tid == 51);
    CHECK(snapshot.threads[3].name == "vendor");
    CHECK(snapshot.threads[3].wait_reason == WaitReason::io_read);
    CHECK(snapshot.threads[3].last_ran_ago_ns == 4'000'000'000);
    CHECK(snapshot.threads[5].capture == Capture::running);
    CHECK(snapshot.threads_known);
    CHECK(tells(snapshot, "a profile of groups"));
}

TEST_CASE("a profile that was cut anywhere is read as far as it goes, and that is said") {
    const auto whole = profile_of("stacks", sending + queued + reading, 3);
    for (std::size_t bytes = std::string_view{"tasks profile 1  stacks\n"}.size(); bytes < whole.size(); ++bytes) {
        INFO(bytes);
        const auto snapshot = parsed(whole.substr(0, bytes));
        CHECK(tells(snapshot, "the profile has no end"));
        CHECK_FALSE(snapshot.threads_known);
        for (const auto& thread : snapshot.threads) {
            CHECK((thread.stack.size() == 9 || thread.stack.empty()));
        }
    }
    CHECK(parsed(whole).incomplete.empty());
}

TEST_CASE("a stack that was cut with its profile says so") {
    const auto whole = profile_of("stacks", sending, 1);
    const auto snapshot = parsed(whole.substr(0, whole.find("    AAEC")));
    REQUIRE(snapshot.threads.size() == 1);
    CHECK(snapshot.threads[0].stack.empty());
    CHECK(snapshot.threads[0].stack_cut);
}

TEST_CASE("fewer tasks than the end tells are missing") {
    const auto snapshot = parsed(profile_of("stacks", queued, 4));
    CHECK(tells(snapshot, "3 tasks of 4 are not in the profile"));
    CHECK_FALSE(snapshot.threads_known);
}

TEST_CASE("lines that are damaged are left out and counted, the rest is read") {
    auto text = profile_of("stacks", sending + reading, 2);
    text.replace(text.find("AAEC"), 4, "A*EC");
    text.replace(text.find("sp 0x7ffe"), 9, "sp 0xzzzz");
    const auto snapshot = parsed(text);
    CHECK(snapshot.tasks.size() == 1);
    CHECK(snapshot.threads.size() == 2);
    CHECK(snapshot.threads[0].stack.empty());
    CHECK(tells(snapshot, "2 lines of the profile could not be read, and are left out"));
}

TEST_CASE("lines, fields and facts of later versions are passed over") {
    const auto snapshot = parsed("tasks profile 1  stacks  compact\n" + head.substr(0, head.size() - 1) +
                                 "weather  fine\n\n1 task  job  quantum sleep  2.000s  [x]  colour blue  id 0x1\n"
                                 "  waits at send  /src/c.hpp:1  results  more\n  mood good  very\n\nend  tasks 1\n");
    REQUIRE(snapshot.tasks.size() == 1);
    CHECK(snapshot.tasks[0].state == State::waiting);
    CHECK(snapshot.tasks[0].wait_reason == WaitReason::unknown);
    CHECK(snapshot.incomplete.empty());
}

TEST_CASE("a count that nobody can have is cut, and that is said") {
    const auto snapshot = parsed(profile_of(
        "groups",
        "18446744073709551615 tasks  job  runnable  [x]\n\n18446744073709551615 tasks  job  runnable  [y]\n\n", 2));
    CHECK(snapshot.tasks.size() == profile::Parser::max_tasks);
    CHECK(tells(snapshot, " entries of the profile are more than this command reads"));
}

TEST_CASE("one entry beyond what is read is told as one") {
    const auto most = std::to_string(profile::Parser::max_tasks);
    const auto snapshot = parsed(profile_of(
        "groups", most + " tasks  job  runnable  [x]\n\n1 task  job  runnable  [y]\n\n", profile::Parser::max_tasks));
    CHECK(tells(snapshot, "1 entry of the profile is more than this command reads"));
}

TEST_CASE("a thread that two blocks tell is there once") {
    const auto snapshot = parsed(profile_of("stacks", reading + reading, 2));
    CHECK(snapshot.threads.size() == 1);
}

TEST_CASE("what is no profile, or of another version, is said to be so") {
    CHECK(problem_of("root:x:0:0\n") == "is no profile: it does not begin with \"tasks profile 1\"; give a file that "
                                        "tasks::write_profile() wrote");
    CHECK(
        problem_of("tasks profile 2  stacks\n").starts_with("is a profile of version 2, this command reads version 1"));
    CHECK(problem_of("tasks profile 11  stacks\n").starts_with("is a profile of version 11"));
    CHECK(problem_of("").starts_with("is empty"));
    CHECK(problem_of("tasks profile 1  st").starts_with("is no profile")); // its first line is not whole
    CHECK(problem_of(std::string(3u << 20, 'x')).starts_with("is no profile"));
}

TEST_CASE("a profile may come in any pieces") {
    const auto whole = profile_of("stacks", sending + queued + reading, 3);
    for (const std::size_t piece : {1u, 7u, 64u, 4096u}) {
        profile::Parser parser;
        profile::Stream stream{parser};
        for (std::size_t at = 0; at < whole.size(); at += piece) {
            REQUIRE(stream.take(whole.substr(at, piece)));
        }
        REQUIRE(stream.finish());
        const auto snapshot = parser.finish();
        CHECK(snapshot.tasks.size() == 2);
        CHECK(snapshot.threads.size() == 2);
        CHECK(snapshot.incomplete.empty());
    }
}

TEST_CASE("a line that is longer than any is left out") {
    auto text = profile_of("stacks", queued, 1);
    text.insert(text.find("1 task"), "incomplete  " + std::string(3u << 20, 'x') + "\n");
    const auto snapshot = parsed(text);
    CHECK(snapshot.tasks.size() == 1);
    CHECK(tells(snapshot, "1 line of the profile could not be read, and is left out"));
}

TEST_CASE("what a process says is missing from its profile is missing") {
    const auto snapshot = parsed(profile_of("stacks", "incomplete  the threads could not be listed\n", 0));
    CHECK(tells(snapshot, "the threads could not be listed"));
    CHECK_FALSE(snapshot.threads_known);
}

TEST_CASE("a crash dump tells the signal, the thread that it struck and the exception that nobody caught") {
    const auto text = "tasks profile 1  stacks\n"
                      "process 12336  payments  started 8812345  uid 1000\n"
                      "signal 6  SIGABRT  code -6  address 0x0  tid 12350  later 7\n"
                      "terminate  St13runtime_error  no\\x0aroute\n" +
                      reading + "end  tasks 1  dropped 0\n";
    const auto snapshot = parsed(text);
    REQUIRE(snapshot.process.signal);
    CHECK(snapshot.process.signal->number == 6);
    CHECK(snapshot.process.signal->address == std::uint64_t{0});
    CHECK(snapshot.process.signal->tid == 12350);
    CHECK(snapshot.process.signal->terminated);
    CHECK(snapshot.process.signal->exception_type == "St13runtime_error");
    CHECK(snapshot.process.signal->exception_text == "no\nroute");
    CHECK_FALSE(snapshot.process.asleep);
    CHECK(parsed("tasks profile 1  stacks\nasleep\nend  tasks 0  dropped 0\n").process.asleep);
}

TEST_CASE("facts of a crash that are damaged are counted, and none is invented") {
    for (const std::string line :
         {"signal", "signal x", "signal 11  SIGSEGV  address zero  tid 1", "signal 99999999999"}) {
        const auto snapshot = parsed("tasks profile 1  stacks\n" + line + "\nend  tasks 0  dropped 0\n");
        CHECK_FALSE(snapshot.process.signal);
    }
    CHECK_FALSE(parsed("tasks profile 1  stacks\nterminate  x  y\nend  tasks 0  dropped 0\n").process.signal);
}
