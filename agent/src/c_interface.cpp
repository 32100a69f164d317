// tasks/agent.h: the C++ objects, made in the caller's memory.
#include <tasks/agent.h>

#include <cerrno>
#include <new>
#include <string>
#include <utility>

#include <tasks/agent.hpp>
#include <tasks/crash_dump.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/profile.hpp>
#include <tasks/queue_probe.hpp>
#include <tasks/wait.hpp>

#include "agent_share.hpp"
#include "reason.hpp"

namespace tasks {
namespace {

/// A probe whose function is C's.
class CQueueProbe : public QueueProbeBase {
public:
    CQueueProbe(const char* name, std::uint64_t (*depth)(const void*), const void* queue) noexcept
        : depth_(depth), queue_(queue) {
        add(
            name,
            [](const void* probe) noexcept {
                const auto& self = *static_cast<const CQueueProbe*>(probe);
                return self.depth_(self.queue_);
            },
            this);
    }
    ~CQueueProbe() { remove(); }

private:
    std::uint64_t (*depth_)(const void*);
    const void* queue_;
};

template <class Object, class Room> void* room_for(Room* room) noexcept {
    static_assert(sizeof(Object) <= sizeof(Room) && alignof(Object) <= alignof(Room));
    return room;
}

/// The object that a function before this one made there.
template <class Object, class Room> Object& made_in(Room* room) noexcept {
    return *std::launder(static_cast<Object*>(room_for<Object>(room)));
}

template <class Object, class Room> void end_in(Room* room) noexcept {
    if (room != nullptr)
        made_in<Object>(room).~Object();
}

SourcePlace place_of(const tasks_place* place) noexcept {
    return place == nullptr ? SourcePlace{} : SourcePlace{place->file, place->function, place->line};
}

std::string_view text_of(const char* text) noexcept { return text == nullptr ? std::string_view{} : text; }
std::string_view text_of(const char* text, std::size_t bytes) noexcept {
    return text == nullptr ? std::string_view{} : std::string_view{text, bytes};
}

wait_reason reason_of(tasks_wait_reason reason) noexcept {
    const auto number = static_cast<unsigned>(reason);
    return number <= static_cast<unsigned>(protocol::last_wait_reason) ? static_cast<wait_reason>(number)
                                                                       : wait_reason::unknown;
}

template <class Number> void take(Number given, Number& option) noexcept {
    if (given != 0)
        option = given;
}

AgentOptions options_of(const tasks_agent_options* given) noexcept {
    AgentOptions options;
    if (given == nullptr)
        return options;
    options.name = text_of(given->name);
    options.directory = text_of(given->directory);
    take(given->table_cap_bytes, options.table_cap_bytes);
    take(given->table_initial_bytes, options.table_initial_bytes);
    take(given->deadline_ms, options.deadline_ms);
    take(given->history_interval_s, options.history_interval_s);
    take(given->capture_signal, options.capture_signal);
    options.start_after_fork = given->start_after_fork != 0;
    if (given->when_asleep == static_cast<int>(WhenAsleep::dump) ||
        given->when_asleep == static_cast<int>(WhenAsleep::abort))
        options.when_asleep = static_cast<WhenAsleep>(given->when_asleep);
    return options;
}

constexpr bool same(tasks_wait_reason c, wait_reason ours) noexcept {
    return static_cast<unsigned>(c) == agent::number(ours);
}
static_assert(same(TASKS_WAIT_NONE, wait_reason::none));
static_assert(same(TASKS_WAIT_UNKNOWN, wait_reason::unknown));
static_assert(same(TASKS_WAIT_CHAN_SEND, wait_reason::chan_send));
static_assert(same(TASKS_WAIT_CHAN_RECEIVE, wait_reason::chan_receive));
static_assert(same(TASKS_WAIT_SELECT, wait_reason::select));
static_assert(same(TASKS_WAIT_MUTEX, wait_reason::mutex));
static_assert(same(TASKS_WAIT_RWLOCK_READ, wait_reason::rwlock_read));
static_assert(same(TASKS_WAIT_RWLOCK_WRITE, wait_reason::rwlock_write));
static_assert(same(TASKS_WAIT_COND, wait_reason::cond));
static_assert(same(TASKS_WAIT_SEMAPHORE, wait_reason::semaphore));
static_assert(same(TASKS_WAIT_BARRIER, wait_reason::barrier));
static_assert(same(TASKS_WAIT_JOIN, wait_reason::join));
static_assert(same(TASKS_WAIT_FUTURE, wait_reason::future));
static_assert(same(TASKS_WAIT_SLEEP, wait_reason::sleep));
static_assert(same(TASKS_WAIT_TIMER, wait_reason::timer));
static_assert(same(TASKS_WAIT_IO_READ, wait_reason::io_read));
static_assert(same(TASKS_WAIT_IO_WRITE, wait_reason::io_write));
static_assert(same(TASKS_WAIT_IO_ACCEPT, wait_reason::io_accept));
static_assert(same(TASKS_WAIT_IO_CONNECT, wait_reason::io_connect));
static_assert(same(TASKS_WAIT_POLL, wait_reason::poll));
static_assert(same(TASKS_WAIT_FUTEX, wait_reason::futex));
static_assert(same(TASKS_WAIT_AWAIT, wait_reason::await));
static_assert(same(TASKS_WAIT_NIL, wait_reason::nil));
static_assert(same(TASKS_WAIT_NOT_STARTED, wait_reason::not_started));
static_assert(same(TASKS_WAIT_SIGNAL, wait_reason::signal));
static_assert(same(TASKS_WAIT_CHILD, wait_reason::child));
static_assert(same(TASKS_WAIT_LOCK_FILE, wait_reason::lock_file));
static_assert(same(TASKS_WAIT_MESSAGE_QUEUE, wait_reason::message_queue));
static_assert(same(TASKS_WAIT_JOB_QUEUE, wait_reason::job_queue));
static_assert(same(TASKS_WAIT_ONCE, wait_reason::once));

} // namespace
} // namespace tasks

