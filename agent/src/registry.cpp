#include "registry.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "clock.hpp"
#include "label_field.hpp"
#include "not_cancelled.hpp"
#include "record_writer.hpp"
#include "region.hpp"
#include "thread_list.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint32_t records_per_thread = 3; // its own and two of counts
constexpr std::uint64_t longest_exit_ms = 1000;

pthread_key_t exit_key;
bool exit_key_made = false;
pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;

void* private_memory(std::size_t bytes) noexcept {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? nullptr : memory;
}

/// What a thread carries at one moment: a handle's job is neither left out nor counted with its thread as well.
struct Carrying {
    bool any = false;
    std::uint32_t handles = 0;
};

Carrying carrying_now(const ThreadState& state) noexcept {
    constexpr int most_looks = 4;
    Carrying seen;
    for (int look = 0; look < most_looks; ++look) {
        seen.handles = state.carried.load(std::memory_order_acquire);
        seen.any = state.depth.load(std::memory_order_acquire) > 0;
        if (state.carried.load(std::memory_order_acquire) == seen.handles)
            break;
    }
    return seen;
}

} // namespace

WipedPage<Registry::Door> Registry::door_;
std::atomic<Registry*> Registry::retired_{nullptr};
std::atomic<void* (*)() noexcept> Registry::take_crash_stack_{nullptr};
std::atomic<void (*)(void*) noexcept> Registry::give_crash_stack_{nullptr};
constinit thread_local ThreadState* Registry::bound_ __attribute__((tls_model("initial-exec"))) = nullptr;

Registry* Registry::create(TableFile file) noexcept {
    auto* registry = new (std::nothrow) Registry(std::move(file));
    if (registry == nullptr || !registry->build()) {
        if (registry != nullptr)
            registry->let_go();
        return nullptr;
    }
    return registry;
}

bool Registry::build() noexcept {
    states_ = static_cast<ThreadState*>(private_memory(std::size_t{max_threads} * sizeof(ThreadState)));
    if (states_ == nullptr || !make_exit_key() || !sites_.create(file_, calls_))
        return false;
    if (Births::wanted())
        births_.create(file_, calls_); // jobs go before them: without room they are only counted
    return records_.create(file_, file_.initial_bytes() - file_.file_bytes(), calls_);
}

bool Registry::make_exit_key() noexcept {
    // Not a static local: its guard stays shut in a child that was forked while another thread was in here.
    ::pthread_once(&exit_key_once, [] {
        exit_key_made = ::pthread_key_create(&exit_key, [](void* state) { on_thread_exit(state); }) == 0;
    });
    return exit_key_made;
}

bool Registry::set_active(Registry* registry) noexcept {
    Door* door = registry == nullptr ? door_.get() : door_.make();
    if (door != nullptr)
        door->registry.store(registry, std::memory_order_release);
    return door != nullptr || registry == nullptr;
}

ThreadState* Registry::take_state() noexcept {
    std::uint64_t old = free_states_.load(std::memory_order_acquire);
    while (static_cast<std::uint32_t>(old) != 0) {
        ThreadState& state = states_[static_cast<std::uint32_t>(old) - 1];
        const std::uint64_t wanted = ((old >> 32) + 1) << 32 | state.next_free.load(std::memory_order_relaxed);
        if (free_states_.compare_exchange_weak(old, wanted, std::memory_order_acquire))
            return &state;
    }
    const std::uint32_t row = records_.take_row(records_per_thread);
    if (row == 0)
        return nullptr;
    std::uint32_t mine = states_used_.load(std::memory_order_relaxed);
    do {
        if (mine >= max_threads)
            return nullptr;
    } while (!states_used_.compare_exchange_weak(mine, mine + 1, std::memory_order_acq_rel));
    ThreadState& state = states_[mine];
    state.registry = this;
    state.index = mine;
    state.record = &records_.at<protocol::TaskRecord>(row);
    for (std::uint32_t i = 1; i < records_per_thread; ++i)
        put(records_.at<protocol::CountsRecord>(row + i).type, static_cast<std::uint8_t>(protocol::RecordType::counts));
    put(state.first_record, row); // last: jobs_ever() reads the counts of a state that has one
    return &state;
}

