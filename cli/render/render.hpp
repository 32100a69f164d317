// Reports as text for people or JSON for programs. No I/O: everything is appended to a Sink. Text from a target is
// cleaned of control characters here (render/clean.hpp), for both.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/process_tree.hpp"
#include "analysis/report.hpp"
#include "check.hpp"
#include "error.hpp"

namespace tasks::inspect {
struct LeakReport;
}

namespace tasks::render {

/// Where output goes, piece by piece, so that a long report is never held as a whole.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void write(std::string_view bytes) = 0;
};

struct TextOptions {
    bool colour = false;
};

/// What `tasks list` shows.
struct ListReport {
    std::vector<inspect::ProcessRow> processes;
    std::vector<std::string> problems; ///< directories or processes that could not be looked at, a sentence each
};

void list_text(const ListReport& report, const TextOptions& options, Sink& sink);
void list_json(const ListReport& report, Sink& sink);

/// What `tasks tree` shows: the same processes in the order of the tree.
struct TreeReport {
    ListReport list;
    std::vector<inspect::TreeNode> nodes; ///< indexes into list.processes
};

void tree_text(const TreeReport& report, const TextOptions& options, Sink& sink);
void tree_json(const TreeReport& report, Sink& sink);

void vitals_text(const inspect::VitalsReport& report, const TextOptions& options, Sink& sink);
void vitals_json(const inspect::VitalsReport& report, Sink& sink);

/// `tasks count`: one number a line, or {"schema":1,"pid":...,"tasks":...}.
void count_text(const inspect::VitalsReport& report, Sink& sink);
void count_json(const inspect::VitalsReport& report, Sink& sink);

void stack_text(const inspect::StackReport& report, const inspect::StackOptions& asked, const TextOptions& options,
                Sink& sink);
void stack_json(const inspect::StackReport& report, Sink& sink);

/// Bare `tasks TARGET`: one screen of vitals and the biggest groups.
void summary_text(const inspect::SummaryReport& report, const TextOptions& options, Sink& sink);
void summary_json(const inspect::SummaryReport& report, Sink& sink);

/// `tasks doctor`: what works, what does not, and what helps.
void doctor_text(const std::vector<inspect::Check>& checks, const TextOptions& options, Sink& sink);
void doctor_json(const std::vector<inspect::Check>& checks, Sink& sink);

/// `tasks deadlocks`: each finding with the stacks of those in it, or that there is none.
void deadlocks_text(const inspect::DeadlockReport& report, const TextOptions& options, Sink& sink);
void deadlocks_json(const inspect::DeadlockReport& report, Sink& sink);

/// `tasks leaks`: each finding with its tasks, why it is one, and what it costs; or that there is none.
void leaks_text(const inspect::LeakReport& report, const TextOptions& options, Sink& sink);
void leaks_json(const inspect::LeakReport& report, Sink& sink);

void error_text(const inspect::Error& error, Sink& sink);
void error_json(const inspect::Error& error, Sink& sink);

} // namespace tasks::render
