#!/usr/bin/python3
# ctest: RUN_SERIAL TIMEOUT 900
"""No torn stack in a million captures of threads that change their stacks all the time; and without the capture's
second look there are some, or this test would show nothing.

TASKS_TEST_STACKS         exact copies to look at (1,000,000; 100,000 with sanitizers)
TASKS_TEST_STACK_THREADS  threads of the target (64)
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

from example_process import BINARY, QUICK, SANITIZED

TARGETS = os.path.join(BINARY, "tests", "targets")
STACKS = int(os.environ.get("TASKS_TEST_STACKS", "100000" if SANITIZED else "1000000"))
THREADS = os.environ.get("TASKS_TEST_STACK_THREADS", "64")
# Long enough asleep for most looks to find a thread blocked, short enough for many to wake during a look.
SLEEP_MICROSECONDS = "2000"


class Target:
    """A running target with an agent in a directory of its own."""

    def __init__(self, name):
        self.directory = tempfile.mkdtemp(prefix="tasks-torn-")
        environment = dict(os.environ, TASKS_DIR=self.directory)
        environment.pop("TASKS_AGENT", None)
        self.process = subprocess.Popen([os.path.join(TARGETS, name), THREADS, SLEEP_MICROSECONDS],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def __enter__(self):
        line = self.process.stdout.readline()
        assert line.startswith("ready "), f"the target said {line!r}"
        self.socket, = glob.glob(os.path.join(self.directory, "*.sock"))
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        shutil.rmtree(self.directory)


def look(target, stacks, *options):
    """Exit status and counts of torn_stacks."""
    done = subprocess.run([os.path.join(TARGETS, "torn_stacks"), target.socket, str(stacks), *options],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    print(" ".join(options), done.stdout.strip(), done.stderr.strip(), flush=True)
    words = done.stdout.split()
    return done.returncode, dict(zip(words[::2], map(int, words[1::2])))


def main():
    with Target("torture") as target:
        status, counts = look(target, STACKS)
        assert status == 0, f"status {status}"
        assert counts["stacks"] >= STACKS and counts["torn"] == 0, counts
    if QUICK:  # has no agent that takes no second look
        return
    with Target("torture_torn") as target:
        status, counts = look(target, 20 * STACKS, "--until-torn")
        assert status == 1 and counts["torn"] >= 1, counts


if __name__ == "__main__":
    sys.exit(main())