using namespace tasks;

extern "C" {

uint64_t tasks_agent_start(const tasks_agent_options* options, char* error, size_t error_bytes) {
    std::string problem;
    const std::uint64_t run = agent::take_share(options_of(options), problem);
    if (error != nullptr && error_bytes != 0)
        error[problem.copy(error, error_bytes - 1)] = '\0';
    return run;
}
void tasks_agent_stop(uint64_t run) { agent::give_share(run); }

size_t tasks_count(void) { return count(); }

void tasks_job_begin(tasks_scope* job, const char* name, const tasks_place* place) {
    ::new (room_for<Job>(job)) Job(name, place_of(place));
}
void tasks_job_end(tasks_scope* job) { end_in<Job>(job); }

void tasks_wait_begin(tasks_scope* wait, tasks_wait_reason reason, const void* object, const char* name,
                      const tasks_place* place) {
    ::new (room_for<Wait>(wait)) Wait(reason_of(reason), object, name, place_of(place));
}
void tasks_wait_end(tasks_scope* wait) { end_in<Wait>(wait); }

void tasks_label_begin(tasks_scope* label, const char* key, const char* text, size_t text_bytes,
                       const tasks_place* place) {
    ::new (room_for<Label>(label)) Label(key, text_of(text, text_bytes), place_of(place));
}
void tasks_label_end(tasks_scope* label) { end_in<Label>(label); }

void tasks_handle_begin(tasks_handle* handle, const char* name, const tasks_place* place) {
    ::new (room_for<JobHandle>(handle)) JobHandle(name, place_of(place));
}
void tasks_handle_waits(tasks_handle* handle, tasks_wait_reason reason, const void* object, const char* name,
                        const tasks_place* place) {
    made_in<JobHandle>(handle).waits(reason_of(reason), object, name, place_of(place));
}
void tasks_handle_label(tasks_handle* handle, const char* key, const char* text, size_t text_bytes,
                        const tasks_place* place) {
    made_in<JobHandle>(handle).label(key, text_of(text, text_bytes), place_of(place));
}
void tasks_handle_move(tasks_handle* to, tasks_handle* from) {
    ::new (room_for<JobHandle>(to)) JobHandle(std::move(made_in<JobHandle>(from)));
}
void tasks_handle_end(tasks_handle* handle) { end_in<JobHandle>(handle); }

void tasks_run_begin(tasks_scope* run, tasks_handle* handle) {
    ::new (room_for<JobRun>(run)) JobRun(made_in<JobHandle>(handle).run()); // made in place, never moved
}
void tasks_run_end(tasks_scope* run) { end_in<JobRun>(run); }

int tasks_queue_probe_add(tasks_queue_probe* probe, const char* name, uint64_t (*depth)(const void* queue),
                          const void* queue) {
    const auto* made = ::new (room_for<CQueueProbe>(probe)) CQueueProbe(name, depth, queue);
    return made->registered() ? 0 : -1;
}
void tasks_queue_probe_remove(tasks_queue_probe* probe) { end_in<CQueueProbe>(probe); }

int tasks_install_crash_dump(tasks_traceback level) {
    if (static_cast<unsigned>(level) > static_cast<unsigned>(Traceback::system))
        return EINVAL;
    return install_crash_dump(static_cast<Traceback>(level));
}

int tasks_write_profile(int fd, int detail) {
    if (detail < static_cast<int>(ProfileDetail::groups) || detail > static_cast<int>(ProfileDetail::stacks))
        return EINVAL;
    return write_profile(fd, static_cast<ProfileDetail>(detail));
}

} // extern "C"
