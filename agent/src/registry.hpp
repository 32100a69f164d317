// The registry: the one place where this process's tasks are kept, and the agent's only global. Writers are the
// host's threads, lock-free; the agent's thread grows it and reads it back through the table's file.
// A registry is never freed: jobs may outlive the agent that registered them.
// After fork() the child has none: the page that leads here is wiped (MADV_WIPEONFORK), for raw clone() too.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <tasks/job.hpp>
#include <tasks/protocol/messages.hpp>

#include "answer_context.hpp"
#include "births.hpp"
#include "record_pool.hpp"
#include "record_writer.hpp"
#include "site_table.hpp"
#include "table_file.hpp"
#include "thread_state.hpp"
#include "wiped_page.hpp"

namespace tasks::agent {

class Registry final : public Counts {
public:
    /// Takes over the table. Null: no memory.
    static Registry* create(TableFile file) noexcept;

    /// The registry of this process; null: no agent runs, or this is a forked child. Any thread.
    static Registry* active() noexcept {
        const Door* door = door_.get();
        return door == nullptr ? nullptr : door->registry.load(std::memory_order_acquire);
    }

    /// The same, for who has met a registry in this process: then there is a door.
    static Registry* met() noexcept { return door_.get()->registry.load(std::memory_order_acquire); }

    /// Opens the door to `registry`, or shuts it (null). False: no memory for the door.
    static bool set_active(Registry* registry) noexcept;

    /// The present thread's state, bound on first use; null: no room (counted as dropped by the caller).
    ThreadState* this_thread() noexcept {
        ThreadState* state = bound_;
        return state != nullptr && state->registry == this ? state : bind();
    }
    /// Of whichever registry, or null; never binds.
    static ThreadState* bound() noexcept { return bound_; }
    /// Of this one, or null.
    ThreadState* bound_thread() const noexcept {
        ThreadState* state = bound_;
        return state != nullptr && state->registry == this ? state : nullptr;
    }

    std::uint32_t site(const char* name, const SourcePlace& place) noexcept { return sites_.intern(name, place); }
    /// The site of the same place as `from` under another name.
    std::uint32_t renamed_site(std::uint32_t from, const char* name) noexcept { return sites_.rename(from, name); }
    /// 0: not known yet, or not at once; as known_site().
    std::uint32_t known_renamed(std::uint32_t from, const char* name) const noexcept {
        return sites_.known_renamed(from, name);
    }
    /// 0: not known yet, or not at once.
    std::uint32_t known_site(const char* name, const SourcePlace& place) const noexcept {
        return sites_.known(name, place);
    }

    void count_birth(ThreadState& thread, std::uint32_t site) noexcept { count(thread, site, true); }
    void count_death(ThreadState& thread, std::uint32_t site) noexcept { count(thread, site, false); }
    /// Ends a handle's task on a thread that found no room for a state of its own.
    void end_without_state(std::uint32_t record, std::uint32_t site, CountedKind kind) noexcept;
    /// Gives its record back, there.
    void give_without_state(std::uint32_t record) noexcept;
    /// Begins or ends to count a task. `thread`: the present one's state, or null.
    void count_task(ThreadState* thread, std::uint32_t site, CountedKind kind, bool begins) noexcept {
        if (thread == nullptr)
            return count_without_state(site, kind, begins);
        TaskCounts& counts = thread->handles[kind];
        add_alone(begins ? counts.begun : counts.ended, 1);
        count(*thread, site, begins);
    }
    /// The same for a thread that has its own counts of that site.
    static void count_alone(ThreadState& thread, protocol::SiteCounts& counts, CountedKind kind, bool begins) noexcept {
        TaskCounts& tasks = thread.handles[kind];
        add_alone(begins ? tasks.begun : tasks.ended, 1);
        add_alone(begins ? counts.births : counts.deaths, 1);
    }
    void count_dropped() noexcept;
    /// The thread's own counts of that site, or of another one.
    static protocol::SiteCounts& counts_of(const ThreadState& thread, std::uint32_t site) noexcept {
        const std::uint32_t slot = site % counts_per_thread;
        return thread.counts()[slot / per_record].counts[slot % per_record];
    }

    /// The coroutine or fiber with that id is still there; 0 never is.
    bool is_registered(std::uint64_t id) noexcept {
        if (id == 0)
            return false;
        auto& head = records_.at<protocol::CoroutineRecord>(static_cast<std::uint32_t>(id)).head;
        return get(head.type) == static_cast<std::uint8_t>(protocol::RecordType::coroutine) &&
               get(head.generation) == id >> 32;
    }

    /// What the present task hands on to those that it starts: the label and scope of the coroutine that the thread
    /// runs, or the thread's.
    protocol::LabelField& present_label(const ThreadState& thread) noexcept {
        const std::uint64_t current = thread.current.load(std::memory_order_relaxed);
        return current != 0 && is_registered(current)
                   ? records_.at<protocol::CoroutineRecord>(static_cast<std::uint32_t>(current)).label
                   : thread.record->label;
    }

    RecordPool& records() noexcept { return records_; }
    Births& births() noexcept { return births_; }
    TableFile& file() noexcept { return file_; }

    /// Called after each begin: wakes the agent's thread where it has to do something. Nearly always one load.
    void after_begin() noexcept {
        if (calls_.load(std::memory_order_relaxed))
            call();
    }

