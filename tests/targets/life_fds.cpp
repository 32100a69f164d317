// life_fds HOW: a host that has few descriptors, or closes them: closed (0, 1 and 2, before the agent starts),
// limit N (RLIMIT_NOFILE), close_all (all that it does not know, while the agent runs; its own files get the numbers).
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <vector>

#include <tasks/job.hpp>

#include "life_host.hpp"

namespace {

void say_error(const tasks::Agent& agent) {
    life::say("at error: %.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
}

/// Numbers beyond those that a daemon closes, to talk with the script.
void talk_on_high_numbers() {
    life::out = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 900);
    life::in = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 901);
}

int closed() {
    talk_on_high_numbers();
    for (const int fd : {0, 1, 2})
        ::close(fd);
    {
        const tasks::Agent agent;
        say_error(agent);
        const tasks::Job job{"of a daemon"};
        for (int at = 0; at < 3; ++at)
            life::say("opens %d\n", ::open("/dev/null", O_RDWR | O_CLOEXEC));
        life::pause("running");
    }
    life::report("after");
    return 0;
}

int limit(rlim_t most) {
    const rlimit few{.rlim_cur = most, .rlim_max = most};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0)
        return 2;
    {
        const tasks::Agent agent;
        say_error(agent);
        const tasks::Job job{"with few descriptors"};
        tasks::JobHandle handle{"queued"};
        life::pause(agent.error().empty() ? "running" : "without");
    }
    life::report("after");
    return 0;
}

/// What a host may have: files, pipes, connections and listening sockets, in which something lies.
class Files {
public:
    static constexpr int sets = 10;

    Files() {
        for (int set = 0; set < sets; ++set)
            open_one();
    }
    /// True: all is in them as it was put in.
    bool untouched() const {
        bool good = true;
        for (const Set& set : sets_)
            good = good && holds(set.file, "of the file") && reads(set.pipe[0], "of the pipe") &&
                   reads(set.pair[0], "of the pair") && reads(set.pair[1], "of the other end") && accepts(set.listener);
        return good;
    }

private:
    struct Set {
        int file = -1;
        int pipe[2]{-1, -1};
        int pair[2]{-1, -1};
        int listener = -1;
        int connection = -1;
    };

    static bool put(int fd, const std::string& text) {
        return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    }
    static bool reads(int fd, const std::string& text) {
        char buffer[100];
        return ::read(fd, buffer, sizeof buffer) == static_cast<ssize_t>(text.size()) &&
               std::memcmp(buffer, text.data(), text.size()) == 0;
    }
    static bool holds(int fd, const std::string& text) {
        struct stat facts{};
        return ::fstat(fd, &facts) == 0 && facts.st_size == static_cast<off_t>(text.size()) &&
               ::lseek(fd, 0, SEEK_CUR) == facts.st_size && ::lseek(fd, 0, SEEK_SET) == 0 && reads(fd, text);
    }
    static bool accepts(int listener) {
        const int fd = ::accept(listener, nullptr, nullptr);
        return fd >= 0 && ::close(fd) == 0;
    }

    void open_one() {
        Set& set = sets_[used_++];
        set.listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socklen_t bytes = sizeof(sa_family_t); // the kernel finds a name
        auto* name = reinterpret_cast<sockaddr*>(&address);
        ::bind(set.listener, name, bytes);
        bytes = sizeof address;
        ::getsockname(set.listener, name, &bytes);
        ::listen(set.listener, 4);
        set.file = ::memfd_create("host", MFD_CLOEXEC);
        set.connection = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool good = ::connect(set.connection, name, bytes) == 0 && ::pipe(set.pipe) == 0 &&
                          ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, set.pair) == 0 &&
                          put(set.file, "of the file") && put(set.pipe[1], "of the pipe") &&
                          put(set.pair[1], "of the pair") && put(set.pair[0], "of the other end");
        if (!good)
            life::say("the host cannot open its files: %s\n", std::strerror(errno));
    }

    Set sets_[sets];
    int used_ = 0;
};

int close_all() {
    talk_on_high_numbers();
    std::optional<tasks::Agent> agent{std::in_place};
    const tasks::Job job{"of a daemon"};
    std::vector<tasks::JobHandle> jobs;
    life::pause("before");
    for (int fd = 3; fd < 900; ++fd)
        ::close(fd);
    const Files files;
    // More than the table has room for at first: the agent's thread is called to make some.
    for (int at = 0; at < 20'000; ++at)
        jobs.emplace_back("queued");
    life::pause("after");
    jobs.clear();
    agent.reset();
    life::say("the host's files are %s\n", files.untouched() ? "untouched" : "touched");
    life::report("after");
    return 0;
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    if (how.is(0, "closed"))
        return closed();
    if (how.is(0, "limit"))
        return limit(std::strtoul(how[1], nullptr, 10));
    return how.is(0, "close_all") ? close_all() : 2;
}
