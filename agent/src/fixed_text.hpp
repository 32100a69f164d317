// A short text in memory of its own: what the agent says or opens while it may not allocate. What does not fit is
// cut. Value type; no locale, no allocation, no system call.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>

namespace tasks::agent {

template <std::size_t Bytes> class FixedText {
public:
    FixedText& operator<<(std::string_view text) noexcept {
        const std::size_t room = Bytes - 1 - used_;
        const std::size_t taken = text.size() < room ? text.size() : room;
        text.copy(text_.data() + used_, taken); // of an empty text there may be no address
        used_ += taken;
        text_[used_] = '\0';
        return *this;
    }

    FixedText& operator<<(std::unsigned_integral auto number) noexcept {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
        return *this << std::string_view{digits.data(), static_cast<std::size_t>(end.ptr - digits.data())};
    }

    std::string_view view() const noexcept { return {text_.data(), used_}; }
    const char* c_str() const noexcept { return text_.data(); }
    std::size_t size() const noexcept { return used_; }
    void shorten(std::size_t bytes) noexcept {
        used_ = bytes < used_ ? bytes : used_;
        text_[used_] = '\0';
    }

private:
    std::array<char, Bytes> text_{};
    std::size_t used_ = 0;
};

using Sentence = FixedText<256>;

} // namespace tasks::agent
