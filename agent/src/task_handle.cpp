#include <tasks/task_handle.hpp>

#include <cstddef>

#include "clock.hpp"
#include "label_field.hpp"
#include "reason.hpp"
#include "record_writer.hpp"
#include "registry.hpp"

namespace tasks {

using agent::CountedKind;
using agent::put;
using agent::RecordWriter;
using agent::Registry;
using agent::ThreadState;
using protocol::CoroutineRecord;
using protocol::RecordType;
using protocol::State;

namespace {

constexpr bool same(task_kind ours, protocol::Kind wires) noexcept {
    return static_cast<std::uint8_t>(ours) == static_cast<std::uint8_t>(wires);
}
static_assert(same(task_kind::coroutine, protocol::Kind::coroutine));
static_assert(same(task_kind::fiber, protocol::Kind::fiber));
static_assert(same(task_kind::job, protocol::Kind::job));
static_assert(sizeof(TaskHandle) == 16);

constexpr CountedKind counted(std::uint32_t kind) noexcept { return static_cast<CountedKind>(kind & 3); }
static_assert(counted(2) == agent::counted_coroutines && counted(3) == agent::counted_fibers &&
              counted(4) == agent::counted_jobs);

std::uint64_t address_of(const void* object) noexcept { return reinterpret_cast<std::uintptr_t>(object); }

std::uint64_t id_of(std::uint32_t number, const CoroutineRecord& record) noexcept {
    return std::uint64_t{record.head.generation} << 32 | number;
}

/// The registry whose record a handle has; null: it runs no more, or this is a forked child.
Registry* owner(const void* registry) noexcept {
    Registry* active = Registry::met();
    return active == registry ? active : nullptr;
}

CoroutineRecord& record_in(Registry& registry, std::uint32_t number) noexcept {
    return registry.records().at<CoroutineRecord>(number);
}

/// What the present thread runs, where it is still what it was; else nothing.
[[gnu::always_inline]] inline const CoroutineRecord* current_of(Registry& registry,
                                                                const ThreadState& thread) noexcept {
    const std::uint64_t current = thread.current.load(std::memory_order_relaxed);
    return current != 0 && registry.is_registered(current) ? &record_in(registry, static_cast<std::uint32_t>(current))
                                                           : nullptr;
}

std::uint32_t number_of(const ThreadState& thread) noexcept {
    return static_cast<std::uint32_t>(thread.current.load(std::memory_order_relaxed));
}

void runs(ThreadState& thread, std::uint64_t id) noexcept { thread.current.store(id, std::memory_order_relaxed); }

/// The present thread runs the task no more, but that which resumed it there.
[[gnu::always_inline]] inline void leave(Registry& registry, std::uint32_t number, std::uint32_t outer) noexcept {
    ThreadState* thread = registry.bound_thread();
    if (thread != nullptr && number_of(*thread) == number)
        runs(*thread, outer == 0 ? 0 : id_of(outer, record_in(registry, outer)));
}

using Word [[gnu::may_alias]] = std::uint64_t;

/// Several fields in one store: they lie side by side in eight bytes.
void put_word(void* first_field, std::uint64_t word) noexcept {
    __atomic_store_n(static_cast<Word*>(first_field), word, __ATOMIC_RELEASE);
}

void put_state(protocol::RecordHead& head, State state, wait_reason reason, std::uint32_t tid) noexcept {
    static_assert(offsetof(protocol::RecordHead, type) == 8 && offsetof(protocol::RecordHead, state) == 9 &&
                  offsetof(protocol::RecordHead, wait_reason) == 10 && offsetof(protocol::RecordHead, tid) == 12);
    put_word(reinterpret_cast<char*>(&head) + offsetof(protocol::RecordHead, type),
             static_cast<std::uint64_t>(RecordType::coroutine) | static_cast<std::uint64_t>(state) << 8 |
                 std::uint64_t{agent::number(reason)} << 16 | std::uint64_t{tid} << 32);
}

/// Those fields as they are.
std::uint64_t state_of(protocol::RecordHead& head) noexcept {
    return __atomic_load_n(
        static_cast<Word*>(static_cast<void*>(reinterpret_cast<char*>(&head) + offsetof(protocol::RecordHead, type))),
        __ATOMIC_ACQUIRE);
}
constexpr std::uint16_t waiting_coroutine = static_cast<std::uint16_t>(static_cast<unsigned>(RecordType::coroutine) |
                                                                       static_cast<unsigned>(State::waiting) << 8);

/// The clock is read last: what is used after a call would be saved and restored.
[[gnu::always_inline]] inline void put_wait(protocol::RecordHead& head, State state, wait_reason reason,
                                            const void* object, std::uint32_t site) noexcept {
    const RecordWriter writer{head};
    put_state(head, state, reason, 0);
    put(head.wait_object, address_of(object));
    put(head.wait_site, site);
    put(head.wait_since_ns, agent::coarse_now_ns());
}

constexpr State suspended(wait_reason reason) noexcept {
    return reason == wait_reason::none ? State::runnable : State::waiting;
}

void put_names(CoroutineRecord& record, std::uint32_t site, std::uint32_t kind) noexcept {
    static_assert(offsetof(CoroutineRecord, site) == 48 && offsetof(CoroutineRecord, kind) == 52 &&
                  offsetof(CoroutineRecord, awaited) == 53);
    put_word(reinterpret_cast<char*>(&record) + offsetof(CoroutineRecord, site),
             site | std::uint64_t{kind} << 32); // awaited: 0
}

/// Where the site is not at hand.
[[gnu::noinline]] void wait_anew(Registry& registry, protocol::RecordHead& head, wait_reason reason, const void* object,
                                 const char* object_name, const SourcePlace& place) noexcept {
    put_wait(head, suspended(reason), reason, object, registry.site(object_name, place));
}

/// What a task that waits already waits for is another thing: the wait begins now, or its site is not at hand.
[[gnu::noinline]] void wait_anew(Registry& registry, protocol::RecordHead& head, wait_reason reason, const void* object,
                                 const TaskReference& task, const char* object_name) noexcept {
    const bool same_wait =
        head.wait_reason == agent::number(wait_reason::await) || head.wait_reason == agent::number(reason);
    const std::uint64_t since = same_wait ? head.wait_since_ns : agent::coarse_now_ns();
    const std::uint32_t site = registry.renamed_site(task.site, object_name);
    const RecordWriter writer{head};
    put_state(head, State::waiting, reason, 0);
    put(head.wait_object, address_of(object));
    put(head.wait_site, site);
    put(head.wait_since_ns, since);
}

/// `outer`: of its handle.
[[gnu::always_inline]] inline void run_on(Registry& registry, ThreadState& thread, std::uint32_t number,
                                          std::uint32_t& outer) noexcept {
    auto& record = record_in(registry, number);
    if (number_of(thread) != number) {
        outer = current_of(registry, thread) == nullptr ? 0 : number_of(thread);
        runs(thread, id_of(number, record));
    }
    put_state(record.head, State::running, wait_reason::none, thread.tid);
}

/// On a thread that has no state yet, or finds no room for one.
[[gnu::noinline]] void run_anew(Registry& registry, std::uint32_t number, std::uint32_t& outer) noexcept {
    ThreadState* thread = registry.this_thread();
    if (thread != nullptr)
        return run_on(registry, *thread, number, outer);
    put_state(record_in(registry, number).head, State::running, wait_reason::none, 0);
}

/// What a task is created from, but its site.
struct Creation {
    std::uint32_t kind;
    const void* frame;
    const void* creator_pc;
    const void* created_in_pc;
};

/// A record that is free is nobody's: its fields change without a sequence, and its type, last, makes it a task's. A
/// reader whose first look saw the type sees all the rest in its second.
[[gnu::always_inline]] inline void begin(Registry& registry, ThreadState& thread, CoroutineRecord& record,
                                         std::uint32_t site, const Creation& creation) noexcept {
    put(record.head.generation, record.head.generation + 1);
    put(record.frame, address_of(creation.frame));
    put(record.creator_pc, address_of(creation.creator_pc));
    put(record.created_in_pc, address_of(creation.created_in_pc));
    const CoroutineRecord* starter = current_of(registry, thread);
    const protocol::LabelField& inherited = starter == nullptr ? thread.record->label : starter->label;
    put(record.parent, starter == nullptr ? 0 : thread.current.load(std::memory_order_relaxed));
    agent::inherit_label(record.label, inherited);
    put_names(record, site, creation.kind);
    put(record.head.started_ns, agent::coarse_now_ns());
    put_state(record.head, State::runnable, wait_reason::not_started, 0);
}

/// Where the thread, its next record, the site or the thread's counts of it are not at hand. Returns the record's
/// number, 0: there is no room.
[[gnu::noinline]] std::uint32_t begin_anew(Registry& registry, const char* name, const SourcePlace& place,
                                           const Creation& creation) noexcept {
    ThreadState* thread = registry.this_thread();
    const std::uint32_t number = thread == nullptr ? 0 : registry.records().take(thread->store);
    if (number == 0) {
        registry.count_dropped();
        return 0;
    }
    const std::uint32_t site = registry.site(name, place);
    begin(registry, *thread, record_in(registry, number), site, creation);
    registry.count_task(thread, site, counted(creation.kind), true);
    registry.after_begin();
    return number;
}

/// Where the thread, or its counts of the site, are not at hand.
[[gnu::noinline]] void end_anew(Registry& registry, std::uint32_t number, CountedKind kind, bool counts) noexcept {
    ThreadState* thread = registry.this_thread();
    auto& record = record_in(registry, number);
    const std::uint32_t site = record.site;
    put(record.head.type, static_cast<std::uint8_t>(RecordType::free));
    if (counts)
        registry.count_task(thread, site, kind, false);
    if (thread == nullptr)
        return registry.give_without_state(number);
    registry.records().give(thread->store, number);
}

} // namespace

// Not inlined: its return address is where the task was created.
[[gnu::noinline]] TaskHandle::TaskHandle(task_kind kind, const char* name, const SourcePlace& place, const void* frame,
                                         const void* creator_pc) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr) {
        become(nullptr, 0, 0);
        return;
    }
    const Creation creation{static_cast<std::uint8_t>(kind), frame, creator_pc, __builtin_return_address(0)};
    ThreadState* thread = registry->bound_thread();
    const std::uint32_t site = registry->known_site(name, place);
    auto* counts = thread == nullptr ? nullptr : &Registry::counts_of(*thread, site);
    if (counts == nullptr || site == 0 || counts->site != site || thread->store.head == 0) {
        become(registry, begin_anew(*registry, name, place, creation), creation.kind);
        return;
    }
    const std::uint32_t number = registry->records().take_held(thread->store);
    become(registry, number, creation.kind);
    Registry::count_alone(*thread, *counts, counted(creation.kind), true);
    begin(*registry, *thread, record_in(*registry, number), site, creation);
    registry->after_begin();
}

