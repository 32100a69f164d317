#include "unwind/debug_servers.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace tasks::inspect {

namespace {

constexpr const char* library = "libdebuginfod.so.1";
constexpr int no_library = -1; // in place of an errno

std::uint64_t now_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// The interface of elfutils/debuginfod.h since 0.178: an open descriptor, or an errno below zero.
int find_debuginfo(const std::string& build_id) {
    void* loaded = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr)
        return no_library;
    using Begin = void*();
    using Find = int(void*, const unsigned char*, int, char**);
    auto* begin = reinterpret_cast<Begin*>(::dlsym(loaded, "debuginfod_begin"));
    auto* find = reinterpret_cast<Find*>(::dlsym(loaded, "debuginfod_find_debuginfo"));
    void* client = begin == nullptr || find == nullptr ? nullptr : begin();
    if (client == nullptr)
        return no_library;
    return find(client, reinterpret_cast<const unsigned char*>(build_id.data()), static_cast<int>(build_id.size()),
                nullptr);
}

int remove_entry(const char* path, const struct stat*, int, FTW*) {
    ::remove(path);
    return 0;
}

// The library keeps what it fetched below HOME. Where that is not ours to write, since we became the target's user,
// what is fetched goes to a directory of its own and lives no longer than its descriptor.
int find_with_cache(const std::string& build_id) {
    const char* home = std::getenv("HOME");
    const bool has_cache = std::getenv("DEBUGINFOD_CACHE_PATH") != nullptr || std::getenv("XDG_CACHE_HOME") != nullptr;
    if (has_cache || (home != nullptr && ::access(home, W_OK | X_OK) == 0))
        return find_debuginfo(build_id);
    char directory[] = "/tmp/tasks-debuginfod-XXXXXX";
    if (::mkdtemp(directory) == nullptr)
        return -errno;
    ::setenv("DEBUGINFOD_CACHE_PATH", directory, 1);
    const int found = find_debuginfo(build_id);
    ::nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return found;
}

union ControlRoom {
    cmsghdr aligned;
    char bytes[CMSG_SPACE(sizeof(int))];
};

msghdr message_of(int& status, iovec& content, ControlRoom& control) {
    content = {&status, sizeof status};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    return message;
}

[[noreturn]] void serve(int socket, const std::string& build_id) {
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC); // the library reports its progress to a terminal
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    const int fd = find_with_cache(build_id);
    int status = fd < 0 ? -fd : 0;
    if (fd == no_library)
        status = no_library;
    iovec content{};
    ControlRoom control{};
    msghdr message = message_of(status, content, control);
    if (fd >= 0) {
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    } else {
        message.msg_controllen = 0;
    }
    ::sendmsg(socket, &message, MSG_NOSIGNAL);
    ::_exit(0);
}

struct Answer {
    int status = ETIMEDOUT;
    int fd = -1;
};

Answer receive(int socket, std::uint64_t left_ns) {
    const std::uint64_t end = now_ns() + left_ns;
    pollfd readable{socket, POLLIN, 0};
    int ready = 0;
    do {
        const std::uint64_t now = now_ns();
        ready = now >= end ? 0 : ::poll(&readable, 1, static_cast<int>((end - now) / 1'000'000 + 1));
    } while (ready < 0 && errno == EINTR);
    Answer answer;
    if (ready <= 0)
        return answer;
    iovec content{};
    ControlRoom control{};
    msghdr message = message_of(answer.status, content, control);
    if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof answer.status)
        return {EPIPE, -1};
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
        std::memcpy(&answer.fd, CMSG_DATA(header), sizeof answer.fd);
    return answer;
}

Answer ask(const std::string& build_id, std::uint64_t left_ns) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return {errno, -1};
    const pid_t child = ::fork();
    if (child == 0)
        serve(ends[1], build_id);
    ::close(ends[1]);
    const Answer answer = child < 0 ? Answer{errno, -1} : receive(ends[0], left_ns);
    ::close(ends[0]);
    if (child > 0) {
        ::kill(child, SIGKILL);
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    return answer;
}

} // namespace

std::uint64_t DebugServers::left_ns() {
    const std::uint64_t now = now_ns();
    if (deadline_ns_ == 0)
        deadline_ns_ = now + patience_ns_;
    return now < deadline_ns_ ? deadline_ns_ - now : 0;
}

void DebugServers::tell(const std::string& cause) {
    given_up_ = true; // another file would meet the same
    problem_ = "debuginfod: " + cause;
}

std::optional<OpenFile> DebugServers::debug_file(const std::string& build_id) {
    const char* servers = std::getenv("DEBUGINFOD_URLS");
    if (given_up_ || build_id.size() < 2)
        return std::nullopt;
    if (servers == nullptr || *servers == '\0') {
        tell("no server is known; set DEBUGINFOD_URLS, to https://debuginfod.debian.net/ for instance");
        return std::nullopt;
    }
    const Answer answer = ask(build_id, left_ns());
    if (answer.status == no_library)
        tell("libdebuginfod.so.1 is not there; install it (libdebuginfod1 of Debian)");
    else if (answer.status == ETIMEDOUT)
        tell("no answer from " + std::string{servers} + " within " + std::to_string(patience_ns_ / 1'000'000'000) +
             " s for all files: debug information is missing; give more time with --timeout");
    else if (answer.status != 0 && answer.status != ENOENT)
        tell(std::string{servers} + ": " + std::strerror(answer.status) +
             ": debug information is missing; see that the server can be reached");
    if (answer.fd < 0)
        return std::nullopt;
    auto file = OpenFile::taken(answer.fd);
    return file ? std::optional{*std::move(file)} : std::nullopt;
}

} // namespace tasks::inspect
