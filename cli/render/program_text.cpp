#include "render/program_text.hpp"

#include <algorithm>

#include "render/clean.hpp"
#include "render/figures.hpp"

namespace tasks::render {
namespace {

using inspect::ProgramFacts;

constexpr std::size_t longest_command = 200; // about two lines of a terminal; JSON has all
constexpr std::size_t sockets_shown = 6;

std::string command(const ProgramFacts& program) {
    const auto text = clean(program.command_line);
    const bool cut = program.command_line_cut && text.size() <= longest_command;
    return text.empty() ? unknown : cut_to(text, longest_command) + (cut ? "..." : "");
}

std::string parent(const inspect::ProcessFacts& process, const ProgramFacts& program) {
    if (process.ppid == 0) {
        return "none in this pid namespace";
    }
    return std::to_string(process.ppid) + (program.parent_name.empty() ? "" : " " + clean(program.parent_name));
}

// "0.3 % of one processor since it began, 12 % over 2s"
std::string cpu(const ProgramFacts& program, const std::optional<std::uint64_t>& uptime_ns) {
    auto text = share(program.cpu_ns, uptime_ns) + " of one processor since it began";
    if (program.period_ns != 0) {
        text += ", " + share(program.period_cpu_ns, program.period_ns) + " over " + duration(program.period_ns);
    }
    return text;
}

// "listening on 0.0.0.0:80, 10.0.0.7:5432 (12), and 3 more"
std::string sockets(const std::vector<inspect::SocketFacts>& all) {
    std::string text;
    for (std::size_t at = 0; at < std::min(all.size(), sockets_shown); ++at) {
        text.append(at == 0 ? "" : ", ").append(clean(all[at].name));
        text += all[at].count > 1 ? " (" + number(all[at].count) + ")" : "";
    }
    if (all.size() > sockets_shown) {
        std::uint64_t more = 0;
        std::for_each(all.begin() + sockets_shown, all.end(), [&more](const auto& one) { more += one.count; });
        text += ", and " + number(more) + " more";
    }
    return text;
}

} // namespace

std::string program_text(const inspect::SummaryReport& report) {
    if (!report.program) {
        return {};
    }
    const auto& program = *report.program;
    auto text = "command: " + command(program) + "\nparent: " + parent(report.vitals.process, program) +
                "\ncpu: " + cpu(program, report.vitals.figures.uptime_ns) +
                "    memory: " + share(report.vitals.figures.rss_bytes, program.machine_memory_bytes) +
                " of the machine's " + size(program.machine_memory_bytes) + "\n";
    if (!program.sockets) {
        text += std::string{"sockets: "} + unknown + "\n";
    } else if (!program.sockets->empty()) {
        text += "sockets: " + sockets(*program.sockets) + "\n";
    }
    return text;
}

void write_program(const inspect::SummaryReport& report, JsonWriter& json) {
    if (!report.program) {
        return json.null();
    }
    const auto& program = *report.program;
    json.begin_object();
    json.key("command_line").string_unless_empty(program.command_line);
    json.key("command_line_cut").boolean(program.command_line_cut);
    json.key("ppid").number_unless_0(report.vitals.process.ppid);
    json.key("parent_name").string_unless_empty(program.parent_name);
    json.key("cpu_ns").number(program.cpu_ns);
    json.key("period_ns").number_unless_0(program.period_ns);
    json.key("period_cpu_ns").number(program.period_cpu_ns);
    json.key("machine_memory_bytes").number(program.machine_memory_bytes);
    json.key("sockets");
    if (!program.sockets) {
        json.null();
    } else {
        json.begin_array();
        for (const auto& [name, count] : *program.sockets) {
            json.begin_object();
            json.key("name").string(name);
            json.key("count").number(count);
            json.end_object();
        }
        json.end_array();
    }
    json.end_object();
}

} // namespace tasks::render