// The handle is not used after it, or becomes another's.
void TaskHandle::end() noexcept {
    Registry* registry = owner(registry_);
    if (registry == nullptr)
        return;
    const std::uint32_t number = record_;
    ThreadState* thread = registry->bound_thread();
    if (thread == nullptr)
        return end_anew(*registry, number, counted(kind_), awaited_ == 0);
    if (number_of(*thread) == number)
        leave(*registry, number, outer_);
    auto& record = record_in(*registry, number);
    if (awaited_ == 0) {
        auto& counts = Registry::counts_of(*thread, record.site);
        if (record.site == 0 || counts.site != record.site)
            return end_anew(*registry, number, counted(kind_), true);
        Registry::count_alone(*thread, counts, counted(kind_), false);
    }
    put(record.head.type, static_cast<std::uint8_t>(RecordType::free));
    registry->records().give(thread->store, number);
}

TaskHandle& TaskHandle::operator=(TaskHandle&& other) noexcept {
    if (this != &other) {
        if (record_ != 0)
            end();
        registry_ = other.registry_;
        record_ = other.record_;
        kind_ = other.kind_;
        awaited_ = other.awaited_;
        outer_ = other.outer_;
        other.record_ = 0;
    }
    return *this;
}

void TaskHandle::set_frame(const void* address) noexcept {
    if (Registry* registry = owner(registry_); registry != nullptr)
        put(record_in(*registry, record_).frame, address_of(address));
}

