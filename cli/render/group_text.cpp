#include "render/group_text.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "render/clean.hpp"
#include "render/figures.hpp"
#include "render/function_text.hpp"
#include "render/plumbing.hpp"
#include "render/process_words.hpp"

namespace tasks::render {

using inspect::Group;
using inspect::GroupShape;
using inspect::TaskView;
using protocol::State;
using protocol::WaitReason;

namespace {

constexpr std::size_t longest_name = 80; // of a job or a wait, in a header
constexpr std::size_t longest_key = 40;  // of a label
constexpr std::size_t labels_told = 3;   // of a group
constexpr std::size_t values_told = 3;   // of an argument of a group's coroutines

// What the tasks of the group do: "chan send "results"", "running".
std::string doing(const GroupShape& shape) {
    if (shape.state != State::waiting) {
        return shape.state == State::unknown ? "state unknown" : std::string(protocol::word(shape.state));
    }
    std::string text(shape.wait_reason == WaitReason::none || shape.wait_reason == WaitReason::unknown
                         ? "waiting"
                         : protocol::word(shape.wait_reason));
    if (!shape.wait_name.empty()) {
        text.append(" \"").append(cut_to(clean(shape.wait_name), longest_name)).append("\"");
        text.append(shape.wait_is_inferred ? " (inferred)" : "");
    }
    return text;
}

std::string age(const GroupShape& shape, const Group& group) {
    if (group.age_max == TaskView::unknown_age) {
        return shape.state == State::waiting ? unknown : "";
    }
    const auto range = duration_range(group.age_min, group.age_max);
    return shape.age_is_last_ran ? "last ran " + range + " ago" : range;
}

// Quoted where blanks or commas would make it look like several.
std::string label_text(const inspect::LabelFacts& label) {
    auto text = clean(label.text) + (label.cut ? "..." : "");
    return text.empty() || text.find_first_of(" ,\"") != std::string::npos ? "\"" + text + "\"" : text;
}

} // namespace

GroupText::GroupText(const inspect::StackReport& report, const FileNames& files, Colour colour, bool whole)
    : report_(report), labelling_(report), files_(files), frames_(files, colour, whole), waits_(report, files),
      colour_(colour), whole_(whole) {}

std::string GroupText::header(const Group& group) {
    const auto& shape = report_.shape(group);
    auto text = counted(group.count, "task") + "  " + std::string(protocol::word(shape.kind)) + "  " + doing(shape);
    if (const auto on = waits_.of(group); !on.empty()) {
        text.append("  ").append(on);
    }
    if (shape.struck) {
        text.append("  struck by ").append(signal_name(report_.process.signal->number));
    }
    if (const auto ages = age(shape, group); !ages.empty()) {
        text.append("  ").append(ages);
    }
    if (const auto name = clean(report_.name(group)); !name.empty()) {
        text.append("  [").append(whole_ ? name : cut_to(name, longest_name)).append("]");
    }
    if (const auto told = labels(group); !told.empty()) {
        text.append("  ").append(told);
    }
    return colour_.bold(text) + (whole_ ? one_task(group) : "") + "\n";
}

// "request=8431, 8432, 8440 and 17 more", "request=8431, 8432 (6 of 8 tasks)": a key is told where it changes.
std::string GroupText::labels(const Group& group) {
    const auto found = labelling_.of(group, labels_told);
    std::string text;
    const std::string* key = nullptr;
    for (const auto index : found.oldest) {
        const auto& label = *label_at(report_.list.snapshot(), index);
        text.append(text.empty() ? "" : ", ");
        if (!label.key.empty() && (key == nullptr || *key != label.key)) {
            text.append(cut_to(clean(label.key), longest_key)).append("=");
        }
        text.append(label_text(label));
        key = &label.key;
    }
    if (found.distinct > found.oldest.size()) {
        text.append(" and ").append(number(found.distinct - found.oldest.size())).append(" more");
    }
    if (found.tasks > 0 && found.tasks < group.count) {
        text.append(" (").append(number(found.tasks)).append(" of ").append(counted(group.count, "task")).append(")");
    }
    return text;
}

// "  tid 12340  id 0x100000003  on 0x7ffd2c"
std::string GroupText::one_task(const Group& group) const {
    const auto task = report_.list.at(group.first);
    std::string text;
    text += task.tid == 0 ? "" : fmt::format("  tid {}", task.tid);
    text += task.id == 0 ? "" : fmt::format("  id {:#x}", task.id);
    text += task.wait_object == 0 ? "" : fmt::format("  on {:#x}", task.wait_object);
    const auto* frame =
        task.chain == inspect::CoroutineChains::none ? nullptr : report_.list.chains().frame(task.chain);
    text += frame == nullptr ? "" : fmt::format("  frame {:#x}", frame->address);
    return text;
}

// Of each frame: "        id = 1000, 1001, 1002 and 1,997 more".
std::vector<std::string> GroupText::values(const Group& group) const {
    std::vector<std::string> lines;
    for (const auto& frame : values_of(report_, group, values_told)) {
        auto& text = lines.emplace_back();
        for (const auto& value : frame) {
            text.append("        ").append(clean(value.name)).append(" = ");
            for (std::size_t at = 0; at < value.first.size(); ++at) {
                const auto shown = clean(value.first[at]);
                text.append(at == 0 ? "" : ", ").append(whole_ ? shown : cut_to(shown, longest_name));
            }
            if (value.distinct > value.first.size()) {
                text.append(" and ").append(number(value.distinct - value.first.size())).append(" more");
            }
            text.append(value.local ? "   (local: perhaps not initialised)\n" : "\n");
        }
    }
    return lines;
}

std::string GroupText::body(const Group& group) const {
    const auto& shape = report_.shape(group);
    auto text = frames_.lines(shape.frames, values(group));
    if (shape.frames.empty() && !shape.waits_at && !shape.no_stack.empty()) {
        text.append("    (").append(clean(shape.no_stack)).append(")\n");
    }
    if (!shape.cut.empty()) {
        text.append("    ... (the stack ends early: ").append(clean(shape.cut)).append(")\n");
    }
    return text + site("waits at", shape.waits_at) + created(group);
}

// "  created by serve(Options)   server.cpp:12, in thread 4242, 3 s..2 min ago": the rest where births are known.
std::string GroupText::created(const Group& group) const {
    auto text = site("created by", report_.shape(group).created_by);
    if (report_.shape(group).kind != protocol::Kind::thread) {
        return text; // a group is of one kind, and may have a million tasks
    }
    std::uint64_t youngest = TaskView::unknown_age;
    std::uint64_t oldest = 0;
    std::set<std::uint32_t> creators;
    for (auto slot = group.first, left = group.count; left > 0; --left, slot = report_.next[slot]) {
        const auto task = report_.list.at(slot);
        if (task.thread == nullptr || task.thread->birth.born_ns == 0) {
            continue;
        }
        const auto taken = report_.list.snapshot().taken_at_ns;
        const auto lived = taken > task.thread->birth.born_ns ? taken - task.thread->birth.born_ns : 0;
        youngest = std::min(youngest, lived);
        oldest = std::max(oldest, lived);
        creators.insert(task.thread->birth.creator_tid);
    }
    if (creators.empty()) {
        return text;
    }
    text = text.empty() ? "  created" : text.substr(0, text.size() - 1) + ",";
    text.append(creators.size() == 1 ? fmt::format(" in thread {}", *creators.begin())
                                     : fmt::format(" in {} threads", creators.size()));
    return text.append(", ").append(duration_range(youngest, oldest)).append(" ago\n");
}

std::string GroupText::site(std::string_view label, const std::optional<inspect::CreatedBy>& site) const {
    if (!site) {
        return "";
    }
    const auto place = site->file.empty() ? "" : colour_.dim(files_.place(site->file, site->line));
    if (site->function.empty()) {
        return fmt::format("  {} {}\n", label, place.empty() ? unknown : place);
    }
    const auto function = clean(site_function(site->function));
    return fmt::format("  {} {}{}{}\n", label, function, place.empty() ? "" : "   ", place);
}

std::string GroupText::top(const Group& group) const {
    const auto& shape = report_.shape(group);
    if (shape.frames.empty()) {
        auto text = site("waits at", shape.waits_at);
        text = text.empty() ? site("created by", shape.created_by) : text;
        return text.empty() ? "" : text.substr(2, text.size() - 3);
    }
    return frames_.innermost(shape.frames);
}

bool GroupText::leaves_out(const Group& group) const {
    return !whole_ && std::ranges::count(plumbing(report_.shape(group).frames), true) > 0;
}

} // namespace tasks::render
