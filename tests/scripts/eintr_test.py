#!/usr/bin/python3
# ctest: TIMEOUT 600
"""A hundred `tasks stack` in a row make no blocking call of 40 return early. A signal to each thread then does, or this
test would show nothing.

TASKS_TEST_CAPTURES  how many (100; 20 with sanitizers)
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from example_process import BINARY, SANITIZED, TASKS

CAPTURES = int(os.environ.get("TASKS_TEST_CAPTURES", "20" if SANITIZED else "100"))
EXPECTED_CALLS = 40


class Eintr:
    """The target, and what it says."""

    def __init__(self, directory):
        self.process = subprocess.Popen([os.path.join(BINARY, "tests", "targets", "eintr")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=dict(os.environ, TASKS_DIR=directory))
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


def capture(pid, directory):
    """One `tasks stack`; the number of tasks in it."""
    done = subprocess.run([TASKS, "stack", "-p", str(pid), "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                          env=dict(os.environ, TASKS_DIR=directory))
    assert done.returncode == 0, f"status {done.returncode}: {done.stderr}"
    return sum(group["count"] for group in json.loads(done.stdout)["groups"])


def main():
    directory = tempfile.mkdtemp(prefix="tasks-eintr-")
    target = Eintr(directory)
    try:
        print("calls", target.calls, "unavailable", target.unavailable, flush=True)
        assert target.calls + len(target.unavailable) == EXPECTED_CALLS
        assert target.calls >= 30, "too few calls to say anything"
        for _ in range(CAPTURES):
            tasks = capture(target.pid, directory)
            assert tasks >= target.calls, f"{tasks} tasks captured of {target.calls}"
        returned = target.ask("print")
        print("after", CAPTURES, "captures:", returned, flush=True)
        assert returned == []
        target.ask("signal")
        interrupted = 0
        for _ in range(1000):
            interrupted += sum(line.endswith(" EINTR") for line in target.ask("print"))
            if interrupted >= target.calls // 2:
                break
        print("after a signal each:", interrupted, "calls interrupted")
        assert interrupted >= target.calls // 2
    finally:
        target.end()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