void TaskHandle::suspend(wait_reason reason, const void* object, const char* object_name,
                         const SourcePlace& place) noexcept {
    Registry* registry = owner(registry_);
    if (registry == nullptr)
        return;
    leave(*registry, record_, outer_);
    auto& head = record_in(*registry, record_).head;
    const std::uint32_t site = registry->known_site(object_name, place);
    if (site == 0)
        return wait_anew(*registry, head, reason, object, object_name, place);
    put_wait(head, suspended(reason), reason, object, site);
}

void TaskHandle::await(const SourcePlace& place, TaskReference& told) noexcept {
    Registry* registry = Registry::met();
    if (registry != registry_) {
        told.id = 0;
        return;
    }
    const std::uint32_t site = registry->known_site(nullptr, place);
    if (site == 0)
        return await_anew(place, told);
    const std::uint32_t number = record_;
    leave(*registry, number, outer_);
    auto& record = record_in(*registry, number);
    told.registry = registry;
    told.id = id_of(number, record);
    told.site = site;
    put_wait(record.head, State::waiting, wait_reason::await, nullptr, site);
}

void TaskHandle::await_anew(const SourcePlace& place, TaskReference& told) noexcept {
    suspend(wait_reason::await, nullptr, nullptr, place);
    told = reference();
    Registry* registry = owner(registry_);
    told.site = registry == nullptr ? 0 : registry->site(nullptr, place);
}

