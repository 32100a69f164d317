// `tasks leaks TARGET`: which tasks leak, and why? One look where an agent's table tells the past, else several.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>

#include <unistd.h>

#include "capture/permission_cause.hpp"
#include "capture/proc_stat.hpp"
#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t usual_watch_ns = 10 * second_ns;
constexpr std::uint32_t looks_in_all = 6; // a step of growth between each: enough to tell a trend from a burst

/// What of it may change: a file does not, nor does what is dead.
bool may_change(const inspect::Snapshot& snapshot) {
    const auto& process = snapshot.process;
    return process.agent != inspect::AgentState::dead && process.from.kind == inspect::FileKind::none;
}

/// The table tells the past of what is registered there.
bool tells_past(const inspect::Snapshot& snapshot) {
    return snapshot.past && snapshot.vitals.jobs_started.value_or(0) != 0 &&
           snapshot.taken_at_ns >= snapshot.past->began_ns + inspect::least_past_ns;
}

std::uint64_t watch_of(const Invocation& asked, const inspect::Snapshot& snapshot) {
    if (!may_change(snapshot)) {
        return 0;
    }
    return asked.watch_ns.value_or(tells_past(snapshot) ? 0 : usual_watch_ns);
}

/// The looks after the first, at equal distances. Says on a terminal what it is waiting for.
class Watch {
public:
    /// From `first` on.
    Watch(const inspect::World& world, const Invocation& asked, const inspect::CaptureOptions& options,
          const inspect::Snapshot& first, std::uint64_t for_ns)
        : world_(world), asked_(asked), options_(options), pid_(first.process.pid),
          start_time_ticks_(first.process.start_time_ticks), began_ns_(first.taken_at_ns), for_ns_(for_ns),
          on_terminal_(::isatty(STDERR_FILENO) == 1) {}
    ~Watch() { wipe(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    std::optional<inspect::Snapshot> next(LookKind kind) {
        if (kind == LookKind::watching && ++taken_ >= looks_in_all) {
            return std::nullopt;
        }
        sleep_until(kind == LookKind::watching ? began_ns_ + for_ns_ / (looks_in_all - 1) * taken_
                                               : world_.clock->monotonic_ns() + inspect::confirming_pause_ns);
        auto snapshot = lives() ? capture_target(world_, asked_, options_) : ended();
        if (snapshot && !is_it(snapshot->process.pid, snapshot->process.start_time_ticks)) {
            snapshot = ended(); // another one has its name by now
        }
        if (snapshot) {
            return *std::move(snapshot);
        }
        why_ended_ = why_ended_.empty() ? snapshot.error().sentence : why_ended_;
        return std::nullopt; // judged by what was seen
    }

    /// Before its time; "" it has not.
    const std::string& why_ended() const noexcept { return why_ended_; }

private:
    bool is_it(std::uint32_t pid, std::uint64_t start_time_ticks) const {
        return pid == pid_ && start_time_ticks == start_time_ticks_;
    }

    bool lives() const {
        const auto stat = inspect::read_stat(world_.proc, pid_);
        return stat && is_it(pid_, stat->start_time_ticks) && !stat->ended();
    }

    Result<inspect::Snapshot, inspect::Error> ended() const {
        return Failure{
            inspect::Error{inspect::Trouble::not_inspectable, "process " + std::to_string(pid_) + " has ended"}};
    }

    void sleep_until(std::uint64_t moment_ns) {
        for (auto now = world_.clock->monotonic_ns(); now < moment_ns && lives(); now = world_.clock->monotonic_ns()) {
            tell(now);
            const auto left = std::min(moment_ns - now, second_ns);
            const std::timespec pause{static_cast<std::time_t>(left / second_ns), static_cast<long>(left % second_ns)};
            ::nanosleep(&pause, nullptr);
        }
    }

    void tell(std::uint64_t now_ns) {
        if (on_terminal_) {
            const auto left = began_ns_ + for_ns_ - std::min(now_ns, began_ns_ + for_ns_);
            std::fprintf(stderr, "\rlooking whether tasks grow: %llus to go (--for 0: one look) ",
                         static_cast<unsigned long long>((left + second_ns - 1) / second_ns));
            told_ = true;
        }
    }

    void wipe() const {
        if (told_) {
            std::fputs("\r\x1b[K", stderr);
        }
    }

    const inspect::World& world_;
    const Invocation& asked_;
    const inspect::CaptureOptions& options_;
    std::uint32_t pid_;
    std::uint64_t start_time_ticks_;
    std::uint64_t began_ns_;
    std::uint64_t for_ns_;
    bool on_terminal_;
    bool told_ = false;
    std::uint32_t taken_ = 0;
    std::string why_ended_;
};

void tell_ended(const std::string& why, std::uint64_t for_ns, inspect::LeakReport& report) {
    if (!why.empty()) {
        report.not_judged = {"growth after the first " + std::to_string(report.over_ns / second_ns) + "s of " +
                             std::to_string(for_ns / second_ns) + "s: " + why};
    }
}

} // namespace

Outcome leaks_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    inspect::CaptureOptions options;
    options.past = true;
    options.touch = asked.touch;
    auto snapshot = capture_target(world, asked, options);
    if (!snapshot) {
        return snapshot.error();
    }
    if (auto forbidden = inspect::all_forbidden(world, *snapshot)) {
        return forbidden;
    }
    const auto watch_ns = watch_of(asked, *snapshot);
    auto again = asked;
    again.save.clear(); // the first look is saved
    std::optional<Watch> watch;
    NextLook next;
    if (watch_ns != 0) {
        options.times = true; // threads must be known again
        if (snapshot = capture_target(world, again, options); !snapshot) {
            return snapshot.error();
        }
        watch.emplace(world, again, options, *snapshot, watch_ns);
        next = [&watch](LookKind kind) { return watch->next(kind); };
    }
    auto report = name_leaks(world, *snapshot, next, {asked.leak_threshold}, name_sources(asked));
    if (!report) {
        return report.error();
    }
    if (watch) {
        tell_ended(watch->why_ended(), watch_ns, *report);
        watch.reset(); // wipes its line
    }
    if (asked.json) {
        render::leaks_json(*report, output.sink);
    } else {
        render::leaks_text(*report, {output.colour}, output.sink);
    }
    output.finding = !report->findings.empty();
    return std::nullopt;
}

} // namespace tasks::commands
