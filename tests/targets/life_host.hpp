// Words of the hosts whose life is compared with and without the agent (tests/scripts/life_host.py). What they print is
// compared byte by byte, but for lines that begin with "pause" and "at": those are for the script alone.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <tasks/agent.hpp>

namespace life {

/// Where it talks with the script: standard output and input, or numbers of which nobody knows.
inline int out = STDOUT_FILENO;
inline int in = STDIN_FILENO;

/// One write(): stdio's buffers would be printed once more by a forked child.
[[gnu::format(printf, 1, 2)]] inline void say(const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0 && ::write(out, line, static_cast<std::size_t>(length)) != length)
        ::_exit(99);
}

/// Open descriptors of this process. By fstat on each number: a directory's listing needs one more.
inline int fds() {
    int open = 0;
    struct stat facts{};
    for (int fd = 0; fd < 1024; ++fd)
        open += ::fstat(fd, &facts) == 0 ? 1 : 0;
    return open;
}

inline int threads() {
    struct stat directory{};
    return ::stat("/proc/self/task", &directory) == 0 ? static_cast<int>(directory.st_nlink) - 2 : -1;
}

/// A thread that was joined is still counted by the kernel for a moment.
inline void wait_for_threads(int expected) {
    constexpr timespec one_wait{.tv_sec = 0, .tv_nsec = 1'000'000};
    for (int waits = 0; waits < 60'000 && threads() > expected; ++waits)
        ::nanosleep(&one_wait, nullptr);
}

/// Of a process with one thread: fds, threads and tasks must be the same with and without the agent.
inline void report(const char* who) {
    wait_for_threads(1);
    say("%s: %d fds, %d threads, %zu tasks\n", who, fds(), threads(), tasks::count());
}

/// Waits until the script has looked: it writes a line to standard input. Its end means: go on, too.
inline void pause(const char* word) {
    say("pause %s %d %d %d\n", word, ::getpid(), fds(), threads());
    char byte = 0;
    while (::read(in, &byte, 1) == 1 && byte != '\n') {
    }
}

/// Says how a child ended.
inline void reap(pid_t child, const char* who) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    say("%s ended: %s %d\n", who, WIFEXITED(status) ? "status" : "signal",
        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/// The words after the program's name; "" where there are fewer.
class Words {
public:
    Words(int count, char** words) : count_(count), words_(words) {}
    const char* operator[](int index) const { return index + 1 < count_ ? words_[index + 1] : ""; }
    bool is(int index, const char* word) const { return std::strcmp((*this)[index], word) == 0; }

private:
    int count_;
    char** words_;
};

} // namespace life
