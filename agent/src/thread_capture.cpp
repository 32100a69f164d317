#include "thread_capture.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <tasks/protocol/sched_file.hpp>

#include "clock.hpp"
#include "fixed_text.hpp"
#include "mappings.hpp"
#include "proc_file.hpp"
#include "thread_list.hpp"

namespace tasks::agent {
namespace {

constexpr int looks = 3;

bool gone(std::int64_t error) noexcept { return error == -ENOENT || error == -ESRCH; }

bool take_hex(std::string_view& words, std::uint64_t& number) noexcept {
    std::string_view word = take_word(words);
    if (word.substr(0, 2) == "0x")
        word.remove_prefix(2);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, 16);
    return error == std::errc{} && end == word.data() + word.size();
}

/// The numbered field of proc_pid_stat(5), from 3 on. The second, the name, may hold blanks and parentheses.
std::optional<std::uint64_t> stat_field(std::string_view stat, int number) noexcept {
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string_view::npos)
        return {};
    stat.remove_prefix(name_end + 2);
    for (int at = 3; at < number; ++at)
        take_word(stat);
    const std::string_view word = take_word(stat);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc{} || end != word.data() + word.size())
        return {};
    return value;
}

} // namespace

bool parse_syscall(std::string_view text, SyscallState& state) noexcept {
    state = {};
    const std::string_view first = take_word(text);
    if (first == "running") {
        state.running = true;
        return true;
    }
    const auto [end, error] = std::from_chars(first.data(), first.data() + first.size(), state.number);
    if (error != std::errc{} || end != first.data() + first.size())
        return false;
    if (state.number >= 0)
        for (std::uint64_t& argument : state.arguments)
            if (!take_hex(text, argument))
                return false;
    return take_hex(text, state.sp) && take_hex(text, state.pc);
}

protocol::ThreadStack not_captured(std::uint32_t tid, protocol::Capture why, std::uint64_t at_ns) noexcept {
    protocol::ThreadStack thread;
    thread.tid = tid;
    thread.capture = why;
    thread.taken_at_ns = at_ns;
    return thread;
}

ThreadCapture::ThreadCapture(int task_directory, std::span<char> stack_memory, std::span<char> text_memory,
                             SchedulerClocks& clocks) noexcept
    : task_directory_(task_directory), stack_memory_(stack_memory), text_memory_(text_memory), clocks_(clocks) {}

OwnedFd ThreadCapture::open(std::uint32_t tid, const char* file) const noexcept {
    FixedText<48> path;
    path << tid << "/" << file;
    return open_for_reading(task_directory_, path.c_str());
}

