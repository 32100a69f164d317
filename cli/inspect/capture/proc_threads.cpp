#include "capture/proc_threads.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <tasks/protocol/sched_file.hpp>

#include "capture/proc_stat.hpp"
#include "capture/scheduler_clocks.hpp"
#include "capture/thread_skew.hpp"
#include "capture/wait_facts.hpp"

namespace tasks::inspect {
namespace {

using protocol::Capture;

constexpr std::size_t max_threads = 65536;
constexpr std::uint64_t max_all_stacks = 512ull << 20; ///< copied bytes of one capture
constexpr int looks = 3;
constexpr std::size_t page_bytes = 4096;

template <class Number> bool take_number(std::string_view& text, Number& into, int base) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (base == 16 && text.starts_with("0x")) {
        text.remove_prefix(2);
    }
    const auto end = std::from_chars(text.data(), text.data() + text.size(), into, base);
    if (end.ec != std::errc{}) {
        return false;
    }
    text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
    return true;
}

/// What a failed read of a thread's file means.
Capture capture_of(int error) {
    switch (error) {
    case ENOENT:
    case ESRCH:
        return Capture::exited;
    case EACCES:
    case EPERM:
        return Capture::not_permitted;
    default:
        return Capture::unreadable;
    }
}

/// Up to `bytes` from `address`; a piece for each page, so that an unmapped one ends the copy and does not undo it.
/// `room` is kept from thread to thread: most stacks are much shorter, and fresh pages for all of it cost as much as
/// the copy.
std::string copy_memory(std::uint32_t pid, std::uint64_t address, std::size_t bytes, std::string& room) {
    room.resize(std::max(room.size(), bytes));
    std::array<iovec, protocol::max_stack_bytes / page_bytes + 1> pages{};
    std::size_t count = 0;
    for (std::size_t done = 0; done < bytes && count < pages.size(); ++count) {
        const auto in_page = page_bytes - (address + done) % page_bytes;
        const auto piece = std::min(in_page, bytes - done);
        pages[count] = {reinterpret_cast<void*>(address + done), piece};
        done += piece;
    }
    return room.substr(0, read_memory(static_cast<pid_t>(pid), std::span{pages}.first(count), {room.data(), bytes}));
}

/// Of a process whose memory hangs whoever reads it.
class NoMemory final : public ProcessMemory {
public:
    std::size_t read(std::uint64_t, std::span<char>) const override { return 0; }
};

/// What serves all threads of a process.
struct Readers {
    Readers(const World& world, std::uint32_t pid, bool memory)
        : has_memory(memory), live(pid), waits(world, pid, memory ? static_cast<const ProcessMemory&>(live) : none),
          clocks(world) {}

    bool has_memory;
    LiveMemory live;
    NoMemory none;
    WaitReader waits;
    SchedulerClocks clocks;
    std::string room;
};

class ThreadReader {
public:
    ThreadReader(const World& world, const ThreadsAsked& asked, Readers& readers, std::uint32_t tid)
        : world_(world), asked_(asked), readers_(readers),
          folder_(std::to_string(asked.pid) + "/task/" + std::to_string(tid) + "/") {
        thread_.tid = tid;
    }

    ThreadFacts read(std::uint32_t stack_bytes) {
        name();
        number();
        for (int look = 0; look < looks; ++look) {
            thread_.capture = look_once(stack_bytes);
            if (thread_.capture != Capture::changing) {
                break;
            }
        }
        if (thread_.capture != Capture::captured) {
            thread_.schedstat.clear();
            thread_.stack.clear();
            thread_.wait = {};
            thread_.last_ran_ago_ns.reset();
        }
        if (thread_.uninterruptible) {
            const auto channel = text("wchan");
            thread_.wait_channel = channel && *channel != "0" ? *channel : "";
        }
        return std::move(thread_);
    }

private:
    Result<std::string, int> text(std::string_view file) const {
        return world_.proc.read_once(folder_ + std::string{file});
    }

    void name() {
        if (auto comm = text("comm")) {
            thread_.name = comm->substr(0, comm->find('\n'));
        }
    }

    void number() {
        const auto status = asked_.own_pid_namespace ? Result<std::string, int>{Failure{0}} : text("status");
        if (status) {
            thread_.tid = parse_status(*status).innermost_pid.value_or(thread_.tid);
        }
    }

    void last_ran() {
        const auto stat = text("stat");
        const auto sched = text("sched");
        const auto facts = stat ? parse_stat(*stat) : std::nullopt;
        thread_.uninterruptible = facts && facts->state == 'D';
        const auto ran = sched ? protocol::exec_start_ns(*sched) : std::nullopt;
        thread_.last_ran_ago_ns = facts && facts->cpu && ran ? readers_.clocks.ago(*facts->cpu, *ran) : std::nullopt;
    }

