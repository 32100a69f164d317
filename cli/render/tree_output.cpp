// `tasks tree`: who started whom, one process a line.
#include "analysis/process_tree.hpp"
#include "render/clean.hpp"
#include "render/colour.hpp"
#include "render/figures.hpp"
#include "render/json_parts.hpp"
#include "render/process_words.hpp"

namespace tasks::render {

namespace {

using inspect::AgentState;
using inspect::TreeNode;

/// What stands before each line of a node's children: a bar where a sibling of the node is still to come.
std::vector<std::string> branches(const std::vector<TreeNode>& nodes) {
    std::vector<std::string> lines(nodes.size());
    std::vector<std::string> below(nodes.size());
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        const auto& node = nodes[at];
        if (node.parent) {
            lines[at] = below[*node.parent] + (node.last ? "└── " : "├── ");
            below[at] = below[*node.parent] + (node.last ? "    " : "│   ");
        }
    }
    return lines;
}

std::string line_of(const inspect::ProcessRow& row) {
    const auto& process = row.process;
    auto text = pid_mark(process) + "  " + clean(process.name);
    text += row.tasks ? "  " + counted(*row.tasks, "task") : "";
    text += process.exe.empty() ? "" : "  " + clean(process.exe);
    const bool said = process.agent != AgentState::answers && process.agent != AgentState::none;
    return said ? text + "  " + std::string(word(process.agent)) : text;
}

} // namespace

void tree_text(const TreeReport& report, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    const auto lines = branches(report.nodes);
    for (std::size_t at = 0; at < report.nodes.size(); ++at) {
        sink.write(lines[at] + line_of(report.list.processes[report.nodes[at].process]) + "\n");
    }
    if (report.nodes.empty()) {
        sink.write("no C++ process was found\n");
    }
    for (const auto& problem : report.list.problems) {
        sink.write(colour.dim(clean(problem)) + "\n");
    }
}

void tree_json(const TreeReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    json.key("processes").begin_array();
    for (const auto& node : report.nodes) {
        json.begin_object();
        write_process_row(report.list.processes[node.process], json);
        const auto parent = node.parent ? report.list.processes[report.nodes[*node.parent].process].process.pid : 0u;
        json.key("parent").number_unless_0(parent);
        json.key("depth").number(std::uint64_t{node.depth});
        json.end_object();
    }
    json.end_array();
    write_problems(report.list.problems, json);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
