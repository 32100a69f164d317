#include "c_program.h"

#include <errno.h>
#include <string.h>

#include <tasks/agent.h>

#define CHECK(number, holds)                                                                                           \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            return (number);                                                                                           \
    } while (0)

static const uint64_t queued = 42;

const void* c_program_object(void) { return &queued; }

static uint64_t depth_of(const void* queue) { return *(const uint64_t*)queue; }

static int scopes(c_program_look look, void* to) {
    tasks_scope job;
    tasks_scope label;
    tasks_scope wait;
    tasks_job_begin(&job, "charge card", TASKS_HERE);
    tasks_label_begin(&label, "request", "8431 and more", 4, TASKS_HERE);
    tasks_wait_begin(&wait, TASKS_WAIT_CHAN_SEND, &queued, "results", TASKS_HERE);
    look(to, "scopes");
    tasks_wait_end(&wait);
    tasks_label_end(&label);
    look(to, "job alone");
    tasks_job_end(&job);
    tasks_wait_begin(&wait, (tasks_wait_reason)200, NULL, NULL, NULL);
    look(to, "unknown wait");
    tasks_wait_end(&wait);
    return 0;
}

static int handles(c_program_look look, void* to) {
    tasks_handle first;
    tasks_handle handle;
    tasks_scope run;
    const size_t before = tasks_count();
    tasks_handle_begin(&first, "send receipt", TASKS_HERE);
    tasks_handle_move(&handle, &first);
    tasks_handle_end(&first);
    CHECK(20, tasks_count() == before + 1);
    tasks_handle_label(&handle, "request", "9000", 4, NULL);
    tasks_handle_waits(&handle, TASKS_WAIT_JOB_QUEUE, &queued, "mail queue", TASKS_HERE);
    look(to, "queued");
    tasks_run_begin(&run, &handle);
    CHECK(21, tasks_count() == before);
    look(to, "carried");
    tasks_run_end(&run);
    tasks_handle_end(&handle);
    CHECK(22, tasks_count() == before);
    return 0;
}

static int probes(c_program_look look, void* to) {
    tasks_queue_probe probe;
    CHECK(30, tasks_queue_probe_add(&probe, "payments queue", depth_of, &queued) == 0);
    look(to, "probe");
    tasks_queue_probe_remove(&probe);
    look(to, "no probe");
    return 0;
}

static int many_probes(void) {
    enum { most = 64 };
    static tasks_queue_probe all[most + 1];
    int added = 0;
    for (int i = 0; i <= most; ++i)
        added += tasks_queue_probe_add(&all[i], "queue", depth_of, &queued) == 0;
    CHECK(40, added == most);
    for (int i = 0; i <= most; ++i)
        tasks_queue_probe_remove(&all[i]);
    CHECK(41, tasks_queue_probe_add(&all[0], "queue", depth_of, &queued) == 0);
    tasks_queue_probe_remove(&all[0]);
    return 0;
}

static int profiles(int fd) {
    tasks_scope job;
    tasks_job_begin(&job, "in the profile", TASKS_HERE);
    CHECK(60, tasks_write_profile(fd, 0) == 0);
    CHECK(61, tasks_write_profile(fd, 3) == EINVAL);
    CHECK(62, tasks_write_profile(-1, 1) == EBADF);
    tasks_job_end(&job);
    return 0;
}

static int starts(const char* directory, int fd, c_program_look look, void* to) {
    char error[512];
    tasks_agent_options options = {.name = "c program", .directory = directory, .deadline_ms = 5000};
    const uint64_t agent = tasks_agent_start(&options, error, sizeof error);
    CHECK(10, agent != 0 && strcmp(error, "") == 0);
    CHECK(11, tasks_agent_start(NULL, NULL, 0) == agent); /* joins */
    tasks_agent_stop(agent);
    look(to, "started");
    int failed = scopes(look, to);
    failed = failed != 0 ? failed : handles(look, to);
    failed = failed != 0 ? failed : probes(look, to);
    failed = failed != 0 ? failed : many_probes();
    failed = failed != 0 ? failed : profiles(fd);
    tasks_agent_stop(agent);
    look(to, "stopped");
    tasks_agent_stop(agent); /* once too often, and no number at all: nothing */
    tasks_agent_stop(0);
    return failed;
}

static int refusals(void) {
    char error[16];
    char none = 'x';
    tasks_agent_options options = {.directory = "no/absolute/path"};
    memset(error, 'x', sizeof error);
    CHECK(50, tasks_agent_start(&options, error, sizeof error) == 0);
    CHECK(51, error[0] != '\0' && strlen(error) == sizeof error - 1); /* cut */
    CHECK(52, tasks_agent_start(&options, &none, 0) == 0 && none == 'x');
    tasks_agent_stop(0);
    CHECK(53, tasks_write_profile(-1, 2) == ENODEV); /* no agent */
    return 0;
}

int run_c_program(const char* directory, int fd, c_program_look look, void* to) {
    const int failed = starts(directory, fd, look, to);
    return failed != 0 ? failed : refusals();
}
