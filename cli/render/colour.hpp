// Terminal colour, only where it was asked for. Value type.
#pragma once

#include <string>
#include <string_view>

namespace tasks::render {

class Colour {
public:
    explicit Colour(bool on) : on_(on) {}

    std::string bold(std::string_view text) const { return wrap("1", text); }
    std::string dim(std::string_view text) const { return wrap("2", text); }
    std::string alarm(std::string_view text) const { return wrap("31", text); }

private:
    std::string wrap(std::string_view code, std::string_view text) const {
        return on_ && !text.empty() ? std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m")
                                    : std::string(text);
    }

    bool on_;
};

} // namespace tasks::render
