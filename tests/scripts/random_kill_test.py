#!/usr/bin/python3
# ctest: RUN_SERIAL TIMEOUT 600
"""A program that starts and ends jobs on four threads is killed at a random moment, again and again: what its table
tells then is what there was, whole; nothing torn, nothing invented, nothing lost. And without the mark that a record is
being written there is something torn, or this test would show nothing.

TASKS_TEST_KILLS   how many (60; 20 with sanitizers)
"""
import glob
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

from example_process import BINARY, QUICK, SANITIZED

TARGETS = os.path.join(BINARY, "tests", "targets")
KILLS = int(os.environ.get("TASKS_TEST_KILLS", "20" if SANITIZED else "60"))
# One kill in thirty left something torn: this many without any do not happen by chance.
CONTROL_KILLS = 600
DEAD_TABLES_KEPT = 8


class Storm:
    """A running job_storm with its files in `directory`."""

    def __init__(self, name, directory):
        self.directory = directory
        self.facts = os.path.join(directory, "facts")
        environment = dict(os.environ, TASKS_DIR=directory)
        environment.pop("TASKS_AGENT", None)
        self.process = subprocess.Popen([os.path.join(TARGETS, name), self.facts], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, env=environment)

    def wait_ready(self):
        line = self.process.stdout.readline()
        assert line.startswith(b"ready "), f"job_storm said {line!r}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def tables(self):
        return glob.glob(os.path.join(self.directory, f"{self.process.pid}-*.table"))

    def check(self, *options):
        """Exit status and counts of killed_table."""
        table, = self.tables()
        done = subprocess.run([os.path.join(TARGETS, "killed_table"), table, self.facts, *options],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        words = done.stdout.split()
        return done.returncode, dict(zip(words[::2], map(int, words[1::2]))), done.stderr.strip()


def one_round(name, directory, number):
    """What killed_table says of one kill; nothing where it came before there was a table."""
    storm = Storm(name, directory)
    try:
        if number % 10 != 9:
            storm.wait_ready()
            assert len(storm.tables()) == 1, "ready, without a table"
            if number % 10 == 0:
                status, counts, complaint = storm.check("--living", "20")
                assert status == 0, f"round {number}, while it runs: {counts} {complaint}"
        time.sleep(random.uniform(0, 0.02))
    finally:
        storm.kill()
    return storm.check() if storm.tables() else None


def kill_often(directory):
    totals = {}
    unmarked = 0
    for number in range(KILLS):
        said = one_round("job_storm", directory, number)
        if said is None:
            unmarked += 1
            continue
        status, counts, complaint = said
        assert status == 0, f"round {number}: {counts} {complaint}"
        for key, count in counts.items():
            totals[key] = totals.get(key, 0) + count
    print(f"{KILLS} kills, {unmarked} before there was a table:", totals, flush=True)
    assert totals["proved"] > KILLS, "hardly a wait was seen that proves its job"


def left_over(directory):
    """The files of dead agents; a later start cleans up behind them."""
    names = os.listdir(directory)
    print("left:", len(names), "files", flush=True)
    tables = [name for name in names if re.fullmatch(r"\d+-\d+\.table", name)]
    assert len(tables) <= DEAD_TABLES_KEPT + 1, names


def torn_is_seen(directory):
    for number in range(CONTROL_KILLS):
        said = one_round("job_storm_torn", directory, 10 * number + 1)
        if said[0] == 1:
            print(f"without the mark, kill {number + 1}:", said[1], said[2].splitlines()[0], flush=True)
            return
    raise AssertionError(f"nothing torn in {CONTROL_KILLS} kills of writers that do not mark their records")


def main():
    with tempfile.TemporaryDirectory(prefix="tasks-kill-") as directory:
        kill_often(directory)
        left_over(directory)
    if not QUICK:  # has no agent that does not mark its records
        with tempfile.TemporaryDirectory(prefix="tasks-kill-") as directory:
            torn_is_seen(directory)


if __name__ == "__main__":
    sys.exit(main())
