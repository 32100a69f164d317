/* The agent for C, and for other languages by way of it: the same functions as in tasks/agent.hpp, job.hpp, wait.hpp,
 * label.hpp, queue_probe.hpp, crash_dump.hpp and profile.hpp, where the details are told.
 *
 *     tasks_agent_options options = {.name = "payments"};
 *     char error[512];
 *     uint64_t agent = tasks_agent_start(&options, error, sizeof error);
 *     ...
 *     tasks_scope job;
 *     tasks_job_begin(&job, "charge card", TASKS_HERE);
 *     ...
 *     tasks_job_end(&job);
 *     tasks_agent_stop(agent);
 *
 * Names, keys, files and functions are kept by address: they must live as long as the process. Nothing here throws or
 * may be called in a signal handler; only start and stop allocate, tasks_write_profile maps memory for its work, and a
 * thread's first job, wait or label may allocate once (tasks/job.hpp). Objects are the caller's: begun by one function,
 * ended by its counterpart, not copied in between. C11; every function may be called on any thread, but what ends a
 * scope on the one that began it. */
#ifndef TASKS_AGENT_H
#define TASKS_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include <tasks/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero in a field: the default that tasks::AgentOptions tells. Texts are copied. */
typedef struct tasks_agent_options {
    const char* name;
    const char* directory;
    size_t table_cap_bytes;
    size_t table_initial_bytes;
    uint32_t deadline_ms;
    uint32_t history_interval_s;
    int capture_signal;
    int start_after_fork; /* 0 or 1 */
    int when_asleep;      /* 0 nothing, 1 dump, 2 dump and abort */
    uint64_t reserved[3]; /* 0 */
} tasks_agent_options;

/* Starts the agent, or joins the one that runs: then `options` are ignored. Returns a number for tasks_agent_stop, 0
 * where nothing runs. `options` may be null. `error` (may be null) gets a sentence of at most error_bytes - 1 bytes and
 * a zero; "" means all is well. */
TASKS_EXPORT uint64_t tasks_agent_start(const tasks_agent_options* options, char* error, size_t error_bytes);
TASKS_EXPORT void tasks_agent_stop(uint64_t agent);

/* tasks::count() */
TASKS_EXPORT size_t tasks_count(void);

/* A place in the source; may be null where a function asks for one. */
typedef struct tasks_place {
    const char* file;
    const char* function;
    uint32_t line;
} tasks_place;
#ifndef __cplusplus
#define TASKS_HERE (&(const tasks_place){__FILE__, __func__, __LINE__})
#endif

/* The numbers of tasks::wait_reason. */
typedef enum tasks_wait_reason {
    TASKS_WAIT_NONE = 0,
    TASKS_WAIT_UNKNOWN = 1,
    TASKS_WAIT_CHAN_SEND = 2,
    TASKS_WAIT_CHAN_RECEIVE = 3,
    TASKS_WAIT_SELECT = 4,
    TASKS_WAIT_MUTEX = 5,
    TASKS_WAIT_RWLOCK_READ = 6,
    TASKS_WAIT_RWLOCK_WRITE = 7,
    TASKS_WAIT_COND = 8,
    TASKS_WAIT_SEMAPHORE = 9,
    TASKS_WAIT_BARRIER = 10,
    TASKS_WAIT_JOIN = 11,
    TASKS_WAIT_FUTURE = 12,
    TASKS_WAIT_SLEEP = 13,
    TASKS_WAIT_TIMER = 14,
    TASKS_WAIT_IO_READ = 15,
    TASKS_WAIT_IO_WRITE = 16,
    TASKS_WAIT_IO_ACCEPT = 17,
    TASKS_WAIT_IO_CONNECT = 18,
    TASKS_WAIT_POLL = 19,
    TASKS_WAIT_FUTEX = 20,
    TASKS_WAIT_AWAIT = 21,
    TASKS_WAIT_NIL = 22,
    TASKS_WAIT_NOT_STARTED = 23,
    TASKS_WAIT_SIGNAL = 24,
    TASKS_WAIT_CHILD = 25,
    TASKS_WAIT_LOCK_FILE = 26,
    TASKS_WAIT_MESSAGE_QUEUE = 27,
    TASKS_WAIT_JOB_QUEUE = 28,
    TASKS_WAIT_ONCE = 29
} tasks_wait_reason;

