// Every verb's text and JSON, byte by byte.
#include "render/golden.hpp"

#include <catch2/catch.hpp>

#include "render/captured_sink.hpp"
#include "render/figures.hpp"
#include "render/payments.hpp"
#include "render/valid_json.hpp"

using namespace tasks::render;
using tasks::inspect::AgentState;
using tasks::inspect::ProcessRow;
using tasks::inspect::StackOptions;

namespace {

template <class Write> std::string written(Write write) {
    CapturedSink sink;
    write(sink);
    return sink.text;
}

// JSON that a parser takes, on one line.
template <class Write> std::string written_json(Write write) {
    const auto text = written(write);
    CHECK(valid_json(text));
    CHECK(text.find('\n') == text.size() - 1);
    return text;
}

ProcessRow row(std::uint32_t pid, const char* name, const char* exe) {
    ProcessRow made;
    made.process.pid = pid;
    made.process.ppid = 1;
    made.process.start_time_ticks = 884213;
    made.process.user = "srv";
    made.process.name = name;
    made.process.exe = exe;
    return made;
}

ListReport healthy_list() {
    auto payments = row(12336, "payments", "/srv/payments/bin/payments");
    payments.tasks = 14;
    payments.threads = 9;
    payments.uptime_ns = 11'520'000'000'000;
    payments.trend_per_min = 12;
    return {{payments}, {}};
}

ListReport troubled_list() {
    auto report = healthy_list();
    auto hung = row(7, "lab", "/opt/lab \x1b]0;x\x07/bin/lab");
    hung.process.agent = AgentState::hung;
    hung.tasks = 100'204;
    auto stopped = row(4'194'303, "caf\xc3\xa9", "/opt/cafe");
    stopped.process.agent = AgentState::stopped;
    stopped.tasks = 3;
    stopped.threads = 3;
    stopped.uptime_ns = 59'000'000'000;
    stopped.trend_per_min = -0.5;
    auto dead = row(99, "", "");
    dead.process.agent = AgentState::dead;
    dead.process.ppid = 0;
    dead.process.user.clear();
    auto refused = row(8, "root-owned", "");
    refused.process.agent = AgentState::refused;
    for (auto& each : {hung, stopped, dead, refused}) {
        report.processes.push_back(each);
    }
    report.problems = {"directory /run/user/1001/tasks: owned by uid 1001, you are 1000; run as that user or as root"};
    return report;
}

} // namespace

TEST_CASE("list as text", "[golden]") {
    check_golden("list.txt", written([](Sink& sink) { list_text(healthy_list(), {}, sink); }));
    check_golden("list_troubled.txt", written([](Sink& sink) { list_text(troubled_list(), {}, sink); }));
    check_golden("list_colour.txt", written([](Sink& sink) { list_text(troubled_list(), {.colour = true}, sink); }));
    auto growing = troubled_list();
    growing.processes.front().verdict = tasks::inspect::Verdict::growing;
    check_golden("list_growing.txt", written([&](Sink& sink) { list_text(growing, {}, sink); }));
    check_golden("list_empty.txt", written([](Sink& sink) { list_text({}, {}, sink); }));
}

TEST_CASE("list as JSON", "[golden]") {
    check_golden("list.json", written_json([](Sink& sink) { list_json(healthy_list(), sink); }));
    check_golden("list_troubled.json", written_json([](Sink& sink) { list_json(troubled_list(), sink); }));
    check_golden("list_empty.json", written_json([](Sink& sink) { list_json({}, sink); }));
}

TEST_CASE("vitals and count", "[golden]") {
    auto made = payments();
    const auto report = analyse_vitals(*made);
    check_golden("vitals.txt", written([&](Sink& sink) { vitals_text(report, {}, sink); }));
    check_golden("vitals.json", written_json([&](Sink& sink) { vitals_json(report, sink); }));
    check_golden("count.txt", written([&](Sink& sink) { count_text(report, sink); }));
    check_golden("count.json", written_json([&](Sink& sink) { count_json(report, sink); }));
}

TEST_CASE("vitals of a dead process", "[golden]") {
    auto made = dead_payments();
    const auto report = analyse_vitals(*made);
    check_golden("vitals_dead.txt", written([&](Sink& sink) { vitals_text(report, {}, sink); }));
    check_golden("vitals_dead.json", written_json([&](Sink& sink) { vitals_json(report, sink); }));
}

