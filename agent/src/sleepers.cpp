#include "sleepers.hpp"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <tasks/protocol/inner_ends.hpp>

#include "crash_handlers.hpp"
#include "fixed_text.hpp"
#include "mappings.hpp"
#include "proc_file.hpp"
#include "thread_capture.hpp"

namespace tasks::agent {
namespace {

using protocol::State;

bool task_sleeps(const protocol::Task& task) noexcept {
    return task.state == State::done || (task.state == State::waiting && protocol::ended_inside(task.wait_reason)) ||
           (task.tid != 0 && task.state == State::running); // then its thread tells
}

} // namespace

Sleepers::Sleepers(Registry& registry, int signal) noexcept
    : registry_(registry), signal_(signal), table_(registry),
      region_(Workspace::memory_bytes + whole_pages(protocol::TableReader::memory_bytes)), workspace_(region_),
      reader_memory_(region_.take(protocol::TableReader::memory_bytes)) {}

/// Also where it cannot be told. The handler of the crash dump only ends the process.
bool Sleepers::signals_may_wake(std::uint32_t tid) noexcept {
    FixedText<48> path;
    path << tid << "/status";
    const std::int64_t got = read_file(workspace_.task_directory.get(), path.c_str(), workspace_.lines);
    const std::string_view text{workspace_.lines.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    const std::size_t at = text.find("\nSigCgt:\t");
    std::uint64_t caught = 0;
    if (at == text.npos ||
        std::from_chars(text.data() + at + 9, text.data() + text.size(), caught, 16).ec != std::errc{})
        return true;
    caught = protocol::sent_from_outside(caught);
    struct sigaction quit{};
    if (::sigaction(SIGQUIT, nullptr, &quit) == 0 && is_crash_handler(quit))
        caught &= ~protocol::signal_bit(SIGQUIT);
    if (signal_ != 0)
        caught &= ~protocol::signal_bit(signal_);
    return caught != 0;
}

/// A join waits on the number of the thread that it is for, which the kernel clears: a shared futex.
bool Sleepers::waits_inside(const protocol::ThreadStack& thread) const noexcept {
    if (thread.syscall != SYS_futex || thread.arguments[3] != 0)
        return false;
    const std::uint64_t operation = thread.arguments[1] & 0x7f;
    if (operation != FUTEX_WAIT && operation != FUTEX_WAIT_BITSET && operation != FUTEX_LOCK_PI)
        return false;
    if ((thread.arguments[1] & FUTEX_PRIVATE_FLAG) != 0)
        return true;
    std::uint32_t word = 0;
    const std::span<char> bytes{static_cast<char*>(static_cast<void*>(&word)), sizeof word};
    return read_memory(thread.arguments[0], bytes) == sizeof word && word == thread.arguments[2] &&
           std::binary_search(tids_.begin(), tids_.end(), word);
}

bool Sleepers::sleeps(ThreadCapture& capture, std::uint32_t tid) noexcept {
    const protocol::ThreadStack thread = capture.capture(tid, {.stack_bytes = 0, .last_ran = false});
    if (thread.capture == protocol::Capture::exited)
        return true;
    if (thread.capture != protocol::Capture::captured || !waits_inside(thread))
        return false;
    mix(tid);
    mix(thread.arguments[0]);
    FixedText<48> path;
    path << tid << "/schedstat"; // how often and how long it ran
    std::array<char, 128> text;
    const std::int64_t got = read_file(workspace_.task_directory.get(), path.c_str(), text);
    for (std::int64_t at = 0; at < got; ++at)
        mix(static_cast<unsigned char>(text[static_cast<std::size_t>(at)]));
    return got > 0;
}

bool Sleepers::tasks_sleep() noexcept {
    if (!reader_)
        reader_ = protocol::TableReader::open_in(table_, reader_memory_);
    if (!reader_ || !reader_->refresh() || reader_->facts().dropped_jobs != 0)
        return false;
    bool asleep = true;
    const protocol::TableTotals read = reader_->each_task([&](const protocol::Task& task) {
        asleep = task_sleeps(task);
        mix(task.id);
        mix(task.since_ns);
        return asleep;
    });
    return asleep && read.unreadable == 0 && read.damaged == 0;
}

std::optional<std::uint64_t> Sleepers::look() noexcept {
    if (!workspace_.task_directory || !workspace_.task_directory.ours())
        return {};
    sum_ = 0xcbf29ce484222325u;
    const auto room = as_numbers<std::uint32_t>(workspace_.tids);
    const ThreadList list =
        list_threads(workspace_.task_directory.get(), registry_.agent_tid(), room, workspace_.lines);
    tids_ = room.first(list.listed);
    std::sort(tids_.begin(), tids_.end());
    if (!list.complete || list.left_out != 0 || tids_.empty() || signals_may_wake(registry_.agent_tid()))
        return {};
    ThreadCapture capture{workspace_.task_directory.get(), workspace_.stack, workspace_.texts, workspace_.clocks};
    const bool asleep =
        std::all_of(tids_.begin(), tids_.end(), [&](std::uint32_t tid) { return sleeps(capture, tid); }) &&
        tasks_sleep();
    workspace_.rest();
    return asleep ? std::optional{sum_} : std::nullopt;
}

} // namespace tasks::agent
