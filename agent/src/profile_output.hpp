// Writes the text of a profile to a file descriptor of the host's, through a buffer: texts with what is no text
// escaped, numbers, durations, bytes as base64. protocol/PROFILE.md is the grammar. Nothing is written any more after
// a write that failed, nor after its deadline. Allocates nothing; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tasks::agent {

class ProfileOutput {
public:
    /// Both belong to the caller. With a deadline (CLOCK_MONOTONIC) nothing is written that might block past it: what
    /// is no regular file gets no more at a time than a pipe takes at once when it is writable.
    ProfileOutput(int fd, std::span<char> buffer, std::uint64_t until_ns = UINT64_MAX) noexcept
        : fd_(fd), buffer_(buffer), until_ns_(until_ns) {}

    /// As it is: words of the grammar.
    ProfileOutput& operator<<(std::string_view words) noexcept;
    ProfileOutput& operator<<(std::uint64_t number) noexcept;
    ProfileOutput& hexadecimal(std::uint64_t number) noexcept; ///< 0x1f
    /// A text of the host's or the kernel's as one field; "-" where it is empty.
    ProfileOutput& text(std::string_view text) noexcept { return escaped(text, ""); }
    /// The same without blanks, "=" and "[".
    ProfileOutput& key(std::string_view text) noexcept { return escaped(text, " =["); }
    /// To the millisecond, rounded down: 1d2h3m4.005s.
    ProfileOutput& duration(std::uint64_t ns) noexcept;
    ProfileOutput& bytes_in_hexadecimal(std::string_view bytes) noexcept; ///< 9fa3
    /// Lines of 128 characters, indented.
    ProfileOutput& base64_lines(std::string_view bytes) noexcept;

    /// Writes what is left, also where a fault broke off what was written before. 0, or the errno value of the write
    /// that failed.
    int finish() noexcept;
    bool failed() const noexcept { return error_ != 0; }

private:
    ProfileOutput& escaped(std::string_view text, std::string_view also) noexcept;
    void put(char letter) noexcept;
    void escape(char letter) noexcept;
    void flush() noexcept;
    bool wait_until_writable() const noexcept;
    bool writable_at_once() const noexcept;

    int fd_;
    std::span<char> buffer_;
    std::uint64_t until_ns_;
    std::size_t used_ = 0;
    std::size_t flushed_ = 0; ///< of them
    int error_ = 0;
};

} // namespace tasks::agent
