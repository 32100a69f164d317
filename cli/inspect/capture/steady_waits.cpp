#include "capture/steady_waits.hpp"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "capture/proc_threads.hpp"
#include "capture/wait_facts.hpp"

namespace tasks::inspect {
namespace {

/// One thread that may be steady, between its looks.
struct Candidate {
    ThreadFacts* thread;
    std::string folder; ///< in /proc
    std::string ran;    ///< its schedstat
};

class SecondLook {
public:
    SecondLook(const World& world, const ProcessMemory& memory, const Deadline& deadline)
        : world_(world), memory_(memory), deadline_(deadline) {}

    void add(ThreadFacts& thread, std::string folder) { candidates_.push_back({&thread, std::move(folder), {}}); }

    void take() {
        keep([this](Candidate& one) {
            if (!one.thread->schedstat.empty()) {
                one.ran = one.thread->schedstat;
                return true; // it was there then; that it has not run since shows below
            }
            one.ran = text(one, "schedstat"); // before the call: whoever has run since shows
            return !one.ran.empty() && waits_there(one);
        });
        for (const auto& one : candidates_) {
            one.thread->wait.futex_bytes.clear();
            read_futex_bytes(memory_, one.thread->wait);
        }
        keep([this](Candidate& one) { return waits_there(one) && text(one, "schedstat") == one.ran; });
        for (const auto& one : candidates_) {
            one.thread->wait.steady = !deadline_.passed();
        }
    }

private:
    template <class Holds> void keep(Holds holds) {
        std::erase_if(candidates_, [&](Candidate& one) { return deadline_.passed() || !holds(one); });
    }

    std::string text(const Candidate& one, std::string_view file) const {
        auto read = world_.proc.read_once(one.folder + std::string{file});
        return read ? *std::move(read) : std::string{};
    }

    /// A thread that was woken and has not run yet shows as running here.
    bool waits_there(const Candidate& one) const {
        ThreadFacts now;
        return parse_syscall(text(one, "syscall"), now) && now.syscall == one.thread->syscall &&
               now.arguments == one.thread->arguments && now.sp == one.thread->sp && now.pc == one.thread->pc;
    }

    const World& world_;
    const ProcessMemory& memory_;
    const Deadline& deadline_;
    std::vector<Candidate> candidates_;
};

} // namespace

bool waits_for_ever(const ThreadFacts& thread) {
    return thread.capture == protocol::Capture::captured && thread.wait.futex != 0 && !thread.captured_running() &&
           wait_arguments(thread.syscall, thread.arguments).time_form == TimeForm::for_ever;
}

void find_steady(const World& world, const TaskFolders& folders, const ProcessMemory& memory, const Deadline& deadline,
                 std::span<ThreadFacts> threads) {
    SecondLook look{world, memory, deadline};
    for (auto& thread : threads) {
        if (auto folder = waits_for_ever(thread) ? folders.of(thread.tid) : std::string{}; !folder.empty()) {
            look.add(thread, std::move(folder));
        }
    }
    look.take();
}

std::optional<std::uint64_t> caught_signals(const World& world, std::uint32_t pid) {
    constexpr std::string_view key = "\nSigCgt:\t";
    const auto status = world.proc.read(pid, "status");
    const auto at = status ? status->find(key) : std::string::npos;
    if (at == std::string::npos) {
        return std::nullopt;
    }
    std::uint64_t signals = 0;
    const auto* begin = status->data() + at + key.size();
    const auto end = std::from_chars(begin, status->data() + status->size(), signals, 16);
    return end.ec == std::errc{} ? std::optional{signals} : std::nullopt;
}

} // namespace tasks::inspect
