#!/usr/bin/python3
"""A thread in an uninterruptible wait (D), on a file system that is frozen: `tasks stack` tells it, whole, while gdb and
eu-stack would hang.

TASKS_TEST_FROZEN_MS  how long one dump may take (0: not measured; 100 is the budget of a quiet machine)
"""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

from example_process import TASKS, run, tasks, until

MOST_MS = float(os.environ.get("TASKS_TEST_FROZEN_MS", "0"))
WRITING = """
import os, sys, threading, time
def write(path):
    with open(path, "wb") as file:
        os.write(1, b"ready\\n")
        time.sleep(0.3)
        while True:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            time.sleep(0.01)
for index in range(3):
    threading.Thread(target=write, args=(sys.argv[1] + str(index),), daemon=True).start()
time.sleep(1000)
"""


@contextlib.contextmanager
def disk():
    """The mount point of a small ext4 file system; nothing where there can be none."""
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        image, mounted = os.path.join(directory, "image"), os.path.join(directory, "mounted")
        os.mkdir(mounted)
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        made = run("mkfs.ext4", "-q", image).returncode == 0 and run("mount", "-o", "loop", image, mounted).returncode == 0
        try:
            yield mounted if made else None
        finally:
            if made:
                run("umount", mounted)


def states(pid):
    """Of its threads, the first letter of each."""
    found = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/stat", encoding="utf-8") as stat:
            found.append(stat.read().rpartition(")")[2].split()[0])
    return found


def dump(pid):
    best = None
    for _ in range(5):
        before = time.monotonic()
        result = run(TASKS, "stack", "-p", str(pid), "--json")
        took = (time.monotonic() - before) * 1000
        best = took if best is None else min(best, took)
        assert result.returncode == 0, result
    return json.loads(result.stdout), best


def main():
    with disk() as mounted:
        if mounted is None:
            print("left out, no file system can be mounted here")
            return
        with subprocess.Popen([sys.executable, "-c", WRITING, os.path.join(mounted, "file")],
                              stdout=subprocess.PIPE) as process:
            try:
                for _ in range(3):
                    assert process.stdout.readline() == b"ready\n"
                frozen = run("fsfreeze", "--freeze", mounted)
                assert frozen.returncode == 0, frozen
                try:
                    until("three threads in D", lambda: states(process.pid).count("D") == 3)
                    report, took = dump(process.pid)
                    text = tasks("stack", process.pid)
                finally:
                    run("fsfreeze", "--unfreeze", mounted)
            finally:
                process.kill()
    held = [group for group in report["groups"] if group["wait_reason"] == "io write"]
    assert sum(group["count"] for group in held) == 3, report["groups"]
    assert all(group["frames"] for group in held), held
    waits = [task["waits_on"] for group in held for task in group["tasks"]]
    assert all(wait["uninterruptible"] and wait["kernel_function"] for wait in waits), waits
    assert text.count(" uninterruptible in ") == len(held), text
    assert report["incomplete"] == [], report["incomplete"]
    print(f"a dump with three threads in D: {took:.1f} ms")
    assert not MOST_MS or took <= MOST_MS, took


main()