    Capture look_once(std::uint32_t stack_bytes) {
        auto ran = text("schedstat");
        const auto call = text("syscall");
        if (!ran || !call) {
            return capture_of(call ? ran.error() : call.error());
        }
        thread_.taken_at_ns = world_.clock->monotonic_ns();
        if (call->starts_with("running")) {
            return Capture::running;
        }
        if (!parse_syscall(*call, thread_)) {
            return Capture::unreadable;
        }
        if (thread_.sp == 0) {
            return Capture::exited; // it has given up its stack: the main thread, waiting for the others to end
        }
        const bool copies = stack_bytes != 0 && readers_.has_memory;
        thread_.stack = copies ? copy_memory(asked_.pid, thread_.sp, stack_bytes, readers_.room) : std::string{};
        thread_.stack_cut = stack_bytes != 0 && thread_.stack.size() == stack_bytes;
        if (asked_.stack_bytes != 0) {
            readers_.waits.read(thread_);
        }
        if (asked_.last_ran) {
            last_ran();
        }
        thread_.schedstat = *std::move(ran);
        if (asked_.second_look) {
            const auto call_again = text("syscall");
            const auto ran_again = text("schedstat");
            if (!call_again || !ran_again) {
                return capture_of(call_again ? ran_again.error() : call_again.error());
            }
            if (*call_again != *call || *ran_again != thread_.schedstat) {
                return Capture::changing;
            }
        }
        return copies && thread_.stack.empty() ? Capture::unreadable : Capture::captured;
    }

    const World& world_;
    const ThreadsAsked& asked_;
    Readers& readers_;
    std::string folder_;
    ThreadFacts thread_;
};

/// All threads one after the other; where its thread hung in one, another goes on behind it.
class ThreadsReader {
public:
    ThreadsReader(const World& world, const ThreadsAsked& asked, std::span<const std::uint32_t> tids,
                  const Deadline& deadline, Snapshot& into)
        : world_(world), asked_(asked), tids_(tids), deadline_(deadline), into_(into) {}

    /// From the next thread to the last; without memory nothing can hang.
    void go_on(bool memory) {
        Readers readers{world_, asked_.pid, memory};
        while (next_ < tids_.size()) {
            take_next(readers);
        }
    }

    void next_without_memory() {
        Readers readers{world_, asked_.pid, false};
        take_next(readers);
    }

    /// As we see them, index by index of into.threads.
    std::vector<std::uint32_t> numbers() { return std::move(numbers_); }

private:
    ThreadFacts read(Readers& readers) const {
        if (deadline_.passed()) {
            ThreadFacts thread;
            thread.tid = tids_[next_];
            thread.capture = Capture::deadline;
            return thread;
        }
        const std::uint32_t most = copied_ < max_all_stacks ? protocol::max_stack_bytes : 0;
        return ThreadReader{world_, asked_, readers, tids_[next_]}.read(std::min(asked_.stack_bytes, most));
    }

    void take_next(Readers& readers) {
        auto thread = read(readers);
        copied_ += thread.stack.size();
        const bool is_agents = asked_.agent_tid != 0 ? thread.tid == asked_.agent_tid : thread.name == "tasks-agent";
        if (!is_agents) {
            into_.threads.push_back(std::move(thread));
            numbers_.push_back(tids_[next_]);
        }
        ++next_;
    }

    const World& world_;
    const ThreadsAsked& asked_;
    std::span<const std::uint32_t> tids_;
    const Deadline& deadline_;
    Snapshot& into_;
    std::vector<std::uint32_t> numbers_;
    std::size_t next_ = 0;
    std::uint64_t copied_ = 0;
};

} // namespace

bool parse_syscall(std::string_view line, ThreadFacts& into) {
    if (!take_number(line, into.syscall, 10)) {
        return false;
    }
    into.arguments = {};
    if (into.syscall >= 0 &&
        !std::ranges::all_of(into.arguments, [&line](auto& argument) { return take_number(line, argument, 16); })) {
        return false;
    }
    return take_number(line, into.sp, 16) && take_number(line, into.pc, 16);
}

ThreadFacts read_thread(const World& world, const ThreadsAsked& asked, std::uint32_t tid) {
    Readers readers{world, asked.pid, true};
    return ThreadReader{world, asked, readers, tid}.read(
        std::min<std::uint32_t>(asked.stack_bytes, protocol::max_stack_bytes));
}

std::vector<std::uint32_t> read_threads(const World& world, const ThreadsAsked& asked, const Deadline& deadline,
                                        MemoryWatch& watch, Snapshot& into) {
    const auto tids = world.proc.numbers(std::to_string(asked.pid) + "/task", max_threads);
    if (!tids) {
        into.incomplete.push_back({0, "the threads cannot be listed; the process has ended or may not be looked at"});
        return {};
    }
    ThreadsReader reader{world, asked, *tids, deadline, into};
    while (!watch.gave_up() && !watch.run([&] { reader.go_on(true); })) {
        reader.next_without_memory();
    }
    reader.go_on(false); // where it gave up; else none is left
    into.threads_known = tids->size() < max_threads;
    into.skew_ns = skew_of(into.threads);
    return reader.numbers();
}

} // namespace tasks::inspect
