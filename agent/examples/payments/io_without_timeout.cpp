// A bank takes the connection and never answers; the read has no timeout.
// Repaired: a poll with a timeout goes before the read.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "cause.hpp"

namespace {

/// Both ends of a connection to a bank that never says anything.
class SilentBank {
public:
    SilentBank() : made_(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0) {}
    ~SilentBank() {
        if (made_) {
            ::close(ends_[0]);
            ::close(ends_[1]);
        }
    }
    SilentBank(const SilentBank&) = delete;
    SilentBank& operator=(const SilentBank&) = delete;

    /// One byte, whenever it comes.
    bool answer() const {
        tasks::Wait wait{tasks::wait_reason::io_read, this, "bank"};
        char byte = 0;
        return ::read(ends_[0], &byte, 1) == 1;
    }

    /// One byte within 50 ms.
    bool answer_in_time() const {
        tasks::Wait wait{tasks::wait_reason::poll, this, "bank"};
        pollfd readable{ends_[0], POLLIN, 0};
        return ::poll(&readable, 1, 50) == 1 && answer();
    }

private:
    std::array<int, 2> ends_{-1, -1};
    bool made_;
};

} // namespace

void leak_by_io_without_timeout(Stuck& stuck) {
    auto reached = std::make_shared<std::atomic<bool>>(false);
    std::thread{[reached, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"ask bank", begun};
        const SilentBank bank;
        *reached = true;
        bank.answer();
    }}.detach();
    stuck.when([reached] { return reached->load(); });
}

void io_with_timeout(const std::stop_token&) {
    tasks::Job job{"ask bank"};
    const SilentBank bank;
    bank.answer_in_time();
}
