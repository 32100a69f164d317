#include "capture/stopped_process.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/mortal_child.hpp"
#include "capture/traced_stop.hpp"

namespace tasks::inspect {

/// One thread, in memory that parent and child share.
struct StoppedProcess::Held {
    std::uint32_t tid;
    bool stands;
    int signal; ///< that it must be given on its way; 0: none
    RunningRegisters registers;
};

struct StoppedProcess::Memory {
    struct Head {
        std::size_t count;
        int error; ///< 0, or why none can be held
    };
    static constexpr std::size_t max_threads = 65536;

    SharedMemory shared{sizeof(Head) + max_threads * sizeof(Held)};

    Head& head() const noexcept { return *static_cast<Head*>(static_cast<void*>(shared.begin())); }
    std::span<Held> all() const noexcept {
        return {static_cast<Held*>(static_cast<void*>(shared.begin() + sizeof(Head))), max_threads};
    }
    std::span<Held> used() const noexcept { return all().first(head().count); }
};

namespace {

constexpr int most_rounds = 10;           ///< threads start while others are being held
constexpr int patience_of_round_ms = 100; ///< for threads that cannot be held; the others take microseconds
constexpr std::uint64_t millisecond_ns = 1'000'000;

/// What the child does.
template <class Memory, class Held> class Stopper {
public:
    Stopper(const World& world, std::uint32_t pid, Memory& memory) : world_(world), pid_(pid), memory_(memory) {}

    void stop_all() {
        for (int round = 0; round < most_rounds && seize_new(); ++round) {
            await_all();
        }
    }

    void let_go() {
        for (auto& thread : memory_.used()) {
            if (thread.stands) {
                ::ptrace(PTRACE_DETACH, static_cast<pid_t>(thread.tid), nullptr, thread.signal);
            }
        }
    }

private:
    /// True: there were new threads, and some of them could be asked to stop.
    bool seize_new() {
        const auto tids = world_.proc.numbers(std::to_string(pid_) + "/task", Memory::max_threads);
        bool any = false;
        for (const auto tid : tids ? *tids : std::vector<std::uint32_t>{}) {
            if (!by_tid_.contains(tid) && memory_.head().count < Memory::max_threads) {
                any = seize(tid) || any;
            }
        }
        return any;
    }

    bool seize(std::uint32_t tid) { // of a thread that is new
        const auto thread = static_cast<pid_t>(tid);
        if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
            if (errno != ESRCH && memory_.head().count == 0) {
                memory_.head().error = errno;
            }
            return false;
        }
        by_tid_.emplace(tid, memory_.head().count);
        memory_.all()[memory_.head().count++] = {tid, false, 0, {}};
        ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
        ++awaited_;
        return true;
    }

    void await_all() {
        const Deadline deadline{*world_.clock, patience_of_round_ms * millisecond_ns};
        while (awaited_ > 0 && !deadline.passed()) {
            int status = 0;
            const auto tid = ::waitpid(-1, &status, __WALL | WNOHANG);
            if (tid > 0) {
                take(static_cast<std::uint32_t>(tid), status);
            } else if (tid < 0) {
                return; // none is left
            } else {
                ::usleep(50); // 20 looks a millisecond
            }
        }
    }

    void take(std::uint32_t tid, int status) {
        const auto at = by_tid_.find(tid);
        if (at == by_tid_.end() || memory_.all()[at->second].stands) {
            return; // one that began while its creator was held already belongs to the next round
        }
        --awaited_;
        if (!WIFSTOPPED(status)) {
            return; // it has ended
        }
        auto& thread = memory_.all()[at->second];
        if (const auto registers = read_registers(static_cast<pid_t>(tid))) {
            thread.registers = *registers;
        }
        thread.signal = signal_of_stop(status);
        thread.stands = true;
    }

    const World& world_;
    std::uint32_t pid_;
    Memory& memory_;
    std::unordered_map<std::uint32_t, std::size_t> by_tid_;
    std::size_t awaited_ = 0; ///< seized, and neither standing nor ended
};

/// True: something came, or the other end was closed.
bool wait_for(int fd, int milliseconds) {
    pollfd one{fd, POLLIN, 0};
    int result = 0;
    while ((result = ::poll(&one, 1, milliseconds)) < 0 && errno == EINTR) {
    }
    return result > 0;
}

} // namespace

StoppedProcess::StoppedProcess() noexcept = default;
StoppedProcess::StoppedProcess(StoppedProcess&& other) noexcept
    : memory_(std::move(other.memory_)), release_(std::move(other.release_)), ended_(std::move(other.ended_)),
      child_(std::exchange(other.child_, -1)), since_ns_(other.since_ns_) {}

StoppedProcess::~StoppedProcess() {
    if (child_ <= 0) {
        return;
    }
    release_.reset();
    if (ended_) {
        wait_for(ended_.get(), patience_of_round_ms); // to the last that it lets go; else the kernel does
    }
    end_child(child_);
}

Result<StoppedProcess, int> StoppedProcess::stop(const World& world, std::uint32_t pid, const Deadline& deadline) {
    StoppedProcess stopped;
    stopped.memory_ = std::make_unique<Memory>();
    auto release = make_pipe();
    if (!stopped.memory_->shared || !release) {
        return Failure{!release ? release.error() : ENOMEM};
    }
    const auto parent = ::getpid();
    auto child = start_child([&](int tells) {
        release->writing.reset();
        if (be_mortal(parent, deadline.left_ns())) {
            Stopper<Memory, Held> stopper{world, pid, *stopped.memory_};
            stopper.stop_all();
            const char ready = 1;
            static_cast<void>(::write(tells, &ready, 1));
            wait_for(release->reading.get(), -1); // or the alarm
            stopper.let_go();
        }
    });
    if (!child) {
        return Failure{child.error()};
    }
    stopped.child_ = child->pid;
    stopped.release_ = std::move(release->writing);
    stopped.ended_ = std::move(child->pipe);
    char ready = 0;
    if (!wait_for(stopped.ended_.get(), deadline.left_ms()) || ::read(stopped.ended_.get(), &ready, 1) != 1) {
        return Failure{ETIMEDOUT};
    }
    const auto& head = stopped.memory_->head();
    if (head.count == 0) {
        return Failure{head.error != 0 ? head.error : ESRCH};
    }
    std::ranges::sort(stopped.memory_->used(), {}, &Held::tid); // the child only reads them from now on
    stopped.since_ns_ = world.clock->monotonic_ns();
    return stopped;
}

const RunningRegisters* StoppedProcess::registers_of(std::uint32_t tid) const {
    const auto threads = memory_->used();
    const auto found = std::ranges::lower_bound(threads, tid, {}, &Held::tid);
    return found != threads.end() && found->tid == tid && found->stands ? &found->registers : nullptr;
}

std::size_t StoppedProcess::held() const noexcept {
    return static_cast<std::size_t>(std::ranges::count(memory_->used(), true, &Held::stands));
}

} // namespace tasks::inspect
