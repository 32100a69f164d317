// The frames of a stack as text: a line each, the runtime's own at the ends left out unless all are asked for. Holds
// references, which must outlive it. One thread at a time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "render/colour.hpp"
#include "render/file_names.hpp"
#include "symbols/frame.hpp"

namespace tasks::render {

class FramesText {
public:
    /// `whole`: every frame, whole names.
    FramesText(const FileNames& files, Colour colour, bool whole) : files_(files), colour_(colour), whole_(whole) {}

    /// `below`: lines of text to follow each frame; may be shorter.
    std::string lines(const std::vector<inspect::Frame>& frames, std::span<const std::string> below = {}) const;

    /// "submit(Backend&)::{lambda}   payments.cpp:31" of the innermost that is not left out; "" where there is none.
    std::string innermost(const std::vector<inspect::Frame>& frames) const;

private:
    std::string function(const inspect::Frame& frame) const;
    std::string place(const inspect::Frame& frame) const;
    std::string suspended(const inspect::Frame& frame) const;

    const FileNames& files_;
    Colour colour_;
    bool whole_;
};

} // namespace tasks::render
