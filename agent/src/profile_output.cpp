#include "profile_output.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "clock.hpp"

namespace tasks::agent {
namespace {

constexpr std::string_view hexadecimal_digits = "0123456789abcdef";
constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t line_bytes = 96; // 128 letters

constexpr bool is_control(char letter) noexcept { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }

} // namespace

bool ProfileOutput::wait_until_writable() const noexcept {
    pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (until_ns_ == UINT64_MAX)
        return ::poll(&wanted, 1, -1) >= 0 || errno == EINTR;
    const std::uint64_t now = now_ns();
    const int milliseconds = now < until_ns_ ? static_cast<int>((until_ns_ - now) / 1'000'000) : 0;
    const int ready = ::poll(&wanted, 1, milliseconds);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 || (ready < 0 && errno == EINTR && now < until_ns_);
}

/// Nobody minds how long a write takes, or it takes no time.
bool ProfileOutput::writable_at_once() const noexcept {
    struct stat facts{};
    return until_ns_ == UINT64_MAX || (::fstat(fd_, &facts) == 0 && S_ISREG(facts.st_mode));
}

void ProfileOutput::flush() noexcept {
    const bool at_once = writable_at_once();
    while (flushed_ < used_ && error_ == 0) {
        if (!at_once && !wait_until_writable()) {
            error_ = errno;
            break;
        }
        const std::size_t most = at_once ? used_ : std::size_t{PIPE_BUF};
        const ssize_t put = ::write(fd_, buffer_.data() + flushed_, std::min(used_ - flushed_, most));
        if (put >= 0)
            flushed_ += static_cast<std::size_t>(put);
        else if (errno == EAGAIN ? !wait_until_writable() : errno != EINTR)
            error_ = errno;
    }
    used_ = flushed_ = 0;
}

int ProfileOutput::finish() noexcept {
    flush();
    return error_;
}

void ProfileOutput::put(char letter) noexcept {
    if (used_ == buffer_.size())
        flush();
    buffer_[used_++] = letter;
}

ProfileOutput& ProfileOutput::operator<<(std::string_view words) noexcept {
    while (!words.empty()) {
        if (used_ == buffer_.size())
            flush();
        const std::size_t copied = words.copy(buffer_.data() + used_, buffer_.size() - used_);
        used_ += copied;
        words.remove_prefix(copied);
    }
    return *this;
}

ProfileOutput& ProfileOutput::operator<<(std::uint64_t number) noexcept {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    return *this << std::string_view{digits.data(), static_cast<std::size_t>(end.ptr - digits.data())};
}

ProfileOutput& ProfileOutput::hexadecimal(std::uint64_t number) noexcept {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return *this << "0x" << std::string_view{digits.data(), static_cast<std::size_t>(end.ptr - digits.data())};
}

void ProfileOutput::escape(char letter) noexcept {
    const auto value = static_cast<unsigned char>(letter);
    *this << "\\x";
    put(hexadecimal_digits[value >> 4]);
    put(hexadecimal_digits[value & 15]);
}

// Fields are two blanks apart: a blank at an edge of a text, or beside another one, is escaped.
ProfileOutput& ProfileOutput::escaped(std::string_view text, std::string_view also) noexcept {
    if (text.empty() || text == "-") {
        if (text.empty())
            put('-');
        else
            escape('-');
        return *this;
    }
    char before = ' ';
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char letter = text[at];
        const bool odd_blank = letter == ' ' && (before == ' ' || at + 1 == text.size());
        if (odd_blank || is_control(letter) || letter == '\\' || letter == '"' || also.find(letter) != also.npos)
            escape(letter);
        else
            put(letter);
        before = letter;
    }
    return *this;
}

ProfileOutput& ProfileOutput::duration(std::uint64_t ns) noexcept {
    struct Unit {
        std::uint64_t seconds;
        std::string_view letter;
    };
    std::uint64_t seconds = ns / 1'000'000'000;
    for (const Unit unit : {Unit{86'400, "d"}, Unit{3'600, "h"}, Unit{60, "m"}}) {
        if (seconds >= unit.seconds)
            *this << seconds / unit.seconds << unit.letter;
        seconds %= unit.seconds;
    }
    const std::uint64_t milliseconds = ns / 1'000'000 % 1'000;
    return *this << seconds << (milliseconds < 10 ? ".00" : milliseconds < 100 ? ".0" : ".") << milliseconds << "s";
}

ProfileOutput& ProfileOutput::bytes_in_hexadecimal(std::string_view bytes) noexcept {
    for (const char each : bytes) {
        put(hexadecimal_digits[static_cast<unsigned char>(each) >> 4]);
        put(hexadecimal_digits[static_cast<unsigned char>(each) & 15]);
    }
    return *this;
}

// RFC 4648, with its padding.
ProfileOutput& ProfileOutput::base64_lines(std::string_view bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        if (at % line_bytes == 0)
            *this << (at == 0 ? "    " : "\n    ");
        std::uint32_t three = 0;
        const std::size_t there = std::min<std::size_t>(3, bytes.size() - at);
        for (std::size_t i = 0; i < 3; ++i)
            three = three << 8 | (i < there ? static_cast<unsigned char>(bytes[at + i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i)
            put(i <= there ? base64_letters[three >> (18 - 6 * i) & 63] : '=');
    }
    return *this << "\n";
}

} // namespace tasks::agent
