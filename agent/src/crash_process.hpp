// The crash dump of this process: everything that it needs, made when it is installed, in memory of its own that stays
// as long as the process and that a forked child does not see. One thread writes it, the first that crashes; others
// that crash meanwhile wait for it, not longer than it may take. What happens at a crash is async-signal-safe: no lock,
// no memory taken, a deadline on each step.
#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>

#include <tasks/crash_dump.hpp>

#include "crash_command.hpp"
#include "crash_facts.hpp"
#include "crash_output.hpp"
#include "profile_writer.hpp"

namespace tasks::agent {

class CrashProcess {
public:
    /// 0 or an errno value. Once a process: later only the level is set.
    static int install(const CrashDumpOptions& options) noexcept;

    /// The dump, unless one was made. On the thread that a signal struck, in its handler; or on the agent's own,
    /// without a context.
    static void dump(const CrashFacts& facts, const void* context) noexcept;

private:
    struct Asked {
        const CrashFacts* facts;
        const void* context; ///< ucontext_t; null: no thread was struck, the agent's own writes
    };

    int prepare(const CrashDumpOptions& options) noexcept;
    void take_turn(const CrashFacts& facts, const void* context) noexcept;
    void wait_for_other() noexcept;
    void on_own_stack() noexcept;
    void write_guarded() noexcept;
    void write() noexcept;
    bool open_file() noexcept;
    void write_beside(int error) noexcept;
    int write_to(int fd) noexcept;
    int write_first_facts(int fd) noexcept;
    void show(int error) noexcept;
    void copy_to(int from, int fd) noexcept;
    void say(int fd, int cut_by) noexcept;
    void tell_nested() noexcept;
    void drop_empty_file() noexcept;

    std::uint32_t pid_ = 0;
    std::atomic<Traceback> level_{Traceback::none};
    std::uint64_t deadline_ns_ = 0;
    std::uint64_t command_deadline_ns_ = 0;
    ProfiledProcess process_;
    CrashOutput output_;
    CrashCommand command_;
    Region region_;
    std::span<char> writer_;
    std::span<char> stack_bytes_; ///< of the struck thread
    std::span<char> copies_;      ///< what the writer takes
    std::span<char> own_stack_;   ///< that the dump runs on
    std::span<char> spare_stack_; ///< of the handler of a fault within the dump
    std::span<char> child_stack_;
    std::span<char> text_;               ///< of what is said beside the dump
    std::atomic<std::uint32_t> turn_{0}; ///< the thread that dumps
    std::atomic<std::uint32_t> over_{0};
    Asked asked_{};
    std::uint64_t began_ns_ = 0;
    CrashOutput::Path path_;           ///< of the dump's file; "": it goes elsewhere
    int dump_fd_ = -1;                 ///< where it goes
    int cut_by_ = 0;                   ///< the error that ended the file
    ProfileWriter* writing_ = nullptr; ///< the dump, which begins with its first facts
    std::atomic<bool> begun_{false};   ///< there are first facts where it goes
    std::atomic<bool> written_{false}; ///< as far as it will be
    std::atomic<bool> guarded_{false}; ///< escape_ can be gone to
    std::atomic<std::uint32_t> faults_{0};
    void* escape_[5]{};
};

} // namespace tasks::agent
