#!/usr/bin/python3
# ctest: TIMEOUT 600
"""A hundred `tasks stack` in a row make no blocking call of 40 return early, with an agent and without one. A signal to
each thread then does, or this test would show nothing; so does --stop, whose help says it.

TASKS_TEST_CAPTURES  how many (100; 20 with sanitizers)
"""
import json
import os
import shutil
import subprocess
import tempfile
import time

from example_process import BINARY, PATIENCE, SANITIZED, TASKS

CAPTURES = int(os.environ.get("TASKS_TEST_CAPTURES", "20" if SANITIZED else "100"))
EXPECTED_CALLS = 40


class Eintr:
    """The target, and what it says."""

    def __init__(self, directory, agent=True):
        environment = dict(os.environ, TASKS_DIR=directory, TASKS_AGENT="on" if agent else "off")
        self.process = subprocess.Popen([os.path.join(BINARY, "tests", "targets", "eintr")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)
        self.unavailable = []
        for line in self.process.stdout:
            words = line.split()
            if words[0] == "unavailable":
                self.unavailable.append(words[1])
            if words[0] == "ready":
                self.pid, self.calls = int(words[1]), int(words[3])
                return
        raise AssertionError("the target ended before it was ready")

    def ask(self, command):
        """The lines of the answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().strip()) != "end":
            assert line or self.process.poll() is None, "the target ended"
            lines.append(line)
        return lines

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def capture(pid, directory, agent, *options):
    """One `tasks stack`; the number of tasks in it."""
    done = subprocess.run([TASKS, "stack", "-p", str(pid), "--json", *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                          env=dict(os.environ, TASKS_DIR=directory))
    assert done.returncode == 0, f"status {done.returncode}: {done.stderr}"
    report = json.loads(done.stdout)
    assert (report["state"] == "without an agent") != agent, report["state"]
    assert (report["held_ns"] is not None) == ("--stop" in options), report["held_ns"]
    return sum(group["count"] for group in report["groups"])


def interrupted_by(target, cause, expected):
    interrupted = 0
    end = time.monotonic() + PATIENCE  # each thread must come to run
    while interrupted < expected and time.monotonic() < end:
        interrupted += sum(line.endswith(" EINTR") for line in target.ask("print"))
        time.sleep(0.01)
    print(cause + ":", interrupted, "calls interrupted", flush=True)
    assert interrupted >= expected


def main(agent):
    directory = tempfile.mkdtemp(prefix="tasks-eintr-")
    target = Eintr(directory, agent)
    try:
        print("calls", target.calls, "unavailable", target.unavailable, flush=True)
        assert target.calls + len(target.unavailable) == EXPECTED_CALLS
        assert target.calls >= 30, "too few calls to say anything"
        for _ in range(CAPTURES):
            tasks = capture(target.pid, directory, agent)
            assert tasks >= target.calls, f"{tasks} tasks captured of {target.calls}"
        returned = target.ask("print")
        print("after", CAPTURES, "captures,", "with" if agent else "without", "an agent:", returned, flush=True)
        assert returned == []
        if not agent:
            assert capture(target.pid, directory, agent, "--stop") >= target.calls
            interrupted_by(target, "after --stop", 1)
        target.ask("signal")
        interrupted_by(target, "after a signal each", target.calls // 2)
    finally:
        target.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(agent=True)
    main(agent=False)
