// A snapshot made by hand, with the words for it: threads blocked here, jobs waiting there, stacks by name.
//
//     MadeSnapshot made;
//     made.thread(11, "worker").blocked({"syscall", "pthread_cond_wait", "Channel::send"}).last_ran(3s);
//     made.job("query", {.tid = 11}).waits(WaitReason::chan_send, "results", 5min);
#pragma once

#include <chrono>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "analysis/analyse.hpp"

namespace tasks::inspect {

/// A frame at a line of a file.
Frame frame_at(const std::string& function, const std::string& file, std::uint32_t line,
               const std::string& module = "/srv/payments/bin/payments");

/// The same, inlined into its caller.
Frame inlined_at(const std::string& function, const std::string& file, std::uint32_t line);

class MadeSnapshot {
public:
    MadeSnapshot();

    Snapshot& operator*() { return snapshot_; }
    Snapshot* operator->() { return &snapshot_; }

    class MadeThread {
    public:
        MadeThread(MadeSnapshot& made, std::size_t index) : made_(made), index_(index) {}
        MadeThread& blocked(const std::vector<std::string>& functions, std::int32_t syscall = futex_call);
        MadeThread& last_ran(std::chrono::nanoseconds ago);
        /// In a futex for ever, seen by the second look; the word's memory holds `words`, 16 bytes of 0 before them.
        MadeThread& in_futex(std::uint64_t address, std::uint64_t value, const std::vector<std::uint32_t>& words);
        MadeThread& comes_to(protocol::Capture capture);
        ThreadFacts& facts();

    private:
        MadeSnapshot& made_;
        std::size_t index_;
    };
    MadeThread thread(std::uint32_t tid, std::string name);

    class MadeTask {
    public:
        MadeTask(MadeSnapshot& made, std::size_t index) : made_(made), index_(index) {}
        MadeTask& on_thread(std::uint32_t tid);
        MadeTask& waits(protocol::WaitReason reason, const std::string& name, std::chrono::nanoseconds since);
        MadeTask& runs(std::chrono::nanoseconds since);
        MadeTask& is(protocol::Kind kind);
        MadeTask& labelled(const std::string& key, const std::string& text, bool cut = false);
        TaskFacts& facts();

    private:
        MadeSnapshot& made_;
        std::size_t index_;
    };
    /// A job with these nested scopes, outermost first.
    MadeTask job(std::initializer_list<std::string> scopes);

    std::uint32_t site(const std::string& name, const std::string& function, const std::string& file,
                       std::uint32_t line);

    /// Names a function's place for every frame made afterwards: file, line, module, inlined.
    void place(const std::string& function, Frame frame);

    std::uint64_t pc_of(const std::string& function);

    /// Analyses with the made stacks; counts what it asked for.
    StackReport analyse(const StackOptions& options = {});
    WaitGraph analyse_waits();
    StackSource source();
    std::size_t unwound = 0;
    std::map<std::uint64_t, std::size_t> named; ///< per pc: how often it was asked for

    static constexpr std::int32_t futex_call = 202;
    static constexpr std::uint64_t now_ns = 100'000'000'000'000;

private:
    friend class MadeThread;
    friend class MadeTask;
    Snapshot snapshot_;
    std::map<std::string, std::uint64_t> pcs_;
    std::map<std::uint64_t, std::vector<Frame>> frames_;
    std::map<std::string, Frame> places_;
    std::map<std::uint32_t, Trace> traces_; ///< by tid
};

} // namespace tasks::inspect
