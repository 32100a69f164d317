// A descriptor that the agent keeps while it runs, and that the host may close: a daemon that closes all numbers that
// it does not know closes ours too, and the next file that it opens gets the number. So the file is remembered, and
// looked at again before it is used and before it is closed: a number that became the host's is left alone. One fstat,
// 0.2 us. Not for eventfds and their like, which have one inode in common. What is closed between the look and the use
// is not noticed; the agent's sockets are read and written by recv() and send() only, which do nothing to a file or a
// pipe. Movable. ours() on any thread, the rest on the owner's.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "owned_fd.hpp"

namespace tasks::agent {

class WatchedFd {
public:
    WatchedFd() noexcept = default;
    WatchedFd(OwnedFd fd) noexcept { // implicit: an OwnedFd that is kept
        struct stat facts{};
        if (!fd || ::fstat(fd.get(), &facts) != 0)
            return;
        fd_ = fd.release();
        device_ = facts.st_dev;
        inode_ = facts.st_ino;
    }
    WatchedFd(WatchedFd&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), device_(other.device_), inode_(other.inode_) {}
    WatchedFd& operator=(WatchedFd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
            device_ = other.device_;
            inode_ = other.inode_;
        }
        return *this;
    }
    ~WatchedFd() { reset(); }

    int get() const noexcept { return fd_; }
    /// True: it was opened. Whether it still is ours(), is another question.
    explicit operator bool() const noexcept { return fd_ >= 0; }

    /// False: the number is closed, or the host's. Where a filter of system calls refuses the look it is taken for
    /// ours: hosts that filter, and close what they do not know, close first.
    bool ours() const noexcept {
        struct stat facts{};
        if (fd_ >= 0 && ::fstat(fd_, &facts) != 0)
            return errno == EPERM || errno == ENOSYS;
        return is(facts);
    }
    /// True: `facts` are of the file that was opened.
    bool is(const struct stat& facts) const noexcept {
        return fd_ >= 0 && facts.st_dev == device_ && facts.st_ino == inode_;
    }

    void reset() noexcept {
        if (ours())
            ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_ = -1;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

} // namespace tasks::agent
