#include "crash_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "clock.hpp"
#include "owned_fd.hpp"

namespace tasks::agent {
namespace {

/// What the command and the programs that it may start look at.
constexpr std::array kept_variables{"HOME", "XDG_CACHE_HOME", "TMPDIR", "TERM", "NO_COLOR", "PATH", "LANG"};

/// The first of $PATH, as execvp would take it; relative entries are passed over.
void find_in_path(FixedText<4096>& into) noexcept {
    const char* variable = ::secure_getenv("PATH");
    std::string_view left = variable != nullptr ? variable : "/usr/local/bin:/usr/bin";
    while (!left.empty()) {
        const std::string_view directory = left.substr(0, left.find(':'));
        left.remove_prefix(std::min(left.size(), directory.size() + 1));
        FixedText<4096> path;
        path << directory << "/tasks";
        if (directory.substr(0, 1) == "/" && ::access(path.c_str(), X_OK) == 0) {
            into = path;
            return;
        }
    }
}

} // namespace

struct CrashCommand::Child {
    const CrashCommand& command;
    const Showing& showing;
};

void CrashCommand::find(std::string_view asked, std::uint64_t may_take_ns) noexcept {
    path_ = {};
    patience_ = {};
    patience_ << may_take_ns / 5 * 2 / 1'000'000 << "ms"; // for the dump, and again for the memory; the rest to name it
    if (asked == "-")
        return;
    const char* variable = ::secure_getenv("TASKS_BINARY");
    if (!asked.empty())
        path_ << asked;
    else if (variable != nullptr && *variable == '/')
        path_ << std::string_view{variable};
    else
        find_in_path(path_);
    keep_environment();
}

void CrashCommand::keep_environment() noexcept {
    variables_ = {};
    std::size_t count = 0;
    std::array<std::size_t, kept_variables.size()> begins{};
    for (const char* name : kept_variables) {
        const char* value = ::secure_getenv(name);
        if (value == nullptr || std::string_view{value}.size() > 512)
            continue;
        begins[count++] = variables_.size();
        variables_ << name << "=" << std::string_view{value} << std::string_view{"", 1};
    }
    static_assert(kept_variables.size() < std::tuple_size_v<decltype(environment_)>);
    environment_ = {};
    for (std::size_t at = 0; at < count; ++at)
        environment_[at] = const_cast<char*>(variables_.c_str()) + begins[at];
}

/// Its memory, for the command: whoever shares it may open that, while of another process the kernel may refuse even
/// its parent's. What is open stays so.
int open_own_memory() noexcept {
    const int fd = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? fd : ::fcntl(fd, F_DUPFD, 4);
}

/// In the child, which shares our memory until it becomes the command.
int CrashCommand::run(void* given) noexcept {
    const Child& child = *static_cast<const Child*>(given);
    constexpr rlimit no_core{0, 0};
    ::prlimit(0, RLIMIT_CORE, &no_core, nullptr);
    // Both above the standard streams first: one may be the other's number.
    const int in = ::fcntl(child.showing.dump_fd, F_DUPFD, 3);
    const int out = ::fcntl(child.showing.output_fd, F_DUPFD, 3);
    const int memory = open_own_memory();
    if (::lseek(in, 0, SEEK_SET) < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0)
        ::_exit(127);
    const bool readable = memory >= 0 && ::dup2(memory, 3) == 3;
    ::syscall(SYS_close_range, readable ? 4u : 3u, ~0u, 0u);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::array<const char*, 11> words{"tasks",    "stack", "--from",    "-",
                                      "--memory", "3",     "--timeout", child.command.patience_.c_str()};
    if (child.showing.each) {
        words[8] = "--full";
        words[9] = "--raw-frames";
    }
    ::execve(child.command.path_.c_str(), const_cast<char* const*>(words.data()), child.command.environment_.data());
    ::_exit(127);
}

/// Its end is seen through its own descriptor: another thread may wait for all children and take its status. Then it is
/// taken to have shown the dump.
bool CrashCommand::ended_well(int pidfd, int pid, std::uint64_t until_ns) noexcept {
    pollfd ended{.fd = pidfd, .events = POLLIN, .revents = 0};
    for (;;) {
        const std::uint64_t now = now_ns();
        const int ready = now < until_ns ? ::poll(&ended, 1, static_cast<int>((until_ns - now) / 1'000'000 + 1)) : 0;
        if (ready > 0)
            break;
        if (ready < 0 && errno == EINTR)
            continue;
        ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0u);
        ::waitpid(pid, nullptr, 0);
        return false;
    }
    int status = 0;
    const pid_t reaped = ::waitpid(pid, &status, WNOHANG);
    return reaped != pid || (WIFEXITED(status) && WEXITSTATUS(status) <= 1); // 1: it found something
}

bool CrashCommand::show(const Showing& showing, std::span<char> stack) const noexcept {
    Child child{*this, showing};
    int descriptor = -1;
    const int pid = ::clone(&CrashCommand::run, stack.data() + (stack.size() & ~std::size_t{15}),
                            CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &descriptor);
    if (pid < 0)
        return false;
    const OwnedFd pidfd{descriptor};
    return ended_well(pidfd.get(), pid, showing.until_ns);
}

} // namespace tasks::agent
