#include "inspect/unwind/blocked_child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include <catch2/catch.hpp>

namespace tasks::test {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds{30};

template <class Condition> bool comes_true(Condition&& condition) {
    const auto deadline = Clock::now() + patience;
    while (!condition()) {
        if (Clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

int forked(const std::function<void()>& body) {
    const int pid = ::fork();
    if (pid != 0) {
        ::setpgid(pid, pid); // both do it: neither knows who comes first
        return pid;
    }
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    ::_exit(127);
}

std::string found_in_path(const std::string& program) {
    if (program.find('/') != std::string::npos)
        return std::filesystem::canonical(program);
    for (const char* directory : {"/usr/bin/", "/bin/"})
        if (std::filesystem::exists(directory + program))
            return std::filesystem::canonical(directory + program);
    FAIL("no program " << program);
    return {};
}

} // namespace

BlockedChild BlockedChild::running(const std::function<void()>& body) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    const int pid = forked(body);
    REQUIRE(pid > 0);
    return {pid, program};
}

BlockedChild BlockedChild::executing(const std::vector<std::string>& words) {
    const std::string program = found_in_path(words.at(0));
    const int pid = forked([&] {
        std::vector<char*> arguments;
        for (const std::string& word : words)
            arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
        ::execv(program.c_str(), arguments.data());
    });
    REQUIRE(pid > 0);
    return {pid, program};
}

BlockedChild::~BlockedChild() {
    if (pid_ <= 0)
        return;
    ::kill(-pid_, SIGKILL); // with its own children: a shell's `sleep` would outlive it
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

// Twice the same pc in the same call: a thread on its way into a blocking call may show the call before it sleeps.
bool BlockedChild::is_blocked(int tid, int syscall) const {
    if (program_of(pid_) != program_ || blocked_in(pid_, tid) != syscall)
        return false;
    const auto first = captured(pid_, tid, 64);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    const auto second = captured(pid_, tid, 64);
    return first.capture == protocol::Capture::captured && second.capture == first.capture &&
           second.syscall == syscall && first.pc == second.pc && first.sp == second.sp;
}

void BlockedChild::await(int tid, int syscall) const {
    INFO("process " << pid_ << ", thread " << tid << ", system call " << syscall);
    REQUIRE(comes_true([&] { return is_blocked(tid, syscall); }));
}

std::vector<int> BlockedChild::await_threads(std::size_t count, int syscall) const {
    REQUIRE(comes_true([&] { return threads_of(pid_).size() == count; }));
    const auto threads = threads_of(pid_);
    for (const int tid : threads)
        if (tid != pid_)
            await(tid, syscall);
    return threads;
}

} // namespace tasks::test
