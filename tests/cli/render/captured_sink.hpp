// A Sink that keeps what is written, and how long the longest piece was. One thread at a time.
#pragma once

#include <algorithm>
#include <string>

#include "render/render.hpp"

namespace tasks::render {

class CapturedSink : public Sink {
public:
    void write(std::string_view bytes) override {
        text.append(bytes);
        longest_piece = std::max(longest_piece, bytes.size());
    }

    std::string text;
    std::size_t longest_piece = 0;
};

} // namespace tasks::render
