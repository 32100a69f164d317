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

std::string FramesText::lines(const std::vector<Frame>& frames) const {
    const auto hidden = whole_ ? std::vector<bool>(frames.size()) : plumbing(frames);
    std::size_t column = 0;
    for (std::size_t at = 0; at < frames.size(); ++at) {
        const auto columns = hidden[at] ? 0 : width(function(frames[at]));
        column = columns > aligned_functions ? column : std::max(column, columns);
    }
    std::string text;
    for (std::size_t at = 0; at < frames.size(); ++at) {
        if (hidden[at]) {
            continue;
        }
        const auto where = place(frames[at]);
        auto line =
            where.empty() ? function(frames[at]) : padded(function(frames[at]), column) + "   " + colour_.dim(where);
        text.append("    ").append(line).append(frames[at].inlined ? "   (inlined)\n" : "\n");
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

std::string FramesText::place(const Frame& frame) const {
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
