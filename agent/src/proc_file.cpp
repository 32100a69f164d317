#include "proc_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace tasks::agent {

OwnedFd open_for_reading(int directory, const char* path) noexcept {
    int fd = -1;
    do {
        fd = ::openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    } while (fd < 0 && errno == EINTR);
    return above_standard_streams(OwnedFd{fd});
}

std::int64_t read_anew(int fd, std::span<char> into) noexcept {
    ssize_t got = -1;
    do {
        got = ::pread(fd, into.data(), into.size(), 0);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

std::int64_t read_file(int directory, const char* path, std::span<char> into) noexcept {
    const OwnedFd file = open_for_reading(directory, path);
    if (!file)
        return -errno;
    std::size_t filled = 0;
    while (filled < into.size()) {
        const ssize_t got = ::read(file.get(), into.data() + filled, into.size() - filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        filled += static_cast<std::size_t>(got);
    }
    return static_cast<std::int64_t>(filled);
}

bool Lines::fill() noexcept {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) { // one line fills the buffer: pass over it
        overlong_ = true;
        end_ = 0;
    }
    ssize_t got = -1;
    do {
        got = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    end_ += static_cast<std::size_t>(got);
    return true;
}

bool Lines::next(std::string_view& line) noexcept {
    if (!file_)
        return false;
    std::size_t looked = begin_;
    for (;;) {
        const void* found = end_ > looked ? std::memchr(buffer_.data() + looked, '\n', end_ - looked) : nullptr;
        if (found != nullptr) {
            const auto stop = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
            line = {buffer_.data() + begin_, stop - begin_};
            begin_ = looked = stop + 1;
            if (!std::exchange(overlong_, false))
                return true;
            continue;
        }
        looked = end_ - begin_;
        if (!fill())
            return false;
        if (overlong_)
            looked = 0;
    }
}

bool take_number(std::string_view& text, std::uint64_t& number, int base, char after) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{})
        return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() || text.front() != after)
        return false;
    text.remove_prefix(1);
    return true;
}

std::string_view take_word(std::string_view& text) noexcept {
    const std::size_t end = text.find_first_of(" \t\n");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    const std::size_t next = text.find_first_not_of(" \t\n");
    text.remove_prefix(next == std::string_view::npos ? text.size() : next);
    return word;
}

bool labelled_number(std::string_view text, std::string_view label, std::uint64_t& number) noexcept {
    for (std::size_t at = text.find(label); at != std::string_view::npos; at = text.find(label, at + 1)) {
        if (at != 0 && text[at - 1] != '\n')
            continue;
        std::string_view rest = text.substr(at + label.size());
        const std::size_t digits = rest.find_first_not_of(" \t:");
        if (digits == std::string_view::npos)
            return false;
        rest.remove_prefix(digits);
        return std::from_chars(rest.data(), rest.data() + rest.size(), number).ec == std::errc{};
    }
    return false;
}

} // namespace tasks::agent
