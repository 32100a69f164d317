// life_ids HOW: a host, started by root, that changes who or where it is: setuid UID, threads UID (the same with many
// threads), seteuid UID (and back), other OLD NEW, chroot DIR, chdir DIR, unshare_before, unshare_after.
#include <sched.h>
#include <sys/prctl.h>

#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "life_host.hpp"

namespace {

uid_t uid_of(const char* word) { return static_cast<uid_t>(std::strtoul(word, nullptr, 10)); }

void expect(const char* what, int result) { life::say("%s: %s\n", what, result == 0 ? "done" : std::strerror(errno)); }

/// As a daemon gives up root for good; it is not dumpable after that.
void drop(uid_t uid) {
    expect("setresgid", ::setresgid(uid, uid, uid));
    expect("setresuid", ::setresuid(uid, uid, uid));
    expect("setuid(0)", ::setuid(0));
    expect("not dumpable", ::prctl(PR_SET_DUMPABLE, 0));
}

int set_uid(uid_t uid) {
    {
        const tasks::Agent agent;
        const tasks::Job job{"of a service"};
        life::pause("root");
        drop(uid);
        life::pause("dropped");
    }
    life::report("after");
    return 0;
}

int with_threads(uid_t uid) {
    {
        const tasks::Agent agent;
        std::latch begun{50};
        std::latch end{1};
        std::vector<std::jthread> threads;
        for (int at = 0; at < 50; ++at)
            threads.emplace_back([&] {
                const tasks::Job job{"of a service"};
                begun.count_down();
                end.wait();
            });
        begun.wait();
        life::pause("root");
        for (int at = 0; at < 100; ++at)
            if (::seteuid(uid) != 0 || ::seteuid(0) != 0)
                expect("seteuid", -1);
        drop(uid);
        life::pause("dropped");
        end.count_down();
    }
    life::report("after");
    return 0;
}

/// For a time: the files can be removed at the end.
int set_euid(uid_t uid) {
    {
        const tasks::Agent agent;
        const tasks::Job job{"of a service"};
        expect("seteuid", ::seteuid(uid));
        life::pause("effective");
        expect("seteuid(0)", ::seteuid(0));
        life::pause("root");
    }
    life::report("after");
    return 0;
}

/// The agent starts as one user, the host becomes another one.
int other(uid_t from, uid_t to) {
    expect("seteuid", ::seteuid(from));
    std::optional<tasks::Agent> agent{std::in_place};
    const tasks::Job job{"of a service"};
    life::pause("from");
    expect("seteuid(0)", ::seteuid(0));
    expect("setresuid", ::setresuid(to, to, to));
    life::pause("to");
    agent.reset();
    return 0;
}

int in_directory(const char* directory, bool root) {
    {
        const tasks::Agent agent;
        const tasks::Job job{"of a jailed service"};
        life::pause("before");
        expect("chdir", ::chdir(directory));
        if (root)
            expect("chroot", ::chroot("."));
        life::pause("jailed");
    }
    life::say("after: %d fds\n", life::fds());
    return 0;
}

void put(const char* path, const char* text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, text, std::strlen(text)) < 0)
        life::say("%s: %s\n", path, std::strerror(errno));
    ::close(fd);
}

int unshare_before() {
    expect("unshare", ::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS));
    put("/proc/self/uid_map", "0 0 1");
    {
        const tasks::Agent agent;
        const tasks::Job job{"of a container"};
        life::pause("running");
    }
    life::report("after");
    return 0;
}

/// What no process with a second thread can do is for the script to compare: "at" lines.
int unshare_after() {
    std::optional<tasks::Agent> agent{std::in_place};
    const auto tell = [](const char* what, int result) {
        life::say("at %s %s\n", what, result == 0 ? "done" : std::strerror(errno));
    };
    const int mounts = ::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    const int host_name = ::open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    tell("setns_mount", ::setns(mounts, CLONE_NEWNS));
    expect("setns uts", ::setns(host_name, CLONE_NEWUTS));
    expect("unshare net, uts, ipc", ::unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC));
    expect("unshare mounts", ::unshare(CLONE_NEWNS)); // and the file system's root and place with them
    expect("setns mount", ::setns(mounts, CLONE_NEWNS));
    life::pause("unshared");
    tell("unshare_user", ::unshare(CLONE_NEWUSER)); // last: who is in a new one has no say in the others
    agent.reset();
    tell("unshare_user_without", ::unshare(CLONE_NEWUSER));
    return 0;
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    if (how.is(0, "setuid"))
        return set_uid(uid_of(how[1]));
    if (how.is(0, "threads"))
        return with_threads(uid_of(how[1]));
    if (how.is(0, "seteuid"))
        return set_euid(uid_of(how[1]));
    if (how.is(0, "other"))
        return other(uid_of(how[1]), uid_of(how[2]));
    if (how.is(0, "chroot") || how.is(0, "chdir"))
        return in_directory(how[1], how.is(0, "chroot"));
    if (how.is(0, "unshare_before"))
        return unshare_before();
    return how.is(0, "unshare_after") ? unshare_after() : 2;
}
