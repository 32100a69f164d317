#include "render/frames_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "render/clean.hpp"
#include "render/figures.hpp"
#include "render/function_text.hpp"
#include "render/plumbing.hpp"

namespace tasks::render {

using inspect::Frame;

namespace {

constexpr std::size_t longest_function = 100;
constexpr std::size_t aligned_functions = 60; // a longer one stands out of the column rather than move it

std::string padded(std::string text, std::size_t columns) {
    return text.append(columns > width(text) ? columns - width(text) : 0, ' ');
}

} // namespace

std::string FramesText::lines(const std::vector<Frame>& frames, std::span<const std::string> below) const {
    const bool on_thread = std::ranges::any_of(frames, [](const Frame& frame) { return !frame.suspended; });
    const auto name = [&](const Frame& frame) {
        return (on_thread && frame.suspended ? "~ awaited by " : "") + function(frame);
    };
    const auto hidden = whole_ ? std::vector<bool>(frames.size()) : plumbing(frames);
    std::size_t column = 0;
    for (std::size_t at = 0; at < frames.size(); ++at) {
        const auto columns = hidden[at] ? 0 : width(name(frames[at]));
        column = columns > aligned_functions ? column : std::max(column, columns);
    }
    std::string text;
    for (std::size_t at = 0; at < frames.size(); ++at) {
        if (hidden[at]) {
            continue;
        }
        const auto where = place(frames[at]);
        auto line = where.empty() ? name(frames[at]) : padded(name(frames[at]), column) + "   " + colour_.dim(where);
        const bool inferred = frames[at].suspended && frames[at].suspended->inferred;
        text.append("    ").append(line);
        text.append(frames[at].inlined ? "   (inlined)" : "").append(inferred ? "   (inferred)\n" : "\n");
        text.append(at < below.size() ? below[at] : "");
    }
    return text;
}

std::string FramesText::function(const Frame& frame) const {
    if (!frame.function.empty()) {
        return whole_ ? clean(frame.function) : cut_to(clean(short_function(frame.function)), longest_function);
    }
    if (!frame.module.empty()) {
        return fmt::format("{}+{:#x}", clean(base_name(frame.module)), frame.module_offset);
    }
    return fmt::format("{:#x}", frame.address);
}

// Of a coroutine: "session.cpp:88", "~session.cpp:88" where it is near that line, "suspend #4" where no line is known.
std::string FramesText::suspended(const Frame& frame) const {
    const auto& at = *frame.suspended;
    if (at.provenance != inspect::Provenance::none && !frame.file.empty()) {
        return (at.provenance == inspect::Provenance::about ? "~" : "") + files_.place(frame.file, frame.line);
    }
    if (at.kind != inspect::PointKind::await) {
        return at.kind == inspect::PointKind::initial ? "before its start" : "at its end";
    }
    return at.number ? fmt::format("suspend #{}", *at.number) : unknown;
}

std::string FramesText::place(const Frame& frame) const {
    if (frame.suspended) {
        return suspended(frame);
    }
    if (!frame.file.empty()) {
        return files_.place(frame.file, frame.line);
    }
    return frame.function.empty() ? std::string() : clean(base_name(frame.module));
}

std::string FramesText::innermost(const std::vector<Frame>& frames) const {
    if (frames.empty()) {
        return "";
    }
    const auto hidden = plumbing(frames);
    const auto shown = std::ranges::find(hidden, false);
    const auto& frame =
        shown == hidden.end() ? frames.front() : frames[static_cast<std::size_t>(shown - hidden.begin())];
    const auto where = place(frame);
    return function(frame) + (where.empty() ? "" : "   " + colour_.dim(where));
}

} // namespace tasks::render
