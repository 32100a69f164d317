#!/usr/bin/python3
"""A thread that has waited for 0.1 or 1 s is told so within 20 ms, without an agent, whichever CPU the reader runs on.

TASKS_TEST_LONG_WAIT  seconds of one more wait, told within 1 % (0: none; soak.sh: 61)
"""
import os
import subprocess
import sys
import time

from example_process import tasks_json, until

LONG = float(os.environ.get("TASKS_TEST_LONG_WAIT", "0"))
TRIES = 5  # a reader that loses its processor in between tells the age of another moment
WAITING = """
import os, threading, time
def wait(seconds):
    os.sched_setaffinity(0, {CPU})
    threading.Event().wait(1000)
threading.Thread(target=wait, args=(0,), daemon=True).start()
time.sleep(0.05)
print(time.monotonic(), flush=True)
os.read(0, 1)
os._exit(0)
"""


def age_of(pid, cpu):
    """The age of the thread that is not the main one, and between which two moments it was told."""
    before = time.monotonic()
    os.sched_setaffinity(0, {cpu})  # the command inherits it
    report = tasks_json("stack", "-p", pid)
    os.sched_setaffinity(0, EVERY)
    group, = [group for group in report["groups"] if pid not in [task["tid"] for task in group["tasks"]]]
    assert group["age_is_last_ran"], group
    return group["tasks"][0]["age_ns"] / 1e9, before, time.monotonic()


def check(thread_cpu, reader_cpu, seconds, tolerance):
    for last in [False] * (TRIES - 1) + [True]:
        waiting = WAITING.replace("CPU", str(thread_cpu))
        with subprocess.Popen([sys.executable, "-c", waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            since = float(process.stdout.readline()) - 0.05
            time.sleep(max(0, since + seconds - time.monotonic()))
            age, before, after = age_of(process.pid, reader_cpu)
            process.communicate(b"x")
        least, most = before - since - tolerance, after - since + tolerance
        if least <= age <= most:
            print(f"CPU {thread_cpu}, read on {reader_cpu}: {seconds} s told as {age:.4f}")
            return
        assert not last, (thread_cpu, reader_cpu, seconds, age, least, most)


EVERY = os.sched_getaffinity(0)
cpus = sorted(EVERY)[:2]
for seconds in (0.1, 1):
    for thread_cpu in cpus:
        for reader_cpu in cpus:
            check(thread_cpu, reader_cpu, seconds, 0.02)
if LONG:
    check(cpus[0], cpus[-1], LONG, LONG / 100)
