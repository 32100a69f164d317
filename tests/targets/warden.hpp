// A warden sees every system call of a host process before the kernel does, says which part of the agent made it, and
// may refuse it with an errno: SECCOMP_RET_USER_NOTIF (seccomp_unotify(2), Linux 5.5), so no ptrace and no strace.
// The host is a function, run in a forked child, which tells by mark() what the calling thread does for the agent. A
// thread that first appears while one is marked `start` is the agent's. Calls that nobody marked are the host's own.
// The process that makes a Warden has no other threads then. Not for hosts that fork or exec.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace tasks::test {

/// Who calls.
enum class Part : std::uint8_t {
    host,    ///< what is none of the agent's business
    start,   ///< the thread that makes the Agent
    serving, ///< the agent's thread
    stop,    ///< the thread that destroys it
    threads, ///< threads of the host in count(), jobs and waits
    profile, ///< a thread of the host in write_profile()
};
inline constexpr std::array part_names{"host", "start", "serving", "stop", "threads", "profile"};

/// In the host: what the calling thread does from now on. Nothing where no warden looks.
void mark(Part part) noexcept;

struct SeenCall {
    Part part = Part::host;
    pid_t tid = 0;
    int number = 0;
    std::array<std::uint64_t, 6> arguments{};
    std::string path; ///< of calls that take one as their second argument
};

class Warden {
public:
    /// What a call is answered with: 0 it is made, `later` it waits and is judged again when something else was called,
    /// else it fails with that errno. Called on the warden's thread.
    using Judge = std::function<int(const SeenCall&)>;
    static constexpr int later = -1;

    /// Forks; the child runs `host` under the warden's eyes and ends with what it returns.
    Warden(const std::function<int()>& host, Judge judge);
    /// Kills the host if it still runs.
    ~Warden();
    Warden(const Warden&) = delete;
    Warden& operator=(const Warden&) = delete;

    /// False where the kernel, or a filter around us, allows no such thing: the host did not run.
    bool works() const noexcept { return listener_ >= 0; }

    pid_t pid() const noexcept { return pid_; }
    pid_t agent_tid() const noexcept { return agent_tid_.load(); }
    std::uint64_t agent_calls() const noexcept { return agent_calls_.load(); }

    /// Waits for the host's end: its exit status, minus the signal that ended it, or -1000 when it had to be killed
    /// after `seconds`.
    int wait(int seconds);

private:
    struct Held {
        std::uint64_t id = 0;
        SeenCall call;
    };
    void watch();
    void take();
    bool answer(const Held& held);
    Part part_of(const SeenCall& call);

    Judge judge_;
    pid_t pid_ = -1;
    int listener_ = -1;
    bool ended_ = false;
    std::map<pid_t, Part> parts_;
    std::vector<Held> held_;
    std::atomic<pid_t> agent_tid_{0};
    std::atomic<std::uint64_t> agent_calls_{0};
    std::thread thread_;
};

} // namespace tasks::test
