#include "commands/output_file.hpp"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

namespace tasks::commands {
namespace {

constexpr std::size_t buffered_bytes = 64 * 1024;

void wait_until_writable(int fd) {
    pollfd ready{fd, POLLOUT, 0};
    ::poll(&ready, 1, -1);
}

} // namespace

void OutputFile::write(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() >= buffered_bytes) {
        finish();
    }
}

void OutputFile::finish() {
    std::string_view left{pending_};
    while (!left.empty()) {
        const auto count = ::write(fd_, left.data(), left.size());
        if (count >= 0) {
            left.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            wait_until_writable(fd_); // somebody set our standard output non-blocking
        } else if (errno == EPIPE) {
            throw OutputClosed{};
        } else if (errno != EINTR) {
            throw OutputFailed{errno};
        }
    }
    pending_.clear();
}

} // namespace tasks::commands
