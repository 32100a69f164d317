#include "capture/mortal_child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tasks::inspect {

SharedMemory::SharedMemory(std::size_t bytes) : bytes_(bytes), memory_(nullptr) {
    void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memory_ = mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

SharedMemory::~SharedMemory() {
    if (memory_ != nullptr) {
        ::munmap(memory_, bytes_);
    }
}

bool be_mortal(pid_t parent, std::uint64_t left_ns) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0); // a ^Z at the terminal would stop us while we hold threads
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    ::sigaction(SIGALRM, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const auto left_us = std::max<std::uint64_t>(left_ns / 1000, 1);
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(left_us / 1'000'000);
    timer.it_value.tv_usec = static_cast<suseconds_t>(left_us % 1'000'000);
    ::setitimer(ITIMER_REAL, &timer, nullptr);
    return ::getppid() == parent; // else it died before the prctl()
}

Result<Pipe, int> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return Failure{errno};
    }
    return Pipe{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
}

Result<PipedChild, int> start_child(const std::function<void(int pipe)>& work) {
    auto pipe = make_pipe();
    if (!pipe) {
        return Failure{pipe.error()};
    }
    const auto pid = ::fork();
    if (pid < 0) {
        return Failure{errno};
    }
    if (pid == 0) {
        pipe->reading.reset();
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        work(pipe->writing.get());
        ::_exit(0);
    }
    return PipedChild{pid, std::move(pipe->reading)};
}

void end_child(pid_t child) {
    if (child <= 1) {
        return; // to kill() these would be groups of processes
    }
    ::kill(child, SIGKILL);
    for (int tries = 0; tries < 50 && ::waitpid(child, nullptr, WNOHANG) == 0; ++tries) {
        const timespec brief{0, 1'000'000};
        ::nanosleep(&brief, nullptr);
    }
}

} // namespace tasks::inspect
