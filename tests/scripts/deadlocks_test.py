#!/usr/bin/python3
# ctest: TIMEOUT 600
"""Deadlocks of many kinds are found in every run and named with the lines that wait for ever; of programs whose threads
are as busy with each other, nothing is ever said.

TASKS_TEST_DEADLOCKS   runs of each deadlock, and looks at each healthy program (3; 100 shows what the manual claims)
"""
import json
import os
import re
import sys
import tempfile

from example_process import BINARY, SANITIZED, SOURCE, TASKS, HeldProcess, run, until

RUNS = int(os.environ.get("TASKS_TEST_DEADLOCKS", "3"))
TARGETS = os.path.join(BINARY, "tests", "targets")
AGENTS_THREAD = "tasks-agent"
FUTEX = "202 "

# case: kind, threads in it, the mark of the lines that they wait at
DEADLOCKS = {
    "ab_ba": ("cycle", 2, "ab_ba"),
    "rwlocks": ("cycle", 3, "rwlocks"),
    "own_lock": ("cycle", 1, "own_lock"),
    "own_lock_alone": ("cycle", 1, "own_lock"),
    "own_join": ("cycle", 1, "own_join"),
    "joins": ("cycle", 2, "joins"),
    "join_ring": ("cycle", 3, "join_ring"),
    "orphan": ("orphan lock", 1, "orphan"),
    "cond_again": ("cycle", 2, "cond_again"),
    "normal": ("cycle", 2, "kinds"),
    "adaptive": ("cycle", 2, "kinds"),
    "recursive": ("cycle", 2, "kinds"),
    "errorcheck": ("cycle", 2, "kinds"),
    "robust": ("cycle", 2, "kinds"),
    "inherits": ("cycle", 2, "inherits"),
    "asleep": ("all asleep", 0, "asleep"),
}
HEALTHY = ["ping_pong", "ordered_locks", "readers", "backing_off", "queue", "joining", "signalled", "pipes"]


def marked_lines(mark):
    with open(os.path.join(SOURCE, "tests/targets/deadlocked.cpp"), encoding="utf-8") as source:
        return {number for number, line in enumerate(source, 1) if line.rstrip().endswith(f"// waits: {mark}")}


class Target(HeldProcess):
    def __init__(self, program, case, directory):
        environment = dict(os.environ, TASKS_DIR=directory)
        environment.pop("TASKS_AGENT", None)
        super().__init__(os.path.join(TARGETS, program), case, env=environment)
        line = self.lines.next()
        assert line == f"ready {self.pid}", line

    def threads_in_futex(self):
        count = 0
        folder = f"/proc/{self.pid}/task"
        for tid in os.listdir(folder):
            with open(f"{folder}/{tid}/comm", encoding="utf-8") as comm, open(f"{folder}/{tid}/syscall",
                                                                            encoding="utf-8") as call:
                count += comm.read().strip() != AGENTS_THREAD and call.read().startswith(FUTEX)
        return count


def look(target, directory):
    result = run(TASKS, "deadlocks", "--json", "--timeout", "20s", str(target.pid),
                 env={**os.environ, "TASKS_DIR": directory})
    assert result.returncode in (0, 1), f"status {result.returncode}\n{result.stdout}\n{result.stderr}"
    answer = json.loads(result.stdout)
    assert (result.returncode == 1) == bool(answer["deadlocks"]), result.stdout
    return answer


def check_deadlock(program, case, directory):
    kind, threads, mark = DEADLOCKS[case]
    lines = marked_lines(mark)
    with Target(program, case, directory) as target:
        until(f"{case}: all wait", lambda: target.threads_in_futex() >= (threads or 2))
        answer = look(target, directory)
        assert [one["kind"] for one in answer["deadlocks"]] == [kind], f"{program} {case}: {answer}"
        waits = answer["deadlocks"][0]["waits"]
        assert len(waits) == threads, f"{program} {case}: {answer}"
        places = {place["tid"]: place for place in answer["places"]}
        for tid in [wait["tid"] for wait in waits] or places:
            own = [frame for frame in places[tid]["frames"] if (frame["file"] or "").endswith("deadlocked.cpp")]
            found = {frame["line"] for frame in own}
            assert found & lines, f"{program} {case}: thread {tid} is not at one of the lines {lines}: {places[tid]}"
        if threads == 2 and kind == "cycle":
            assert {wait["tid"] for wait in waits} == {wait["waits_for_tid"] for wait in waits}
        return target.pid


def check_texts(directory):
    with Target("deadlocked", "ab_ba", directory) as target:
        until("both wait", lambda: target.threads_in_futex() >= 2)
        environment = {**os.environ, "TASKS_DIR": directory}
        found = run(TASKS, "deadlocks", str(target.pid), env=environment)
        assert found.returncode == 1, found
        assert found.stdout.startswith("deadlock: 2 threads wait for each other\n"), found.stdout
        stack = run(TASKS, "stack", str(target.pid), env=environment)
        assert stack.returncode == 0, stack
        assert stack.stdout.startswith("deadlock: 2 threads wait for each other\n"), stack.stdout
        held = r'mutex  0x[0-9a-f]+ held by \d+ "refunder" at .*refund +deadlocked.cpp:\d+'
        assert re.search(held, stack.stdout), stack.stdout
        assert "io read  pipe" in stack.stdout, stack.stdout


def check_healthy(program, case, directory):
    with Target(program, case, directory) as target:
        for _ in range(RUNS):
            answer = look(target, directory)
            assert answer["deadlocks"] == [], f"{program} {case}: {answer}"
        assert target.process.poll() is None, f"{program} {case} ended"


def outside_works(directory):
    """Whether a process without an agent can be looked at."""
    with Target("deadlocked_plain", "ab_ba", directory) as target:
        result = run(TASKS, "deadlocks", str(target.pid), env={**os.environ, "TASKS_DIR": directory})
        return result.returncode in (0, 1)


def main():
    if SANITIZED:
        print("sanitizers bring locks and threads of their own")
        return 77
    with tempfile.TemporaryDirectory(prefix="tasks-deadlocks-") as directory:
        check_texts(directory)
        for agent in ["", "_plain"] if outside_works(directory) else [""]:
            for case in DEADLOCKS:
                for _ in range(RUNS):
                    check_deadlock("deadlocked" + agent, case, directory)
                print(f"deadlocked{agent} {case}: {RUNS} of {RUNS}", flush=True)
            for case in HEALTHY:
                check_healthy("healthy" + agent, case, directory)
                print(f"healthy{agent} {case}: nothing in {RUNS} looks", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
