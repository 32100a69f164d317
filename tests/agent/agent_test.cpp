#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <set>

#include <tasks/job.hpp>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

// ThreadSanitizer ends a forked child that starts a thread, unless told that this is meant.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace {

std::set<std::string> thread_names() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream comm{entry.path() / "comm"};
        std::string name;
        if (std::getline(comm, name))
            names.insert(name);
    }
    return names;
}

} // namespace

TEST_CASE("a started agent has a socket and a table that only its user may open") {
    const OwnAgent own{{.name = "payments"}};
    const std::string socket = own.directory().only(protocol::socket_suffix);
    const std::string table = own.directory().only(protocol::table_suffix);
    REQUIRE_FALSE(socket.empty());
    REQUIRE_FALSE(table.empty());
    for (const std::string& path : {socket, table}) {
        struct stat facts{};
        REQUIRE(::stat(path.c_str(), &facts) == 0);
        CHECK((facts.st_mode & 0777) == (path == socket ? 0600 : 0400)); // a table that is cut is a SIGBUS for the host
    }
    CHECK(own.table().facts.name == "payments");
    CHECK(own.table().facts.pid == static_cast<std::uint32_t>(::getpid()));
}

TEST_CASE("a stopped agent leaves no file, no fd and no thread") {
    {
        const OwnAgent warm;
    } // the process-wide page and key are made once
    const std::size_t fds = open_fds();
    OwnDirectory directory;
    {
        const Agent agent{{.directory = directory.path()}};
        CHECK(agent.error().empty());
        CHECK(thread_names().contains("tasks-agent"));
        CHECK(directory.files().size() == 2);
    }
    CHECK(directory.files().empty());
    CHECK(open_fds() == fds);
    CHECK(eventually([] { return !thread_names().contains("tasks-agent"); }));
}

TEST_CASE("a second agent joins the first, and the last to go stops it") {
    OwnDirectory directory;
    OwnDirectory other;
    auto first = std::make_unique<Agent>(AgentOptions{.directory = directory.path()});
    auto second = std::make_unique<Agent>(AgentOptions{.directory = other.path()});
    CHECK(second->error().empty());
    CHECK(other.files().empty());
    first.reset();
    CHECK(directory.files().size() == 2);
    second.reset();
    CHECK(directory.files().empty());
}

TEST_CASE("TASKS_AGENT=off disables the agent, and it says so") {
    ::setenv("TASKS_AGENT", "off", 1);
    OwnDirectory directory;
    const Agent agent{{.directory = directory.path()}};
    ::unsetenv("TASKS_AGENT");
    CHECK(agent.error() == "switched off by TASKS_AGENT=off");
    CHECK(directory.files().empty());
}

TEST_CASE("a directory that others may write in is refused by name") {
    OwnDirectory directory;
    REQUIRE(::chmod(directory.path().c_str(), 0777) == 0);
    const Agent agent{{.directory = directory.path()}};
    CHECK_THAT(std::string(agent.error()), Catch::Contains(directory.path()) && Catch::Contains("others can write"));
    CHECK(count() >= 1);
}

TEST_CASE("a directory that cannot be made is told with the way out") {
    const Agent agent{{.directory = "/proc/nowhere/at/all"}};
    CHECK_THAT(std::string(agent.error()),
               Catch::Contains("/proc/nowhere/at/all") && Catch::EndsWith("; give another one that you own"));
}

TEST_CASE("a directory that is not absolute is refused") {
    const Agent agent{{.directory = "agents"}};
    CHECK(agent.error() == "directory agents: not an absolute path; give one that begins with /");
}

TEST_CASE("the agent's thread has all signals blocked and the host's mask stays as it was") {
    sigset_t before;
    REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &before) == 0);
    const OwnAgent own;
    sigset_t after;
    REQUIRE(::pthread_sigmask(SIG_SETMASK, nullptr, &after) == 0);
    for (int signal = 1; signal < 32; ++signal)
        CHECK(sigismember(&before, signal) == sigismember(&after, signal));
    std::ifstream status{"/proc/self/task/" + std::to_string(own.table().facts.agent_tid) + "/status"};
    std::string line;
    while (std::getline(status, line) && !line.starts_with("SigBlk:")) {
    }
    // All but KILL, STOP and the two that glibc keeps for itself (32, 33).
    CHECK(std::stoull(line.substr(8), nullptr, 16) == 0xfffffffe7ffbfeffull);
}