TEST_CASE("vitals and stacks of a profile tell when it was taken") {
    auto made = dead_payments();
    made->process.agent = AgentState::profile;
    const auto report = analyse_vitals(*made);
    const auto said = "this is from a profile that it wrote at " + moment(made->taken_at_realtime_ns) + "\n";
    CHECK(written([&](Sink& sink) { vitals_text(report, {}, sink); }).find(said) != std::string::npos);
    CHECK(written([&](Sink& sink) { stack_text(made.analyse(), {}, {}, sink); }).find(said) != std::string::npos);
    made->taken_at_realtime_ns = 0;
    CHECK(written([&](Sink& sink) { stack_text(made.analyse(), {}, {}, sink); }).find("it wrote\n") !=
          std::string::npos);
}

TEST_CASE("vitals of which nothing is known", "[golden]") {
    tasks::inspect::VitalsReport report;
    report.process.pid = 1;
    report.process.agent = AgentState::hung;
    check_golden("vitals_unknown.txt", written([&](Sink& sink) { vitals_text(report, {}, sink); }));
    check_golden("vitals_unknown.json", written_json([&](Sink& sink) { vitals_json(report, sink); }));
    check_golden("count_unknown.txt", written([&](Sink& sink) { count_text(report, sink); }));
}

TEST_CASE("stack as text", "[golden]") {
    auto made = payments();
    const auto text = [&](const StackOptions& asked, bool colour = false) {
        return written([&](Sink& sink) { stack_text(made.analyse(asked), asked, {.colour = colour}, sink); });
    };
    check_golden("stack.txt", text({}));
    check_golden("stack_full.txt", text({.full = true}));
    check_golden("stack_colour.txt", text({}, true));
    StackOptions few;
    few.limit = 1;
    few.state = tasks::protocol::State::waiting;
    check_golden("stack_limit.txt", text(few));
    StackOptions none;
    none.match = "nothing such";
    check_golden("stack_none.txt", text(none));
}

TEST_CASE("stack as JSON", "[golden]") {
    auto made = payments();
    check_golden("stack.json", written_json([&](Sink& sink) { stack_json(made.analyse(), sink); }));
    StackOptions full;
    full.full = true;
    full.limit = 1;
    check_golden("stack_full_limit.json", written_json([&](Sink& sink) { stack_json(made.analyse(full), sink); }));
}

TEST_CASE("stack of a dead process", "[golden]") {
    auto made = dead_payments();
    check_golden("stack_dead.txt", written([&](Sink& sink) { stack_text(made.analyse(), {}, {}, sink); }));
    check_golden("stack_dead.json", written_json([&](Sink& sink) { stack_json(made.analyse(), sink); }));
}

TEST_CASE("summary", "[golden]") {
    auto made = payments();
    tasks::inspect::ProgramFacts program;
    program.parent_name = "systemd\x1b";
    program.command_line = "/srv/payments/bin/payments --listen 0.0.0.0:8080 --name caf\xc3\xa9\n";
    program.cpu_ns = 40'000'000'000;
    program.period_ns = 2'000'000'000;
    program.period_cpu_ns = 3'100'000'000;
    program.machine_memory_bytes = 8ull << 30;
    program.sockets = {{"listening on 0.0.0.0:8080", 1}, {"10.0.0.7:5432", 12}, {"[2001:db8::7]:443", 1}};
    const tasks::inspect::SummaryReport report{analyse_vitals(*made), made.analyse(), program};
    check_golden("summary.txt", written([&](Sink& sink) { summary_text(report, {}, sink); }));
    check_golden("summary.json", written_json([&](Sink& sink) { summary_json(report, sink); }));
    const tasks::inspect::SummaryReport not_known{analyse_vitals(*made), made.analyse(),
                                                  tasks::inspect::ProgramFacts{}};
    check_golden("summary_unknown.txt", written([&](Sink& sink) { summary_text(not_known, {}, sink); }));
}

TEST_CASE("doctor", "[golden]") {
    using tasks::inspect::Check;
    const std::vector<tasks::inspect::Check> checks{
        {Check::State::works, "blocked threads", "exact, nothing stopped", ""},
        {Check::State::limited, "debug information of the program", "/srv/a\nb: exported functions alone",
         "build it with -g"},
        {Check::State::missing, "other processes", "kernel.yama.ptrace_scope is 1", "run as root"},
    };
    check_golden("doctor.txt", written([&](Sink& sink) { doctor_text(checks, {}, sink); }));
    check_golden("doctor.json", written_json([&](Sink& sink) { doctor_json(checks, sink); }));
}

TEST_CASE("error", "[golden]") {
    const tasks::inspect::Error error{
        tasks::inspect::Trouble::permission,
        "socket /run/x\x1b.sock: owned by uid 1001, you are 1000; run as that user or as root"};
    check_golden("error.txt", written([&](Sink& sink) { error_text(error, sink); }));
    check_golden("error.json", written_json([&](Sink& sink) { error_json(error, sink); }));
}
