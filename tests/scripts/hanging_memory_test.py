#!/usr/bin/python3
"""A target whose memory holds whoever reads it, by pages of a userfaultfd that nobody serves: every verb answers within
its deadline, tells all threads with what they wait on, the stacks of those that can be read, and why the others have
none. Nothing of the command is left."""
import contextlib
import json
import os
import subprocess
import sys
import time

from example_process import BINARY, SANITIZED, TASKS, run, until

TARGET = os.path.join(BINARY, "tests/targets/hanging_memory")
REASON = "reading its memory hung"
MOST_SECONDS = 20 if SANITIZED else 2.5  # 1 s is its deadline; the rest is for a loaded machine
NOBODY = 65534
LOOKED_AT = []
# The leak checker at the end of a sanitized command stops all threads, and one that hangs never stops.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


@contextlib.contextmanager
def target(*words):
    with subprocess.Popen([TARGET, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said = process.stdout.readline()
        if not said.startswith("ready"):
            print(f"{said.strip()}: skipped")
            process.kill()
            sys.exit(77)
        try:
            yield process.pid
        finally:
            process.kill()


def asked(*words):
    began = time.monotonic()
    result = run(TASKS, *map(str, words), env=ENVIRONMENT)
    took = time.monotonic() - began
    assert took < MOST_SECONDS, (words, took)
    assert result.returncode == 0, (words, result)
    print(f"{' '.join(map(str, words))}: {took:.2f} s")
    return result.stdout


def state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def check(hanging, others, named, *words):
    with target(hanging, others, *words) as pid:
        LOOKED_AT.append(pid)
        report = json.loads(asked("stack", "--json", "-p", pid))
        assert sum(group["count"] for group in report["groups"]) == hanging + others + 1, report["groups"]
        assert any(REASON in entry["reason"] for entry in report["incomplete"]), report["incomplete"]
        whole = waits = 0
        for group in report["groups"]:
            names = [frame["function"] for frame in group["frames"]]
            if any("wait_for_byte" in (name or "") for name in names):
                whole += group["count"]
            if group["state"] == "waiting" and group["wait_reason"] == "io read":
                waits += group["count"]
        assert waits == hanging + others + 1, (waits, report["groups"])
        assert whole == named, (whole, report["groups"])
        for verb in ("vitals", "count", "deadlocks"):
            asked(verb, "-p", pid)
        assert REASON in asked("stack", "-p", pid)
        assert REASON in asked("stack", "--no-touch", "-p", pid)
        asked("stack", "--stop", "-p", pid)
        until("it is not left stopped", lambda: state(pid) == "S")


check(1, 10, 10)
check(2, 10, 10)
check(20, 40, 0)  # given up: which threads came first is not said
if os.geteuid() == 0:
    check(1, 10, 0, NOBODY)  # whose files are read as nobody, which a process with a thread that hangs cannot become
ours = TASKS + " .*-p (" + "|".join(map(str, LOOKED_AT)) + ")$"  # other tests have commands too
until("no command is left", lambda: run("pgrep", "-f", ours).returncode == 1)