ThreadState* Registry::bind() noexcept {
    const long tid = ::syscall(SYS_gettid);
    ThreadState* state = tid > 0 ? take_state() : nullptr; // a filter of system calls may refuse even that one
    if (state == nullptr)
        return nullptr;
    if (::pthread_setspecific(exit_key, state) != 0) { // no memory: its end would not be noticed
        give_state(*state);
        return nullptr;
    }
    state->generation.fetch_add(1, std::memory_order_relaxed);
    state->tid = static_cast<std::uint32_t>(tid);
    forget_exit(state->tid);
    {
        protocol::RecordHead& head = state->record->head;
        const RecordWriter writer{head};
        put(head.type, static_cast<std::uint8_t>(protocol::RecordType::thread));
        put(head.tid, state->tid);
    }
    bound_ = state;
    if (const auto take = take_crash_stack_.load(std::memory_order_acquire); take != nullptr)
        state->crash_stack = take();
    return state;
}

void Registry::set_crash_stacks(void* (*take)() noexcept, void (*give)(void*) noexcept) noexcept {
    give_crash_stack_.store(give);
    take_crash_stack_.store(take, std::memory_order_release);
}

void Registry::on_thread_exit(void* argument) noexcept {
    auto& state = *static_cast<ThreadState*>(argument);
    bound_ = nullptr;
    if (void* stack = std::exchange(state.crash_stack, nullptr); stack != nullptr)
        give_crash_stack_.load()(stack);
    if (active() == state.registry)
        state.registry->unbind(state);
}

void Registry::unbind(ThreadState& state) noexcept {
    state.generation.fetch_add(1, std::memory_order_relaxed);
    state.carried.store(0, std::memory_order_relaxed);
    state.depth.store(0, std::memory_order_relaxed);
    state.current.store(0, std::memory_order_relaxed);
    {
        protocol::TaskRecord& record = *state.record;
        const RecordWriter writer{record.head};
        put(record.carries, std::uint64_t{0});
        put_key_and_scope(record.label, 0);
        put(record.head.type, static_cast<std::uint8_t>(protocol::RecordType::free));
        put(record.head.wait_reason, std::uint8_t{0});
        put(record.head.depth, 0u);
    }
    records_.give_all(state.store);
    births_.end(state);
    if (state.tid == static_cast<std::uint32_t>(::getpid()))
        main_ended_.store(true, std::memory_order_relaxed);
    else
        remember_exit(state.tid);
    give_state(state);
}

void Registry::give_state(ThreadState& state) noexcept {
    std::uint64_t old = free_states_.load(std::memory_order_relaxed);
    std::uint64_t wanted;
    do {
        state.next_free.store(static_cast<std::uint32_t>(old), std::memory_order_relaxed);
        wanted = ((old >> 32) + 1) << 32 | (state.index + 1);
    } while (!free_states_.compare_exchange_weak(old, wanted, std::memory_order_release, std::memory_order_relaxed));
}

void Registry::count_anew(protocol::SiteCounts& counts, std::uint32_t site, bool birth) noexcept {
    if (site == 0)
        return;
    if (counts.site != 0)
        return count_shared(site, birth);
    put(counts.site, site);
    add_alone(birth ? counts.births : counts.deaths, 1);
}

void Registry::count_shared(std::uint32_t site, bool birth) noexcept {
    if (protocol::SiteRecord* shared = sites_.record(site); shared != nullptr)
        std::atomic_ref(birth ? shared->births : shared->deaths).fetch_add(1, std::memory_order_relaxed);
}

void Registry::give_without_state(std::uint32_t record) noexcept {
    RecordStore one;
    records_.give(one, record);
    records_.give_all(one);
}

void Registry::end_without_state(std::uint32_t record, std::uint32_t site, CountedKind kind) noexcept {
    count_task(nullptr, site, kind, false);
    give_without_state(record);
}

