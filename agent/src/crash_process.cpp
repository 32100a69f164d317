#include "crash_process.hpp"

#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>

#include "borrowed_thread.hpp"
#include "clock.hpp"
#include "crash_exception.hpp"
#include "crash_handlers.hpp"
#include "crash_stacks.hpp"
#include "crash_thread.hpp"
#include "identity.hpp"
#include "registry.hpp"
#include "wiped_page.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t own_stack_bytes = 256 * 1024;
constexpr std::size_t text_bytes = 4096;
constexpr std::size_t file_stacks_bytes = std::size_t{64} << 20;
constexpr std::size_t stream_stacks_bytes = std::size_t{4} << 20; // where people read it
constexpr std::uint64_t one_ms = 1'000'000;

/// All zero in a forked child.
struct CrashDoor {
    std::atomic<CrashProcess*> process;
    std::atomic<bool> installing;
};
WipedPage<CrashDoor> crash_door;

CrashProcess* crash_process() noexcept {
    const CrashDoor* door = crash_door.get();
    return door == nullptr ? nullptr : door->process.load(std::memory_order_acquire);
}

bool tells_address(int signal) noexcept {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP;
}

void on_crash(int signal, const siginfo_t& info, void* context) noexcept {
    CrashFacts facts;
    facts.signal = signal;
    facts.code = info.si_code;
    facts.tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    if (info.si_code > 0 && tells_address(signal)) {
        facts.has_address = true;
        facts.address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    }
    if (const NotedException* noted = noted_exception(); noted != nullptr && signal == SIGABRT) {
        facts.terminated = true;
        facts.exception_type = noted->type.view();
        facts.exception_text = noted->text.view();
    }
    CrashProcess::dump(facts, context);
}

/// A process that has run out of numbers for files gets some more, where it may.
void make_room_for_files() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = std::min(limit.rlim_cur + 16, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Of the calling thread: a job of its own lies in the thread's record; where a handle's, a coroutine or a fiber does
/// is not known.
std::uint64_t tasks_carried(const ThreadState* thread) noexcept {
    if (thread == nullptr)
        return 0;
    const bool elsewhere = thread->carried.load() != 0 || thread->current.load() != 0;
    return elsewhere ? UINT64_MAX : thread->depth.load() == 0 ? 0 : 1;
}

} // namespace

int CrashProcess::install(const CrashDumpOptions& options) noexcept {
    CrashDoor* door = crash_door.make();
    if (door == nullptr)
        return ENOMEM;
    if (CrashProcess* there = crash_process(); there != nullptr) {
        there->level_.store(options.level);
        return 0;
    }
    if (door->installing.exchange(true))
        return EALREADY;
    Region region{whole_pages(sizeof(CrashProcess)) + whole_pages(sizeof(ProfileWriter)) + ProfileWriter::region_bytes +
                  whole_pages(protocol::max_stack_bytes + 1) + whole_pages(own_stack_bytes) + page_bytes +
                  whole_pages(crash_stack_bytes) + whole_pages(CrashCommand::stack_bytes) + whole_pages(text_bytes)};
    const std::span<char> place = region.take(sizeof(CrashProcess));
    int error = place.empty() ? ENOMEM : 0;
    if (error == 0) {
        auto* made = new (place.data()) CrashProcess; // never destroyed
        made->region_ = std::move(region);
        error = made->prepare(options);
        if (error == 0)
            door->process.store(made, std::memory_order_release);
    }
    if (error == 0)
        error = install_crash_handlers(on_crash);
    door->installing.store(error == 0);
    return error;
}

