#!/usr/bin/python3
"""What a job and a wait cost the host's threads, in instructions: the same on every machine, whatever else it does.

The bounds leave room for another compiler, not for a lock, a search or a table walk. The kernel's part of reading the
clock is not counted: under valgrind that is a system call, outside it is the vdso (4 ns).
"""
import os
import re
import subprocess
import sys
import tempfile

BINARY = os.path.join(os.environ["TASKS_BINARY_DIR"], "tests/hot_path")
# Instructions of begin and end: what g++ 12 made when this was written, and the most there may be.
COSTS = {"job": (167, 250), "wait": (144, 250), "label": (225, 300), "handle": (248, 380), "run": (132, 180),
         "coroutine": (457, 540), "turn": (190, 240)}
FEW, MANY = 10_000, 30_000


def instructions(what, times, directory):
    result = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out", f"{directory}/hot_path", what, str(times)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
        env={**os.environ, "TASKS_DIR": directory})
    assert result.returncode == 0, result.stderr
    return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


def each(what, directory):
    """Instructions of one time: what start and end cost cancels out."""
    return (instructions(what, MANY, directory) - instructions(what, FEW, directory)) / (MANY - FEW)


def main():
    if os.environ.get("TASKS_SANITIZE"):
        print("not in a sanitizer build: its own checks would be counted")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        # Debian 12's valgrind gives up at clang 19's debug information.
        subprocess.run(["strip", "--strip-debug", "-o", f"{directory}/hot_path", BINARY], check=True)
        nothing = each("nothing", directory)
        for what, (then, most) in COSTS.items():
            cost = each(what, directory) - nothing
            print(f"{what}: {cost:.1f} instructions over nothing; it took {then}, {most} are the most", flush=True)
            assert 5 < cost <= most, what


main()