void Registry::count_without_state(std::uint32_t site, CountedKind kind, bool begins) noexcept {
    auto& counts = without_state_[kind];
    (begins ? counts.begun : counts.ended).fetch_add(1, std::memory_order_release);
    count_shared(site, begins);
}

std::uint64_t Registry::ended_of(CountedKind kind, std::uint32_t states) noexcept {
    std::uint64_t ended = without_state_[kind].ended.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < states; ++i)
        ended += std::atomic_ref(states_[i].handles[kind].ended).load(std::memory_order_acquire);
    return ended;
}

std::uint64_t Registry::begun_of(CountedKind kind, std::uint32_t states) noexcept {
    std::uint64_t begun = without_state_[kind].begun.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < states; ++i)
        begun += std::atomic_ref(states_[i].handles[kind].begun).load(std::memory_order_relaxed);
    return begun;
}

void Registry::count_dropped() noexcept {
    std::atomic_ref(file_.header().dropped_jobs).fetch_add(1, std::memory_order_relaxed);
}

void Registry::remember_exit(std::uint32_t tid) noexcept {
    const std::uint64_t ms = coarse_now_ns() / 1'000'000;
    exiting_[next_exiting_.fetch_add(1, std::memory_order_relaxed) % max_exiting].store(ms << 32 | tid);
}

void Registry::forget_exit(std::uint32_t tid) noexcept {
    for (auto& each : exiting_) {
        std::uint64_t seen = each.load(std::memory_order_relaxed);
        if (static_cast<std::uint32_t>(seen) == tid)
            each.compare_exchange_strong(seen, 0);
    }
}

std::size_t Registry::exiting_threads() noexcept {
    const auto now_ms = static_cast<std::uint32_t>(coarse_now_ns() / 1'000'000);
    std::size_t count = 0;
    for (auto& each : exiting_) {
        std::uint64_t seen = each.load();
        if (seen == 0)
            continue;
        // A thread takes no second to go: what is still there belongs to another thread of that number.
        const bool old = now_ms - static_cast<std::uint32_t>(seen >> 32) > longest_exit_ms;
        if (!old && thread_is_there(static_cast<std::uint32_t>(seen)))
            ++count;
        else
            each.compare_exchange_strong(seen, 0);
    }
    return count;
}

/// Of this process; 0 where /proc cannot be read.
std::uint64_t Registry::kernel_threads() const noexcept {
    constexpr nlink_t own_links = 2; // "." and the entry in its parent
    struct stat directory{};
    if (::stat("/proc/self/task", &directory) != 0) {
        const int fd = task_fd_.load(std::memory_order_acquire);
        if (fd < 0 || ::fstat(fd, &directory) != 0 || directory.st_dev != task_device_ ||
            directory.st_ino != task_inode_)
            return 0;
    }
    return directory.st_nlink > own_links ? directory.st_nlink - own_links : 0;
}

/// All that the kernel counts, without the agent's and those on their way out. Looked at again when one went between
/// the two looks: it would be taken off twice, or not at all.
std::uint64_t Registry::host_threads() noexcept {
    constexpr int most_looks = 8;
    std::uint64_t all = kernel_threads();
    for (int look = 0;; ++look) {
        const std::uint64_t not_counted =
            exiting_threads() + (agent_tid() != 0 ? 1 : 0) + (main_ended_.load(std::memory_order_relaxed) ? 1 : 0);
        const std::uint64_t again = kernel_threads();
        if (again == all || look == most_looks)
            return again > not_counted ? again - not_counted : 0;
        all = again;
    }
}

