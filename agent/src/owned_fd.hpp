// A file descriptor that is closed with its owner. Movable; no system call but close().
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace tasks::agent {

class OwnedFd {
public:
    OwnedFd() noexcept = default;
    explicit OwnedFd(int fd) noexcept : fd_(fd) {}
    OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnedFd& operator=(OwnedFd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~OwnedFd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1)); // Linux: the fd is gone even after EINTR
    }

private:
    int fd_ = -1;
};

/// The same file under a number of 3 or more: a host that closed its standard streams must not find ours there, and
/// write into it. Empty where no number is free: errno says why.
inline OwnedFd above_standard_streams(OwnedFd fd) noexcept {
    if (fd.get() < 0 || fd.get() > 2)
        return fd;
    OwnedFd higher{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)};
    const int error = errno;
    fd.reset();
    errno = error;
    return higher;
}

} // namespace tasks::agent