std::string_view ThreadCapture::read(std::uint32_t tid, const char* file, std::size_t index) const noexcept {
    const OwnedFd opened = open(tid, file);
    const std::int64_t got = opened ? read_anew(opened.get(), text(index)) : 0;
    return {text(index).data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

std::string_view ThreadCapture::name(std::uint32_t tid) const noexcept {
    const std::string_view line = read(tid, "comm", 4);
    return line.substr(0, line.find('\n'));
}

protocol::ThreadStack ThreadCapture::told_as(std::uint32_t tid, protocol::Capture why) const noexcept {
    protocol::ThreadStack thread = not_captured(tid, why, now_ns());
    thread.name = name(tid);
    return thread;
}

/// Reads both files; a missing schedstat (a kernel without it) leaves its text empty. A negative errno of `syscall`.
std::int64_t ThreadCapture::look(const Files& files, std::size_t index, Look& look) const noexcept {
    const std::int64_t times = files.schedstat ? read_anew(files.schedstat.get(), text(index)) : 0;
    const std::int64_t call = read_anew(files.syscall.get(), text(index + 1));
    look.schedstat = {text(index).data(), times > 0 ? static_cast<std::size_t>(times) : 0};
    look.syscall = {text(index + 1).data(), call > 0 ? static_cast<std::size_t>(call) : 0};
    return call == 0 ? -ESRCH : call;
}

void ThreadCapture::copy_stack(std::size_t stack_bytes, protocol::ThreadStack& thread) const noexcept {
    // No further than the stack goes: what lies above it is not ours to tell, and costs room. Where its end is not
    // known (the main thread, a stack of the host's own), up to the first page that cannot be read.
    const std::uint64_t top = thread_block(thread.tid).value_or(0);
    const std::uint64_t whole = top > thread.sp ? top - thread.sp : stack_bytes + 1;
    const std::size_t got =
        read_memory(thread.sp, stack_memory_.first(std::min<std::uint64_t>(whole, stack_bytes + 1)));
    thread.stack_cut = got > stack_bytes;
    thread.stack = {stack_memory_.data(), thread.stack_cut ? stack_bytes : got};
}

ThreadCapture::Attempt ThreadCapture::attempt(const Files& files, std::size_t stack_bytes,
                                              protocol::ThreadStack& thread) const noexcept {
    Look before;
    const std::int64_t result = look(files, 0, before);
    if (result < 0)
        return gone(result) ? Attempt::gone : Attempt::unreadable;
    SyscallState state;
    if (!parse_syscall(before.syscall, state))
        return Attempt::unreadable;
    if (state.running)
        return Attempt::running;
    if (state.sp == 0)
        return Attempt::gone; // a thread that has given up its stack: a zombie
    thread.taken_at_ns = now_ns();
    thread.syscall = state.number;
    thread.arguments = state.arguments;
    thread.sp = state.sp;
    thread.pc = state.pc;
    if (stack_bytes != 0)
        copy_stack(stack_bytes, thread);
#ifdef TASKS_TORN_CAPTURE
    return Attempt::same;
#else
    Look after;
    const std::int64_t again = look(files, 2, after);
    if (again < 0)
        return gone(again) ? Attempt::gone : Attempt::unreadable;
    if (before.syscall != after.syscall || before.schedstat != after.schedstat)
        return Attempt::changed;
    return stack_bytes != 0 && thread.stack.empty() ? Attempt::unreadable : Attempt::same;
#endif
}

void ThreadCapture::read_last_ran(protocol::ThreadStack& thread) const noexcept {
    const auto cpu = stat_field(read(thread.tid, "stat", 5), 39);
    const auto ran = protocol::exec_start_ns(read(thread.tid, "sched", 5));
    if (cpu && ran)
        thread.last_ran_ago_ns = clocks_.ago(*cpu, *ran, now_ns());
}

protocol::ThreadStack ThreadCapture::capture(std::uint32_t tid, const CaptureSettings& settings) noexcept {
    protocol::ThreadStack thread = not_captured(tid, protocol::Capture::unknown, now_ns());
    Files files{open(tid, "schedstat"), open(tid, "syscall")};
    if (!files.syscall) {
        thread.capture = errno == ENOENT || errno == ESRCH   ? protocol::Capture::exited
                         : errno == EACCES || errno == EPERM ? protocol::Capture::not_permitted
                                                             : protocol::Capture::unreadable;
    } else {
        Attempt result = Attempt::changed;
        for (int at = 0; at < looks && result == Attempt::changed; ++at)
            result = attempt(files, settings.stack_bytes, thread);
        thread.capture = result == Attempt::same      ? protocol::Capture::captured
                         : result == Attempt::changed ? protocol::Capture::changing
                         : result == Attempt::running ? protocol::Capture::running
                         : result == Attempt::gone    ? protocol::Capture::exited
                                                      : protocol::Capture::unreadable;
    }
    if (thread.capture == protocol::Capture::exited)
        return not_captured(tid, thread.capture, thread.taken_at_ns);
    thread.name = name(tid);
    if (thread.capture != protocol::Capture::captured) {
        thread.stack = {};
        thread.stack_cut = false;
    }
    if (!files.syscall || (thread.capture == protocol::Capture::captured && thread.syscall < 0))
        thread.wait_channel = read(tid, "wchan", 0);
    if (settings.last_ran && thread.capture != protocol::Capture::running)
        read_last_ran(thread);
    return thread;
}

} // namespace tasks::agent
