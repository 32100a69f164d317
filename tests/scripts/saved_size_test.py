#!/usr/bin/python3
# ctest: RUN_SERIAL
"""A snapshot of very many registered tasks is saved and read in a few times what the live dump takes, and its file is
smaller than the table.

TASKS_TEST_SAVED_TASKS   how many (100000; 1000000 shows what protocol/SNAPSHOT.md claims)
"""
import os
import subprocess
import sys
import tempfile
import time

from example_process import BINARY, SANITIZED, TASKS, Lines

COUNT = int(os.environ.get("TASKS_TEST_SAVED_TASKS", "100000"))
RECORD_BYTES = 128  # of the table
MOST_TIMES = 4


def measured(environment, *words):
    """Best of three: seconds, and the memory of the biggest of them so far."""
    best = None
    for _ in range(3):
        begin = time.monotonic()
        with subprocess.Popen([TASKS, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment) as one:
            text = one.stdout.read().decode()
            _, status, usage = os.wait4(one.pid, 0)
            one.returncode = os.waitstatus_to_exitcode(status)
        assert one.returncode == 0, (words, text)
        took = time.monotonic() - begin
        best = took if best is None else min(best, took)
    return best, usage.ru_maxrss * 1024, text


def main():
    if SANITIZED:
        print("sanitizers change time and memory")
        return 77
    with tempfile.TemporaryDirectory(prefix="tasks-size-") as directory:
        environment = {**os.environ, "TASKS_DIR": directory}
        program = os.path.join(BINARY, "tests/bench/bench_waiting_jobs")
        with subprocess.Popen([program, str(COUNT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=environment) as target:
            assert Lines(target.stdout).next() == "ready"
            saved = os.path.join(directory, "saved")
            timeout = ["--timeout", "60s"]
            live = measured(environment, "stack", str(target.pid), *timeout)
            saving = measured(environment, "stack", str(target.pid), "--save", saved, *timeout)
            target.stdin.close()
        reading = measured(environment, "stack", "--from", saved)
        counted = measured(environment, "count", "--from", saved)
        size = os.path.getsize(saved)
        for what, (seconds, memory, _) in (("live", live), ("saving", saving), ("reading", reading)):
            print(f"{what}: {seconds * 1000:.0f} ms, {memory >> 20} MiB")
        print(f"{COUNT} tasks: {size} bytes, {size / COUNT:.1f} a task")
        assert int(counted[2]) == COUNT + 1, counted[2]
        assert f"{COUNT + 1:,} tasks" in reading[2], reading[2]
        assert size < COUNT * RECORD_BYTES + 65536, size
        for one in (saving, reading):
            assert one[0] < MOST_TIMES * live[0] + 0.2, (live, one)
            assert one[1] < MOST_TIMES * COUNT * RECORD_BYTES + (64 << 20), one
    return 0


if __name__ == "__main__":
    sys.exit(main())
