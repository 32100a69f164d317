// A report in words, one screen at the most.
#include <algorithm>
#include <cstdio>
#include <string>

#include <tasks/leak_check.hpp>

#include "render/function_text.hpp"

namespace tasks {
namespace {

constexpr std::size_t most_groups = 6;
constexpr std::size_t most_frames = 6;
constexpr std::size_t longest_text = 160;

std::string counted(std::size_t count, const std::string& what) {
    std::string digits = std::to_string(count);
    for (auto at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, ",");
    return digits + " " + what + (count == 1 ? "" : "s");
}

/// What the tested program says may be any bytes.
std::string clean(std::string_view text) {
    std::string made;
    for (const char each : text.substr(0, longest_text))
        made += static_cast<unsigned char>(each) < 0x20 || each == 0x7f ? '?' : each;
    return text.size() > longest_text ? made + "..." : made;
}

std::string duration(std::chrono::nanoseconds length) {
    const double seconds = std::chrono::duration<double>(length).count();
    char text[32];
    if (seconds < 1)
        std::snprintf(text, sizeof text, "%.0f ms", seconds * 1000);
    else
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

std::string ages(const LeakGroup& group) {
    if (!group.oldest)
        return "";
    const std::string youngest = duration(*group.youngest);
    const std::string oldest = duration(*group.oldest);
    const std::string range = youngest == oldest ? oldest : youngest + ".." + oldest;
    return ", " + (group.last_ran ? "last ran " + range + " ago" : range);
}

/// "3 tasks, thread, chan send "results", 12 ms [charge card] request=8431"
std::string head(const LeakGroup& group) {
    std::string text =
        counted(group.count, "task") + ", " + group.kind + ", " + (group.reason.empty() ? group.state : group.reason);
    if (!group.object.empty())
        text += " \"" + clean(group.object) + "\"";
    text += ages(group);
    if (!group.name.empty())
        text += " [" + clean(group.name) + "]";
    for (const std::string& label : group.labels)
        text += " " + clean(label);
    return text + "\n";
}

std::string place(const LeakPlace& at) {
    std::string text = at.function.empty() ? "?" : clean(render::short_function(at.function));
    if (!at.file.empty())
        text +=
            "   " + clean(at.file.substr(at.file.rfind('/') + 1)) + (at.line == 0 ? "" : ":" + std::to_string(at.line));
    return text + "\n";
}

std::string body(const LeakGroup& group) {
    std::string text;
    const std::size_t shown = std::min(group.frames.size(), most_frames);
    for (std::size_t at = 0; at < shown; ++at)
        text += "      " + place(group.frames[at]);
    if (shown < group.frames.size())
        text += "      ... " + counted(group.frames.size() - shown, "frame") + " more\n";
    if (group.frames.empty() && !group.no_frames.empty())
        text += "      (" + clean(group.no_frames) + ")\n";
    if (group.waits_at)
        text += "      waits at " + place(*group.waits_at);
    if (group.created_by)
        text += "      created by " + place(*group.created_by);
    return text;
}

} // namespace

std::size_t LeakReport::tasks() const noexcept {
    std::size_t count = 0;
    for (const LeakGroup& group : groups_)
        count += group.count;
    return count;
}

std::string LeakReport::message() const {
    std::string text;
    if (!empty())
        text = "found unexpected tasks: " + counted(tasks(), "task") + " still " + (tasks() == 1 ? "lives" : "live") +
               "\n";
    const std::size_t shown = std::min(groups_.size(), most_groups);
    for (std::size_t at = 0; at < shown; ++at)
        text += "  " + head(groups_[at]) + body(groups_[at]);
    std::size_t left_out = 0;
    for (std::size_t at = shown; at < groups_.size(); ++at)
        left_out += groups_[at].count;
    if (shown < groups_.size())
        text += "  and " + counted(left_out, "task") + " in " + counted(groups_.size() - shown, "group") + " more\n";
    for (std::size_t at = 0; at < std::min(notes_.size(), most_groups); ++at)
        text += "  note: " + clean(notes_[at]) + "\n";
    return text;
}

} // namespace tasks
