#!/usr/bin/python3
# ctest: RUN_SERIAL TIMEOUT 900
"""An agent that is asked for many dumps in a row, and has a thousand clients at once, costs its host nothing that
stays: memory, file descriptors and threads are as before, and the host's own work goes on meanwhile.

TASKS_TEST_DUMPS     in a row (500; 100 with sanitizers)
TASKS_TEST_CLIENTS   at once (1,000)
"""
import glob
import os
import resource
import subprocess
import sys
import tempfile
import time

from example_process import BINARY, PATIENCE, SANITIZED

TARGETS = os.path.join(BINARY, "tests", "targets")
DUMPS = int(os.environ.get("TASKS_TEST_DUMPS", "100" if SANITIZED else "500"))
CLIENTS = int(os.environ.get("TASKS_TEST_CLIENTS", "1000"))
THREADS = 16
SERVED_AT_ONCE = 32
RSS_MAY_GROW_KIB = 256
WARM_UP_MAY_TAKE_KIB = 16 * 1024 if SANITIZED else 2048
# Its work in CPU time, so that the share of the cores that it gets does not count: only what gets in its way does.
LEAST_RATE = 0.5


class Steady:
    """A running `steady`; figures() asks it how it is."""

    def __init__(self, directory):
        environment = dict(os.environ, TASKS_DIR=directory)
        environment.pop("TASKS_AGENT", None)
        self.process = subprocess.Popen([os.path.join(TARGETS, "steady"), str(THREADS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        assert line.startswith("ready "), f"steady said {line!r}"
        self.socket, = glob.glob(os.path.join(directory, "*.sock"))

    def figures(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def load(steady, what, count):
    done = subprocess.run([os.path.join(TARGETS, "agent_load"), steady.socket, what, str(count)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"{what} {count}: {done.stdout} {done.stderr}"
    print(done.stdout.strip(), flush=True)
    words = done.stdout.split()
    return dict(zip(words[::2], map(int, words[1::2])))


def rate(before, after):
    """Pieces of work in a millisecond of the worker's CPU time."""
    spent = after["cpu_us"] - before["cpu_us"]
    assert spent > 0 and after["pieces"] > before["pieces"], f"the host's work stands still: {before} {after}"
    return (after["pieces"] - before["pieces"]) / spent * 1000


def at_rest(steady, before, most_rss_kib):
    """Its figures when all is as before; the agent closes what its clients left in its own time."""
    end = time.monotonic() + PATIENCE
    while True:
        now = steady.figures()
        same = now["fds"] == before["fds"] and now["threads"] == before["threads"]
        if same and now["rss_kib"] <= most_rss_kib:
            return now
        assert time.monotonic() < end, f"not as before within {PATIENCE} s: {before} {now}"
        time.sleep(0.05)


def check(steady):
    first = steady.figures()
    load(steady, "clients", SERVED_AT_ONCE)  # touches all memory that clients need
    load(steady, "dumps", 20)
    before = at_rest(steady, first, first["rss_kib"] + WARM_UP_MAY_TAKE_KIB)
    time.sleep(1)
    alone = steady.figures()
    dumps = load(steady, "dumps", DUMPS)
    clients = load(steady, "clients", CLIENTS)
    under_load = steady.figures()
    after = at_rest(steady, before, before["rss_kib"] + RSS_MAY_GROW_KIB)
    print("at first", first, "before", before, "after", after, flush=True)
    print(f"work in a CPU ms: alone {rate(before, alone):.0f}, under load {rate(alone, under_load):.0f}", flush=True)
    assert dumps["least_tasks"] >= THREADS and dumps["least_threads"] >= THREADS, dumps
    # A dump that is short of time on a busy machine has fewer stacks, and says so.
    assert dumps["stacks"] >= DUMPS * THREADS / 2, dumps
    assert clients["served"] >= SERVED_AT_ONCE and clients["busy"] > 0, clients
    assert rate(alone, under_load) >= LEAST_RATE * rate(before, alone)
    again = load(steady, "clients", SERVED_AT_ONCE)
    assert again["served"] == SERVED_AT_ONCE, f"places were lost: {again}"


def main():
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < CLIENTS + 64:
        print(f"the hard limit on file descriptors is too low for {CLIENTS} clients")
        return 77
    with tempfile.TemporaryDirectory(prefix="tasks-load-") as directory:
        steady = Steady(directory)
        try:
            check(steady)
        finally:
            steady.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
