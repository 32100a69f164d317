#include "render/deadlock_text.hpp"

#include <fmt/format.h>

#include "render/clean.hpp"
#include "render/figures.hpp"
#include "render/incomplete_text.hpp"
#include "render/process_words.hpp"
#include "render/render.hpp"
#include "render/wait_text.hpp"

namespace tasks::render {

using inspect::Finding;
using inspect::FindingKind;
using inspect::WaitEdge;
using inspect::WaitGraph;

namespace {

std::string title(const WaitGraph& waits, const Finding& finding) {
    const auto count = finding.edges.size();
    switch (finding.kind) {
    case FindingKind::cycle:
        return count == 1 ? "deadlock: a thread waits for itself"
                          : fmt::format("deadlock: {} threads wait for each other", count);
    case FindingKind::orphan_lock:
        return fmt::format("deadlock: {} for a lock whose holder has exited",
                           count == 1 ? "a thread waits" : fmt::format("{} threads wait", number(count)));
    case FindingKind::all_asleep:
        break;
    }
    return fmt::format("all tasks are asleep - deadlock: nothing outside the process can wake one of its {}",
                       counted(waits.places.size(), "thread"));
}

class FindingText {
public:
    FindingText(const WaitGraph& waits, const FramesText& frames, Colour colour, bool stacks)
        : waits_(waits), frames_(frames), colour_(colour), stacks_(stacks) {}

    std::string of(const Finding& finding) const {
        auto text = colour_.alarm(title(waits_, finding)) + "\n";
        for (const auto& edge : finding.edges) {
            text += line(edge.waiter_tid, "waits for " + what(edge));
        }
        if (finding.kind == FindingKind::all_asleep) {
            for (const auto& place : waits_.places) {
                const auto* edge = waits_.edge(place.tid);
                text += line(place.tid, edge != nullptr ? "waits for " + what(*edge)
                                                        : "waits: " + std::string(protocol::word(place.wait_reason)));
            }
        }
        return text;
    }

private:
    std::string what(const WaitEdge& edge) const {
        const auto holder = edge.holder_tid == edge.waiter_tid ? "itself" : who(waits_, edge.holder_tid);
        return (edge.lock ? lock_name(*edge.lock) + ", held by " + holder : "the end of " + holder) +
               (edge.holder_gone ? ", which has exited" : "");
    }

    /// "  4242 "worker-3" waits for mutex 0x55.., held by 4243 "worker-4", at charge()   pay.cpp:88"
    std::string line(std::uint32_t tid, const std::string& waits) const {
        const auto* place = waits_.place(tid);
        auto text = "  " + who(waits_, tid) + " " + waits;
        if (place == nullptr || place->frames.empty()) {
            return text + "\n";
        }
        return stacks_ ? text + "\n" + frames_.lines(place->frames)
                       : text + ", at " + frames_.innermost(place->frames) + "\n";
    }

    const WaitGraph& waits_;
    const FramesText& frames_;
    Colour colour_;
    bool stacks_;
};

} // namespace

std::string findings_text(const WaitGraph& waits, const FramesText& frames, Colour colour, bool stacks) {
    const FindingText one{waits, frames, colour, stacks};
    std::string text;
    for (const auto& finding : waits.findings) {
        text += one.of(finding) + "\n";
    }
    return text;
}

void deadlocks_text(const inspect::DeadlockReport& report, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    const FileNames files(report.waits);
    const FramesText frames(files, colour, false);
    if (report.process.from.kind != inspect::FileKind::none) {
        sink.write("process " + target(report.process) + " " + clean(report.process.name) + ": " +
                   meaning(report.process, report.taken_at_realtime_ns) + "\n\n");
    }
    sink.write(findings_text(report.waits, frames, colour, true));
    sink.write(incomplete_text(report.incomplete));
    sink.write(report.waits.findings.empty() ? "no deadlock found among " + counted(report.threads, "thread") + "\n"
                                             : counted(report.waits.findings.size(), "deadlock") + " among " +
                                                   counted(report.threads, "thread") + "\n");
}

} // namespace tasks::render
