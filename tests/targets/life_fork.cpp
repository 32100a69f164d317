// life_fork HOW: a host with jobs that makes a child: fork, fork_exit, again, clone, vfork, spawn, exec, exec_agent;
// and what such a child does with jobs of its own and of its parent's.
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>

#include <optional>
#include <string>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "life_host.hpp"

namespace {

extern "C" char** environ;

/// All that a child may do with the agent's objects. `handle` and `agent` are copies of its parent's.
void live(tasks::JobHandle& handle) {
    const tasks::Job job{"of the child"};
    tasks::JobHandle mine{"of the child too"};
    const tasks::Wait wait{tasks::wait_reason::sleep, &handle, "of the child"};
    mine.waits(tasks::wait_reason::timer);
    handle.waits(tasks::wait_reason::timer);
    handle = std::move(mine);
}

void fork_child(std::optional<tasks::Agent>& agent, tasks::JobHandle& handle, bool exits) {
    const pid_t child = ::fork();
    if (child == 0) {
        live(handle);
        life::report("child");
        life::pause("child");
        if (exits)
            std::exit(7); // static objects end in the child too
        agent.reset();
        life::report("child without its agent");
        ::_exit(7);
    }
    life::reap(child, "child");
}

/// The child starts an agent of its own, and forks too.
void child_with_agent(tasks::JobHandle& handle) {
    const pid_t child = ::fork();
    if (child == 0) {
        {
            const tasks::Agent own{{.name = "child"}};
            const tasks::Job job{"of the child"};
            live(handle);
            life::pause("child");
            const pid_t grandchild = ::fork();
            if (grandchild == 0) {
                live(handle);
                life::report("grandchild");
                std::exit(8);
            }
            life::reap(grandchild, "grandchild");
        }
        life::report("child");
        std::exit(7);
    }
    life::reap(child, "child");
}

/// Without any handler of a library: the memory is a copy all the same.
void clone_child(tasks::JobHandle& handle) {
    const auto child = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {
        live(handle);
        life::say("child: %d threads, %zu tasks\n", life::threads(), tasks::count());
        life::pause("child");
        ::_exit(7);
    }
    life::reap(child, "child");
}

char* const list_fds[] = {const_cast<char*>("/bin/ls"), const_cast<char*>("/proc/self/fd"), nullptr};

void vfork_child() {
    const pid_t child = ::vfork();
    if (child == 0) {
        ::execve(list_fds[0], list_fds, environ);
        ::_exit(98);
    }
    life::reap(child, "child");
}

void spawn_child() {
    pid_t child = 0;
    if (::posix_spawn(&child, list_fds[0], nullptr, nullptr, list_fds, environ) != 0)
        life::say("posix_spawn failed\n");
    life::reap(child, "child");
}

/// Another program in the same process: it has the pid and the start time of this one.
void exec_in_place(const char* then) {
    const std::string self = "/proc/self/exe";
    char* const words[] = {const_cast<char*>(self.c_str()), const_cast<char*>(then), nullptr};
    ::execve(self.c_str(), words, environ);
    life::say("exec: %s\n", std::strerror(errno));
}

int after_exec(bool with_agent) {
    life::report("after exec");
    if (!with_agent) {
        life::pause("after");
        return 5;
    }
    {
        const tasks::Agent agent{{.name = "second"}};
        const tasks::Job job{"of the second program"};
        life::pause("after");
    }
    life::report("at the end");
    return 6;
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    if (how.is(0, "after_exec") || how.is(0, "after_exec_agent"))
        return after_exec(how.is(0, "after_exec_agent"));
    std::optional<tasks::Agent> agent{std::in_place, tasks::AgentOptions{.name = "first"}};
    {
        const tasks::Job job{"of the parent"};
        tasks::JobHandle handle{"of the parent too"};
        life::pause("before");
        if (how.is(0, "fork") || how.is(0, "fork_exit"))
            fork_child(agent, handle, how.is(0, "fork_exit"));
        else if (how.is(0, "again"))
            child_with_agent(handle);
        else if (how.is(0, "clone"))
            clone_child(handle);
        else if (how.is(0, "vfork"))
            vfork_child();
        else if (how.is(0, "spawn"))
            spawn_child();
        else if (how.is(0, "exec"))
            exec_in_place("after_exec");
        else if (how.is(0, "exec_agent"))
            exec_in_place("after_exec_agent");
        else
            return 2;
        life::pause("parent");
    }
    agent.reset();
    life::report("parent");
    return 3;
}
