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
STILL = 0.03  # a thread that has slept and not run for that long is in its wait, and not on its way to it
WAITING = """
import os, threading
def wait():
    os.sched_setaffinity(0, {CPU})
    threading.Event().wait(1000)
thread = threading.Thread(target=wait, daemon=True)
thread.start()
print(thread.native_id, flush=True)
os.read(0, 1)
os._exit(0)
"""


def switches_asleep(pid, tid):
    """How often the thread has left its processor, or nothing where it does not sleep."""
    with open(f"/proc/{pid}/task/{tid}/status", encoding="utf-8") as status:
        lines = dict(line.split(":\t", 1) for line in status.read().splitlines() if ":\t" in line)
    if not lines["State"].startswith("S"):
        return None
    return lines["voluntary_ctxt_switches"], lines["nonvoluntary_ctxt_switches"]


def asleep(pid, tid):
    """Between which two moments the thread went to sleep for good, and its switches then."""
    earliest = last_look = time.monotonic()
    latest = known = None
    while True:
        look, seen = time.monotonic(), switches_asleep(pid, tid)
        if seen is None or seen != known:
            earliest, latest, known = last_look, time.monotonic(), seen
        elif look - latest >= STILL:
            return earliest, latest, known
        last_look = look
        time.sleep(0.002)


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
            tid = int(process.stdout.readline())
            earliest, latest, switches = asleep(process.pid, tid)
            time.sleep(max(0, latest + seconds - time.monotonic()))
            age, before, after = age_of(process.pid, reader_cpu)
            assert switches_asleep(process.pid, tid) == switches, "it was woken"
            process.communicate(b"x")
        least, most = before - latest - tolerance, after - earliest + tolerance
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