void TaskHandle::wait(const TaskReference& task, wait_reason reason, const void* object,
                      const char* object_name) noexcept {
    Registry* registry = Registry::met();
    if (registry != task.registry)
        return;
    auto& head = record_in(*registry, static_cast<std::uint32_t>(task.id)).head;
    const std::uint64_t state = state_of(head);
    if (static_cast<std::uint16_t>(state) != waiting_coroutine || agent::get(head.generation) != task.id >> 32)
        return;
    const auto before = static_cast<std::uint8_t>(state >> 16);
    const std::uint32_t site = registry->known_renamed(task.site, object_name);
    if (site == 0 || (before != agent::number(wait_reason::await) && before != agent::number(reason)))
        return wait_anew(*registry, head, reason, object, task, object_name);
    const RecordWriter writer{head};
    put_state(head, State::waiting, reason, 0);
    put(head.wait_object, address_of(object));
    put(head.wait_site, site);
}

// One store: what is left of the wait counts for nothing while it runs. Since when it runs is not told: a look at the
// clock would be half of what a resume costs.
void TaskHandle::resume() noexcept {
    Registry* registry = Registry::met();
    if (registry != registry_)
        return;
    ThreadState* thread = registry->bound_thread();
    if (thread == nullptr)
        return run_anew(*registry, record_, outer_);
    run_on(*registry, *thread, record_, outer_);
}

void TaskHandle::finish() noexcept {
    Registry* registry = owner(registry_);
    if (registry == nullptr)
        return;
    leave(*registry, record_, outer_);
    put_wait(record_in(*registry, record_).head, State::done, wait_reason::none, nullptr, 0);
}

void TaskHandle::set_parent(std::uint64_t parent_id) noexcept {
    Registry* registry = owner(registry_);
    if (registry == nullptr)
        return;
    auto& record = record_in(*registry, record_);
    const bool awaited = parent_id != 0;
    {
        const RecordWriter writer{record.head};
        put(record.awaited, static_cast<std::uint8_t>(awaited));
        put(record.parent, parent_id);
    }
    if (awaited == (awaited_ != 0))
        return;
    awaited_ = awaited ? 1 : 0;
    registry->count_task(registry->this_thread(), record.site, counted(kind_), !awaited);
}

void TaskHandle::set_label(const char* key, std::string_view text, const SourcePlace& place) noexcept {
    Registry* registry = owner(registry_);
    if (registry == nullptr)
        return;
    const std::uint32_t site = registry->site(key, place);
    const agent::LabelWords words = agent::label_words(text);
    auto& record = record_in(*registry, record_);
    const RecordWriter writer{record.head};
    agent::put_label(record.label, site, words);
}

std::uint64_t TaskHandle::task_id() const noexcept {
    Registry* registry = owner(registry_);
    return registry == nullptr ? 0 : id_of(record_, record_in(*registry, record_));
}

std::uint64_t TaskHandle::current_id() noexcept {
    Registry* registry = Registry::active();
    const ThreadState* thread = Registry::bound();
    if (registry == nullptr || thread == nullptr || thread->registry != registry)
        return 0;
    return current_of(*registry, *thread) == nullptr ? 0 : thread->current.load(std::memory_order_relaxed);
}

} // namespace tasks
