/* The same as main.cpp in C11, with each function of tasks/agent.h. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <tasks/agent.h>

static uint64_t depth_of(const void* queue) { return *(const uint64_t*)queue; }

static int complain(const char* what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

/* A job that another "thread" carries for a moment, after its handle was moved. */
static void carry_a_job(void) {
    tasks_handle handle, moved;
    tasks_scope run;
    tasks_handle_begin(&handle, "carried", TASKS_HERE);
    tasks_handle_label(&handle, "request", "17", 2, TASKS_HERE);
    tasks_handle_waits(&handle, TASKS_WAIT_JOB_QUEUE, &handle, "outbox", TASKS_HERE);
    tasks_handle_move(&moved, &handle);
    tasks_run_begin(&run, &moved);
    tasks_run_end(&run);
    tasks_handle_end(&moved);
}

static void wait_for_the_end(void) {
    char byte;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

int main(void) {
    char error[512];
    const tasks_agent_options options = {.name = "consumer"};
    const uint64_t queue = 3;
    tasks_queue_probe probe;
    tasks_handle queued;
    tasks_scope job, label, wait;
    int null;
    uint64_t agent;

    agent = tasks_agent_start(&options, error, sizeof error);
    if (agent == 0 || error[0] != 0)
        return complain(error);
    if (tasks_queue_probe_add(&probe, "orders", depth_of, &queue) != 0)
        return complain("no room for a probe");
    carry_a_job();
    tasks_job_begin(&job, "consume", TASKS_HERE);
    tasks_label_begin(&label, "order", "4711", 4, TASKS_HERE);
    tasks_handle_begin(&queued, "queued", NULL);
    if (tasks_count() != 2)
        return complain("there are not two tasks");
    null = open("/dev/null", O_WRONLY);
    if (tasks_write_profile(null, 0) != 0)
        return complain("no profile");
    close(null);

    tasks_wait_begin(&wait, TASKS_WAIT_IO_READ, &options, "standard input", TASKS_HERE);
    wait_for_the_end();
    tasks_wait_end(&wait);
    tasks_handle_end(&queued);
    tasks_label_end(&label);
    tasks_job_end(&job);
    tasks_queue_probe_remove(&probe);
    tasks_agent_stop(agent);
    return 0;
}
