// Reads files of /proc into memory of the caller: no allocation, no stdio. EINTR is handled here. What is read is
// a text of the kernel's; names in it are the host's and are not believed. Any thread, one at a time an object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "owned_fd.hpp"

namespace tasks::agent {

/// Opens `path` below `directory` (or absolute), read-only and close-on-exec, never through a link at its end. Empty:
/// errno says why.
OwnedFd open_for_reading(int directory, const char* path) noexcept;

/// One read from the beginning of an open /proc file, which makes the kernel write its text anew.
/// Returns the number of bytes or a negative errno. Enough for texts of less than a page.
std::int64_t read_anew(int fd, std::span<char> into) noexcept;

/// Reads a file until it ends or `into` is full. Returns the number of bytes or a negative errno.
std::int64_t read_file(int directory, const char* path, std::span<char> into) noexcept;

/// The lines of a long /proc file, read through a buffer. A line that is longer than the buffer is left out.
class Lines {
public:
    Lines(OwnedFd file, std::span<char> buffer) noexcept : file_(std::move(file)), buffer_(buffer) {}

    /// The next line without its end, in the buffer until the next call; false at the end or where reading fails.
    bool next(std::string_view& line) noexcept;

private:
    bool fill() noexcept;

    OwnedFd file_;
    std::span<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool overlong_ = false;
};

/// Takes the number at the beginning of `text` and what follows it up to and with the next `after`; false where
/// there is none.
bool take_number(std::string_view& text, std::uint64_t& number, int base, char after) noexcept;

/// Takes the word up to the next blank, and the blanks after it.
std::string_view take_word(std::string_view& text) noexcept;

/// The decimal number after `label` at the beginning of a line of `text` ("VmRSS:"); false where there is none.
bool labelled_number(std::string_view text, std::string_view label, std::uint64_t& number) noexcept;

} // namespace tasks::agent