TEST_CASE("a forked child is inert: it neither writes the parent's table nor removes its files") {
    const OwnAgent own;
    const Job job{"of the parent"};
    JobHandle handle{"of the parent too"};
    const int status = in_child([&] {
        const Job mine{"of the child"};
        const JobHandle also{"of the child"};
        handle.waits(wait_reason::sleep);
        handle = JobHandle{};
        return count() == 1 ? 0 : 1;
    });
    CHECK(status == 0);
    const SeenTable table = own.table();
    CHECK(table.tasks.size() == 2);
    CHECK(table.named("of the child").empty());
    CHECK(table.named("of the parent too").at(0).task.state == protocol::State::runnable);
    CHECK(own.directory().files().size() == 2);
}

#ifndef __SANITIZE_THREAD__ // which knows no threads in a child of a process with threads
TEST_CASE("a forked child may start an agent of its own") {
    const OwnAgent own;
    OwnDirectory directory;
    const int status = in_child([&] {
        const Agent agent{{.directory = directory.path()}};
        const Job job{"of the child"};
        if (!agent.error().empty() || directory.files().size() != 2)
            return 1;
        return read_table(directory.only(protocol::table_suffix)).named("of the child").size() == 1 ? 0 : 2;
    });
    CHECK(status == 0);
    CHECK(own.table().tasks.empty());
}
#endif

TEST_CASE("exit() with an agent alive removes its files, a kill leaves the table") {
    OwnDirectory directory;
    CHECK(in_child([&] {
              static const auto* agent = new Agent{{.directory = directory.path()}};
              std::exit(agent->error().empty() ? 0 : 1);
              return 2;
          }) == 0);
    CHECK(directory.files().empty());
    CHECK(in_child([&] {
              const Agent agent{{.directory = directory.path()}};
              const Job job{"last words"};
              ::raise(SIGKILL);
              return 0;
          }) == -SIGKILL);
    const std::string table = directory.only(protocol::table_suffix);
    REQUIRE_FALSE(table.empty());
    CHECK(read_table(table).named("last words").size() == 1);
}

TEST_CASE("tables of dead processes are kept, the newest eight; their sockets go") {
    OwnDirectory directory;
    for (int i = 0; i < 11; ++i)
        in_child([&] {
            const Agent agent{{.directory = directory.path()}};
            ::raise(SIGKILL);
            return 0;
        });
    const Agent agent{{.directory = directory.path()}};
    std::size_t tables = 0;
    std::size_t sockets = 0;
    for (const std::string& name : directory.files()) {
        tables += name.ends_with(protocol::table_suffix) ? 1u : 0u;
        sockets += name.ends_with(protocol::socket_suffix) ? 1u : 0u;
    }
    CHECK(tables == 8 + 1);
    CHECK(sockets == 1);
}

TEST_CASE("no fd of the agent is below 3 or survives exec, though the host has closed its standard ones") {
    OwnDirectory directory;
    const int status = in_child([&] {
        for (int fd = 0; fd < 256; ++fd)
            ::close(fd);
        const Agent agent{{.directory = directory.path()}};
        int found = 0;
        for (int fd = 0; fd < 256; ++fd) {
            const int flags = ::fcntl(fd, F_GETFD);
            if (flags != -1 && (fd < 3 || (flags & FD_CLOEXEC) == 0))
                return 100 + fd;
            found += flags != -1 ? 1 : 0;
        }
        return agent.error().empty() && found > 0 ? 0 : 1;
    });
    CHECK(status == 0);
}

TEST_CASE("starting and stopping a hundred times leaves nothing behind") {
    OwnDirectory directory;
    std::size_t fds = 0;
    for (int i = 0; i < 100; ++i) {
        const Agent agent{{.directory = directory.path()}};
        REQUIRE(agent.error().empty());
        const Job job{"again"};
        if (i == 0)
            fds = open_fds();
        REQUIRE(open_fds() == fds);
    }
    CHECK(directory.files().empty());
}