    // --- the agent's thread
    protocol::CountsAnswer now() noexcept override;
    /// Grows what runs short; true: it may be short again already.
    bool grow_ahead() noexcept;
    /// Who is called, on any thread, when the agent's thread has to look after the table: room runs short, or the first
    /// job after a quiet time. Null: nobody any more; returns when no call is under way.
    void set_wake(void (*wake)(void*), void* to) noexcept;
    /// Births and deaths of jobs, and of scopes of jobs.
    std::optional<Jobs> jobs_ever() noexcept override;
    /// The next begin calls wake() once.
    void call_at_next_begin() noexcept { calls_.store(true, std::memory_order_release); }

    /// Threads that ran their exit hook and are still there: counted by the kernel, not by us.
    std::size_t exiting_threads() noexcept;
    /// OS threads of the host now; 0 where /proc cannot be read.
    std::uint64_t host_threads() noexcept;

    /// The agent's descriptor of /proc/self/task: the way to count threads when the host has changed its root.
    void set_task_directory(int fd) noexcept;

    /// Where its table's file is, "" where it is in memory alone; set before it is active. The text is never freed.
    void set_directory(const char* path) noexcept { directory_ = path; }
    std::string_view directory() const noexcept { return directory_; }

    /// Who gives each thread that binds a stack for signal handlers from now on, and takes it back at its end.
    static void set_crash_stacks(void* (*take)() noexcept, void (*give)(void*) noexcept) noexcept;

    void set_agent_tid(std::uint32_t tid) noexcept;
    std::uint32_t agent_tid() const noexcept { return agent_tid_.load(std::memory_order_relaxed); }

    /// After the last agent: no more calls, the table's memory becomes private. The object stays, with what threads
    /// that are in the middle of a call may still touch: 1 MiB of addresses and 10 KiB of memory.
    void retire() noexcept;
    /// The same in a forked child, where threads that were in here are no more: waits for none of them.
    void retire_in_child() noexcept;

private:
    /// One page, wiped in a forked child.
    struct Door {
        std::atomic<Registry*> registry{nullptr};
    };
    static constexpr std::uint32_t max_threads = 65536;
    static constexpr auto per_record = static_cast<std::uint32_t>(protocol::counts_per_record);
    static constexpr std::uint32_t counts_per_thread = 2 * per_record;
    static constexpr std::uint32_t no_more_states = 1u << 31;
    static constexpr std::uint32_t max_exiting = 256;

    explicit Registry(TableFile file) noexcept : file_(std::move(file)) {}
    bool build() noexcept;
    ThreadState* bind() noexcept;
    ThreadState* take_state() noexcept;
    void give_state(ThreadState& state) noexcept;
    /// States that were ever taken: the first so many of the arena.
    std::uint32_t states_used() const noexcept {
        return states_used_.load(std::memory_order_acquire) & ~no_more_states;
    }
    void unbind(ThreadState& state) noexcept;
    void count(ThreadState& thread, std::uint32_t site, bool birth) noexcept {
        protocol::SiteCounts& counts = counts_of(thread, site);
        if (counts.site == site) // also where it is 0: what has no site is not counted by site
            return site == 0 ? void() : add_alone(birth ? counts.births : counts.deaths, 1);
        count_anew(counts, site, birth);
    }
    void count_anew(protocol::SiteCounts& counts, std::uint32_t site, bool birth) noexcept;
    void count_without_state(std::uint32_t site, CountedKind kind, bool begins) noexcept;
    void count_shared(std::uint32_t site, bool birth) noexcept;
    std::uint64_t ended_of(CountedKind kind, std::uint32_t states) noexcept;
    std::uint64_t begun_of(CountedKind kind, std::uint32_t states) noexcept;
    void remember_exit(std::uint32_t tid) noexcept;
    void forget_exit(std::uint32_t tid) noexcept;
    void call() noexcept;
    void let_go() noexcept;
    std::uint64_t kernel_threads() const noexcept;
    static void on_thread_exit(void* state) noexcept;
    static bool make_exit_key() noexcept;

    static WipedPage<Door> door_;
    static constinit thread_local ThreadState* bound_ __attribute__((tls_model("initial-exec")));

    static std::atomic<void* (*)() noexcept> take_crash_stack_;
    static std::atomic<void (*)(void*) noexcept> give_crash_stack_;
    static std::atomic<Registry*> retired_; // the chain of all that are no longer in use
    Registry* next_retired_ = nullptr;

    TableFile file_;
    SiteTable sites_;
    RecordPool records_;
    Births births_;
    ThreadState* states_ = nullptr;             // arena of max_threads, private memory
    std::atomic<std::uint32_t> states_used_{0}; // with no_more_states when it is retired
    struct {
        std::atomic<std::uint64_t> begun{0};
        std::atomic<std::uint64_t> ended{0};
    } without_state_[counted_kinds];
    std::atomic<std::uint64_t> free_states_{0};         // tag << 32 | index + 1
    std::atomic<std::uint64_t> exiting_[max_exiting]{}; // coarse ms << 32 | tid
    std::atomic<std::uint32_t> next_exiting_{0};
    std::atomic<bool> calls_{false}; // the next begin has to wake the agent's thread
    std::atomic<std::uint32_t> agent_tid_{0};
    std::atomic<bool> main_ended_{false}; // by pthread_exit(): the kernel counts it until the process ends
    std::atomic<int> task_fd_{-1};        // somebody else's: the number may have become another file's
    const char* directory_ = "";
    dev_t task_device_ = 0;
    ino_t task_inode_ = 0;
    std::atomic<std::uint32_t> calling_{0}; // threads inside call()
    std::atomic<void (*)(void*)> wake_{nullptr};
    std::atomic<void*> wake_to_{nullptr};
};

} // namespace tasks::agent