protocol::CountsAnswer Registry::now() noexcept {
    protocol::CountsAnswer answer;
    std::uint64_t carriers = 0; // of jobs
    std::uint64_t runners = 0;  // of other tasks
    std::uint64_t carried = 0;
    const std::uint32_t used = states_used();
    // In the order from the end of a task to its beginning: what goes on meanwhile makes one count that has just
    // ended, never one missing that lives.
    std::uint64_t ended[counted_kinds];
    for (const CountedKind kind : {counted_jobs, counted_coroutines, counted_fibers})
        ended[kind] = ended_of(kind, used);
    for (std::uint32_t i = 0; i < used; ++i) {
        const Carrying carrying = carrying_now(states_[i]);
        carriers += carrying.any ? 1u : 0u;
        carried += carrying.handles;
        runners += !carrying.any && is_registered(states_[i].current.load(std::memory_order_relaxed)) ? 1u : 0u;
    }
    ended[counted_jobs] += carried; // as long as a thread carries them, it is the thread that counts
    const auto living = [&](CountedKind kind) {
        const std::uint64_t begun = begun_of(kind, used);
        return begun > ended[kind] ? begun - ended[kind] : 0;
    };
    answer.os_threads = host_threads();
    answer.jobs = living(counted_jobs) + carriers;
    answer.coroutines = living(counted_coroutines);
    answer.fibers = living(counted_fibers);
    answer.thread_tasks = answer.os_threads - std::min(answer.os_threads, carriers + runners);
    answer.tasks = answer.jobs + answer.coroutines + answer.fibers + answer.thread_tasks;
    answer.jobs_dropped = get(file_.header().dropped_jobs);
    return answer;
}

bool Registry::grow_ahead() noexcept {
    const bool sites = sites_.grow_ahead();
    const bool births = births_.grow_ahead();
    return records_.grow_ahead() || sites || births;
}

std::optional<Counts::Jobs> Registry::jobs_ever() noexcept {
    Jobs totals;
    const auto add = [&totals](std::uint64_t& births, std::uint64_t& deaths) {
        totals.ended += get(deaths);
        totals.started += get(births);
    };
    const std::uint32_t used = states_used();
    for (std::uint32_t i = 0; i < used; ++i)
        for (std::uint32_t slot = 0, first = get(states_[i].first_record); slot < counts_per_thread && first != 0;
             ++slot) {
            const std::uint32_t number = first + 1 + slot / per_record;
            auto& counts = records_.at<protocol::CountsRecord>(number).counts[slot % per_record];
            add(counts.births, counts.deaths);
        }
    for (std::uint32_t site = 1; site <= sites_.used(); ++site)
        if (protocol::SiteRecord* record = sites_.record(site); record != nullptr)
            add(record->births, record->deaths);
    return totals;
}

void Registry::set_wake(void (*wake)(void*), void* to) noexcept {
    if (wake != nullptr)
        wake_to_.store(to);
    wake_.store(wake);
    while (wake == nullptr && calling_.load() != 0)
        ::sched_yield(); // a call is one send() to a socket
}

void Registry::call() noexcept {
    if (!calls_.exchange(false, std::memory_order_acq_rel))
        return;
    const NotCancelled scope; // the call is a send()
    calling_.fetch_add(1);
    if (auto* wake = wake_.load(); wake != nullptr)
        wake(wake_to_.load());
    calling_.fetch_sub(1);
}

void Registry::set_task_directory(int fd) noexcept {
    struct stat directory{};
    if (fd < 0 || ::fstat(fd, &directory) != 0)
        return;
    task_device_ = directory.st_dev;
    task_inode_ = directory.st_ino;
    task_fd_.store(fd, std::memory_order_release);
}

void Registry::set_agent_tid(std::uint32_t tid) noexcept {
    agent_tid_.store(tid, std::memory_order_relaxed);
    put(file_.header().agent_tid, tid);
}

void Registry::retire() noexcept {
    set_wake(nullptr, nullptr);
    let_go();
}

void Registry::retire_in_child() noexcept {
    wake_.store(nullptr);
    let_go();
}

void Registry::let_go() noexcept {
    const std::uint32_t states = states_used_.fetch_or(no_more_states, std::memory_order_acq_rel);
    if (states_ != nullptr) // build() came so far
        give_back(states_, max_threads * sizeof(ThreadState), states * sizeof(ThreadState));
    records_.retire();
    births_.retire();
    sites_.retire();
    file_.detach();
    next_retired_ = retired_.load(); // the start and stop lock is held: nobody else is here
    retired_.store(this);
}

} // namespace tasks::agent