/* Room for a scope (job, wait, label, run); what is in it is the library's. */
typedef struct tasks_scope {
    uint64_t opaque[8];
} tasks_scope;

/* Room for a job that no thread carries. */
typedef struct tasks_handle {
    uint64_t opaque[4];
} tasks_handle;

/* tasks::Job */
TASKS_EXPORT void tasks_job_begin(tasks_scope* job, const char* name, const tasks_place* place);
TASKS_EXPORT void tasks_job_end(tasks_scope* job);

/* tasks::Wait */
TASKS_EXPORT void tasks_wait_begin(tasks_scope* wait, tasks_wait_reason reason, const void* object, const char* name,
                                   const tasks_place* place);
TASKS_EXPORT void tasks_wait_end(tasks_scope* wait);

/* tasks::Label; `text` of `text_bytes` bytes is copied. */
TASKS_EXPORT void tasks_label_begin(tasks_scope* label, const char* key, const char* text, size_t text_bytes,
                                    const tasks_place* place);
TASKS_EXPORT void tasks_label_end(tasks_scope* label);

/* tasks::JobHandle. A handle may be begun on one thread and ended on another. */
TASKS_EXPORT void tasks_handle_begin(tasks_handle* handle, const char* name, const tasks_place* place);
TASKS_EXPORT void tasks_handle_waits(tasks_handle* handle, tasks_wait_reason reason, const void* object,
                                     const char* name, const tasks_place* place);
TASKS_EXPORT void tasks_handle_label(tasks_handle* handle, const char* key, const char* text, size_t text_bytes,
                                     const tasks_place* place);
/* `to` is unused memory; `from` has no job then. */
TASKS_EXPORT void tasks_handle_move(tasks_handle* to, tasks_handle* from);
TASKS_EXPORT void tasks_handle_end(tasks_handle* handle);

/* tasks::JobHandle::run(). To be ended before the thread ends, also where that is cancelled or calls pthread_exit()
 * (pthread_cleanup_push): the handle knows where the run is. */
TASKS_EXPORT void tasks_run_begin(tasks_scope* run, tasks_handle* handle);
TASKS_EXPORT void tasks_run_end(tasks_scope* run);

/* tasks::QueueProbe. Returns 0, or -1 where there is no room: the probe is then counted as one that is not shown, until
 * tasks_queue_probe_remove, which need not be called for it. */
typedef struct tasks_queue_probe {
    uint64_t opaque[4];
} tasks_queue_probe;
TASKS_EXPORT int tasks_queue_probe_add(tasks_queue_probe* probe, const char* name, uint64_t (*depth)(const void* queue),
                                       const void* queue);
TASKS_EXPORT void tasks_queue_probe_remove(tasks_queue_probe* probe);

/* tasks::install_crash_dump(), with its other options as they are there. 0 or an errno value, EINVAL for another
 * level. */
typedef enum tasks_traceback {
    TASKS_TRACEBACK_NONE = 0,
    TASKS_TRACEBACK_SINGLE = 1,
    TASKS_TRACEBACK_ALL = 2,
    TASKS_TRACEBACK_SYSTEM = 3
} tasks_traceback;
TASKS_EXPORT int tasks_install_crash_dump(tasks_traceback level);

/* tasks::write_profile(); detail 0 groups, 1 tasks, 2 stacks. Returns 0 or an errno value, EINVAL for another
 * detail. */
TASKS_EXPORT int tasks_write_profile(int fd, int detail);

#ifdef __cplusplus
}
#endif

#endif