int CrashProcess::prepare(const CrashDumpOptions& options) noexcept {
    try {
        const auto identity = read_identity({});
        if (!identity)
            return ENOENT;
        process_.pid = identity->pid;
        process_.start_time_ticks = identity->start_time_ticks;
        process_.uid = identity->uid;
        process_.name << identity->name;
        process_.boot_id = identity->boot_id;
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
    pid_ = static_cast<std::uint32_t>(::getpid());
    if (const int error = output_.choose(options.path, process_); error != 0)
        return error;
    deadline_ns_ = std::clamp<std::uint64_t>(options.deadline_ms, 10, 60'000) * one_ms;
    command_deadline_ns_ = std::clamp<std::uint64_t>(options.command_deadline_ms, 10, 600'000) * one_ms;
    command_.find(options.command, command_deadline_ns_);
    level_.store(options.level);
    writer_ = region_.take(sizeof(ProfileWriter));
    stack_bytes_ = region_.take(protocol::max_stack_bytes + 1);
    region_.take(1); // a page that nothing touches, below the stack
    own_stack_ = region_.take(own_stack_bytes);
    spare_stack_ = region_.take(crash_stack_bytes);
    child_stack_ = region_.take(CrashCommand::stack_bytes);
    text_ = region_.take(text_bytes);
    copies_ = region_.left();
    want_crash_stacks();
    take_crash_stack();
    note_terminate();
    return 0;
}

void CrashProcess::dump(const CrashFacts& facts, const void* context) noexcept {
    CrashProcess* process = crash_process();
    // A child of vfork() is in our memory: its crash is not ours.
    if (process == nullptr || process->level_.load() == Traceback::none ||
        process->pid_ != static_cast<std::uint32_t>(::getpid()))
        return;
    process->take_turn(facts, context);
}

void CrashProcess::take_turn(const CrashFacts& facts, const void* context) noexcept {
    const auto self = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    std::uint32_t nobody = 0;
    if (turn_.compare_exchange_strong(nobody, self)) {
        asked_ = {&facts, context};
        {
            const BorrowedThread borrowed;
            run_on_stack(
                own_stack_.data() + own_stack_.size(),
                [](void* process) { static_cast<CrashProcess*>(process)->on_own_stack(); }, this);
        }
        over_.store(1);
        ::syscall(SYS_futex, &over_, FUTEX_WAKE_PRIVATE, INT32_MAX, nullptr, nullptr, 0);
        return;
    }
    if (nobody == self && guarded_.load()) { // a fault within the dump
#if defined(__SANITIZE_ADDRESS__)
        ::__asan_unpoison_memory_region(own_stack_.data(), own_stack_.size()); // what is left there is over
#endif
        __builtin_longjmp(escape_, 1);
    }
    if (nobody != self)
        wait_for_other();
}

void CrashProcess::wait_for_other() noexcept {
    const std::uint64_t until = now_ns() + deadline_ns_ + command_deadline_ns_ + 1'000 * one_ms;
    for (std::uint64_t now = now_ns(); over_.load() == 0 && now < until; now = now_ns()) {
        const timespec time{.tv_sec = static_cast<time_t>((until - now) / 1'000'000'000),
                            .tv_nsec = static_cast<long>((until - now) % 1'000'000'000)};
        ::syscall(SYS_futex, &over_, FUTEX_WAIT_PRIVATE, 0, &time, nullptr, 0);
    }
}

/// A fault in here must not come down on the stack that the handler lies on.
void CrashProcess::on_own_stack() noexcept {
    stack_t spare{};
    spare.ss_sp = spare_stack_.data();
    spare.ss_size = spare_stack_.size();
    stack_t before{};
    const bool changed = ::sigaltstack(&spare, &before) == 0;
    write_guarded();
    before.ss_flags &= ~SS_ONSTACK;
    if (changed)
        ::sigaltstack(&before, nullptr);
}

[[gnu::noinline]] void CrashProcess::write_guarded() noexcept {
    if (__builtin_setjmp(escape_) == 0) {
        guarded_.store(true);
        write();
    } else {
        const std::uint32_t before = faults_.fetch_add(1);
        if (before == 0 && !written_.load())
            tell_nested(); // a fault in there ends it all
        else if (before == 1)
            drop_empty_file();
    }
    guarded_.store(false);
}

void CrashProcess::write() noexcept {
    began_ns_ = now_ns();
    make_room_for_files();
    if (open_file())
        cut_by_ = write_to(dump_fd_);
    drop_empty_file();
    const int error = output_.standard_error();
    if ((path_.size() == 0 || cut_by_ != 0) && error >= 0)
        write_beside(error);
    written_.store(true);
    // Copies of stacks look like coroutines to who reads all memory.
    for (const std::span<char> piece : {copies_, stack_bytes_})
        release_pages(piece);
    if (error >= 0)
        show(error);
}

/// False: it goes elsewhere.
bool CrashProcess::open_file() noexcept {
    const Registry* registry = Registry::active();
    OwnedFd file = output_.create(registry == nullptr ? std::string_view{} : registry->directory(), process_, path_);
    if (!file)
        path_ = {};
    dump_fd_ = file.release();
    return dump_fd_ >= 0;
}

/// Where there is no file, or it could not take all: for the command, else for whoever reads standard error.
void CrashProcess::write_beside(int error) noexcept {
    OwnedFd memory;
    if (command_)
        memory = above_standard_streams(OwnedFd{::memfd_create("tasks-crash", MFD_CLOEXEC)});
    for (const int fd : {memory.release(), error}) {
        dump_fd_ = fd;
        region_.take_back(copies_);
        if (fd >= 0 && write_to(fd) == 0)
            return;
    }
}

/// Of memory that nothing else writes.
int CrashProcess::write_first_facts(int fd) noexcept {
    ProfileOutput output{fd, text_, began_ns_ + deadline_ns_};
    write_head(process_, ProfileDetail::stacks, output);
    write_crash_facts(*asked_.facts, output);
    const int error = output.finish();
    begun_.store(error == 0);
    return error;
}

int CrashProcess::write_to(int fd) noexcept {
    began_ns_ = now_ns();
    process_.own_tid = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    process_.taken_ns = began_ns_;
    process_.taken_realtime_ns = read_clock(CLOCK_REALTIME);
    Registry* registry = Registry::active();
    const bool system = level_.load() == Traceback::system;
    process_.agent_tid = registry == nullptr || system ? 0 : registry->agent_tid();
    if (const int error = write_first_facts(fd); error != 0)
        return error;
    const protocol::ThreadStack struck =
        asked_.context == nullptr
            ? protocol::ThreadStack{}
            : struck_thread(*static_cast<const ucontext_t*>(asked_.context), process_.own_tid, began_ns_, stack_bytes_);
    alignas(OwnTable) char table_place[sizeof(OwnTable)];
    const OwnTable* table = registry == nullptr ? nullptr : new (table_place) OwnTable{*registry};
    const std::uint64_t until = began_ns_ + deadline_ns_;
    const ThreadState* thread = registry == nullptr ? nullptr : registry->bound_thread();
    const std::uint64_t carried = tasks_carried(thread);
    // A quarter of the time is for what the walk left in the buffer.
    writing_ = new (writer_.data()) ProfileWriter{fd, region_, table, until};
    return writing_->write(process_,
                           {.struck = asked_.context == nullptr ? nullptr : &struck,
                            .no_agent = registry == nullptr,
                            .struck_only = asked_.context != nullptr && level_.load() == Traceback::single,
                            .struck_tasks = carried,
                            .struck_first_record = carried == 1 ? thread->first_record : 0,
                            .walk_until_ns = until - deadline_ns_ / 4,
                            .all_stacks_bytes = fd == STDERR_FILENO ? stream_stacks_bytes : file_stacks_bytes});
}

void CrashProcess::show(int error) noexcept {
    if (path_.size() != 0)
        say(error, cut_by_);
    if (dump_fd_ == error)
        return;
    // The file was opened for writing alone; the command gets one of its own to read.
    const bool from_file = path_.size() != 0 && cut_by_ == 0;
    OwnedFd readable;
    if (from_file)
        readable = OwnedFd{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    const int from = from_file ? readable.get() : dump_fd_;
    if (command_ && from >= 0 &&
        command_.show({.dump_fd = from,
                       .output_fd = error,
                       .each = level_.load() == Traceback::system,
                       .until_ns = now_ns() + command_deadline_ns_},
                      child_stack_))
        return;
    if (!from_file)
        copy_to(error, from);
}

void CrashProcess::copy_to(int to, int fd) noexcept {
    ProfileOutput output{to, text_, now_ns() + deadline_ns_};
    ::lseek(fd, 0, SEEK_SET);
    for (;;) {
        const ssize_t got = ::read(fd, stack_bytes_.data(), stack_bytes_.size());
        if (got <= 0 && !(got < 0 && errno == EINTR))
            break;
        if (got > 0)
            output << std::string_view{stack_bytes_.data(), static_cast<std::size_t>(got)};
    }
    output.finish();
}

void CrashProcess::say(int fd, int cut_by) noexcept {
    ProfileOutput output{fd, text_, now_ns() + deadline_ns_ / 4};
    output << "tasks: crash dump of " << process_.name.view() << " (pid " << process_.pid << "): tasks stack --from "
           << path_.view();
    if (cut_by != 0) {
        const char* why = ::strerrordesc_np(cut_by);
        output << " (cut: " << (why != nullptr ? why : "an unknown error") << ")";
    }
    output << "\n";
    output.finish();
}

/// A reader sees a text that was cut, and why; at least what the process died by.
void CrashProcess::tell_nested() noexcept {
    const int error = output_.standard_error();
    if (dump_fd_ < 0 && !open_file())
        dump_fd_ = error;
    if (dump_fd_ < 0)
        return;
    if (!begun_.load())
        write_first_facts(dump_fd_);
    else if (writing_ != nullptr)
        writing_->finish();
    {
        ProfileOutput output{dump_fd_, text_, now_ns() + deadline_ns_ / 4};
        output << "\nincomplete  the dump itself crashed: tasks or threads are missing\n";
        output.finish();
    }
    written_.store(true);
    if (error >= 0)
        show(error);
}

/// One in which there is nothing is no dump.
void CrashProcess::drop_empty_file() noexcept {
    if (path_.size() == 0 || begun_.load())
        return;
    ::unlink(path_.c_str());
    path_ = {};
}

} // namespace tasks::agent
