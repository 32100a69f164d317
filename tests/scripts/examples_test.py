#!/usr/bin/python3
"""The counting programs print the exact numbers every time; each cause of leaks shows why its tasks wait, and where.

TASKS_TEST_RUNS in the environment: how often each counting program runs (default 32).
"""
# ctest: TIMEOUT 300
import concurrent.futures
import os

from example_process import Example, program, run, tasks, tasks_json, until

RUNS = int(os.environ.get("TASKS_TEST_RUNS", "32"))

# cause: state, wait reason and name of the stuck tasks, what the job is called, tasks a request, the source file
CAUSES = {
    "send-without-receiver": ("waiting", "chan send", "results", "charge card", 2, "send_without_receiver.cpp"),
    "receive-without-sender": ("waiting", "chan receive", "results", "await receipt", 1, "receive_without_sender.cpp"),
    "nil-channel": ("waiting", "nil", "results", "await receipt", 1, "nil_channel.cpp"),
    "mutex": ("waiting", "mutex", "ledger", "write ledger", 1, "mutex.cpp"),
    "busy-loop": ("running", None, "", "settle", 1, "busy_loop.cpp"),
    "sleep-loop": ("waiting", "sleep", "retry", "deliver receipt", 1, "sleep_loop.cpp"),
    "io-without-timeout": ("waiting", "io read", "bank", "ask bank", 1, "io_without_timeout.cpp"),
}
REQUESTS = 2


def prints(expected, name, *words):
    result = run(program(name), *words)
    assert (result.returncode, result.stdout) == (0, expected), f"{name} {words}: {result}"


def check_counting_programs():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: prints("3 5 7 9\n", "query_all"), range(RUNS)))
        list(pool.map(lambda _: prints("16\n", "submit_all"), range(RUNS)))
        list(pool.map(lambda words: prints(*words), [
            ("0 1 2 3 4 \ntasks: 2\n", "broken_generator"),
            ("0 1 2 3 4 \ntasks: 1\n", "broken_generator", "--fixed"),
            ("timeout\ntasks: 2\n", "call_timeout"),
            ("timeout\ntasks: 1\n", "call_timeout", "--fixed"),
        ]))


def stuck_group(pid, state, reason, wait_name, job, count):
    """The group of tasks that the leak left behind, once the command shows it so."""
    for group in tasks_json("stack", "-p", pid)["groups"]:
        same = group["state"] == state and group["wait_reason"] == reason and (group["wait_name"] or "") == wait_name
        if same and group["count"] == count and all(task["name"] == job for task in group["tasks"]):
            return group
    return None


def check_leak(cause, state, reason, wait_name, job, each, file):
    with Example("payments", "--cause", cause, "--requests", str(REQUESTS), "--rate", "0") as example:
        group = until(f"{cause}: {each * REQUESTS} tasks {state}, {reason}, in {tasks('stack', '-p', example.pid)}",
                      lambda: stuck_group(example.pid, state, reason, wait_name, job, each * REQUESTS))
        assert group["kind"] == "job", group
        assert group["created_by"]["file"].endswith(file), group["created_by"]
        if state == "waiting":
            assert any((frame["file"] or "").endswith(file) and frame["line"] for frame in group["frames"]), group
        assert int(tasks("count", "-p", example.pid)) == 1 + each * REQUESTS
        status, complaint = example.end()
        assert (status, complaint) == (0, ""), (cause, status, complaint)


def check_repaired(cause):
    with Example("payments", "--cause", cause, "--requests", "3", "--rate", "0", "--fixed") as example:
        vitals = until(f"{cause} --fixed: no job left, in {tasks('vitals', '-p', example.pid)}",
                       lambda: (lambda seen: seen["tasks"]["by_kind"].get("job", 0) == 0 and seen)(
                           tasks_json("vitals", "-p", example.pid)))
        assert vitals["tasks"]["total"] == 5, vitals  # main and four workers
        status, complaint = example.end()
        assert (status, complaint) == (0, ""), (cause, status, complaint)


def main():
    check_counting_programs()
    for cause, facts in CAUSES.items():
        check_leak(cause, *facts)
        check_repaired(cause)
    print(f"{RUNS} runs of each counting program, {len(CAUSES)} causes")


main()
