#!/usr/bin/python3
"""What `tasks` tells of programs on Boost.Fiber, std::async, oneTBB and OpenMP, through the agent's adapters, and that
their counts go back to nothing."""
import os
import sys
import tempfile

from example_process import BINARY, HeldProcess, tasks, tasks_json, until

TARGETS = os.path.join(BINARY, "tests", "targets")
FIBERS = 1000


class Target(HeldProcess):
    """One that says "ready PID", goes on when its stdin tells it to, and then says "ended N"."""

    def __init__(self, name, *words):
        self.directory = tempfile.TemporaryDirectory(prefix="tasks-test-")
        environment = {**os.environ, "TASKS_DIR": self.directory.name}
        environment.pop("TASKS_AGENT", None)
        super().__init__(os.path.join(TARGETS, name), *words, env=environment)

    def __enter__(self):
        assert self.lines.next() == f"ready {self.pid}"
        return self

    def __exit__(self, *_):
        super().__exit__()
        self.directory.cleanup()

    def ends(self):
        """What it says when stdin has ended."""
        self.process.stdin.close()
        return self.lines.next()

    def groups(self, **wanted):
        report = tasks_json("stack", self.pid)
        missing = [note for note in report["incomplete"] if note["tid"] is None]  # not of a thread that runs
        assert all("(stripped)" in note["reason"] for note in missing), missing  # Debian's libraries
        return [group for group in report["groups"] if all(group[key] == value for key, value in wanted.items())]


def functions(group):
    return [frame["function"] or "" for frame in group["frames"]]


def count(groups):
    return sum(group["count"] for group in groups)


def fibers():
    ways = {"in mutex": ("mutex", "wait_in_mutex"), "in channel": ("chan receive", "wait_in_channel"),
            "for long": ("cond", "wait_for_long"), "by type": ("cond", "wait_in_condition")}
    with Target("fibers", str(FIBERS)) as target:
        groups = target.groups(kind="fiber")
        assert count(groups) == FIBERS, groups
        seen = set()
        for group in groups:
            name = "by type" if "make(" in group["name"] else group["name"]
            reason, function = ways[name]
            called = functions(group)
            assert group["wait_reason"] == reason, (name, group["wait_reason"], called)
            assert any(function in each for each in called), (name, called)
            assert sum("descend" in each for each in called) == 4, called
            assert group["cut"] is None, group
            assert group["count"] == FIBERS // 4, group
            seen.add(name)
        assert seen == set(ways), seen
        mutexes = [group for group in groups if group["name"] == "in mutex"]
        assert mutexes[0]["wait_name"] == "taken" and "fibers.cpp" in str(mutexes[0]["created_by"]), mutexes[0]
        assert f"{FIBERS // 4} tasks  fiber  mutex" in tasks("stack", target.pid)
        assert tasks_json("count", target.pid)["tasks"] == FIBERS + 1
        with tempfile.TemporaryDirectory() as directory:
            saved = os.path.join(directory, "saved")
            tasks("stack", target.pid, "--save", saved)
            again = tasks_json("stack", "--from", saved)["groups"]
            assert count([group for group in again if any("descend" in each for each in functions(group))]) == FIBERS
        target.process.stdin.write(b"\n")
        target.process.stdin.flush()
        assert target.lines.next() == f"ended {FIBERS}"
        assert tasks_json("count", target.pid)["tasks"] == 1


def futures():
    with Target("futures") as target:
        asked = target.groups(name="query backend")
        assert count(asked) == 3 and {group["wait_reason"] for group in asked} == {"future"}, asked
        waiting = target.groups(name="wait for answer")
        assert count(waiting) == 4 and {group["wait_reason"] for group in waiting} == {"future"}, waiting
        objects = {task["wait_object"] for group in asked + waiting for task in group["tasks"]}
        assert len(objects) == 1, objects
        deferred = target.groups(name="nobody asks")
        assert count(deferred) == 1 and deferred[0]["wait_reason"] == "not started", deferred
        joins = target.groups(name="join last")
        assert count(joins) == 1 and joins[0]["wait_reason"] == "join", joins
        assert target.ends() == "ended 16"


def tbb_work():
    with Target("tbb_work") as target:
        queued = target.groups(name="place order")
        assert count(queued) == 5 and queued[0]["wait_reason"] == "not started", queued
        assert count(target.groups(name="arena pricing > price")) == 2
        assert count(target.groups(name="arena orders > place order")) == 1
        assert "tbb worker" in {name for name in thread_names(target.pid)}
        assert target.ends() == "ended 8"


def openmp_work():
    with Target("openmp_work") as target:
        for name, reason in (("omp barrier", "barrier"), ("omp critical", "mutex")):  # where threads soon come to
            waiting = until(name, lambda wanted=name: target.groups(wait_name=wanted))
            assert count(waiting) == 1 and waiting[0]["wait_reason"] == reason, waiting
            assert waiting[0]["tasks"][0]["wait_object"], waiting
        regions = target.groups(name="omp parallel")
        assert count(regions) == 3, regions
        queued = target.groups(name="omp task", state="runnable")
        running = [group for group in target.groups(name="omp task") if group["state"] != "runnable"]
        assert count(queued) == 7 and count(running) == 3, (queued, running)
        assert all("openmp_work.cpp" in str(group["created_by"]) for group in queued + running), queued + running
        assert target.ends() == "ended 13"


def thread_names(pid):
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm") as file:
            yield file.read().strip()


def main():
    left_out = []
    for look in (fibers, futures, tbb_work, openmp_work):
        if os.path.exists(os.path.join(TARGETS, look.__name__)):
            look()
        else:
            left_out.append(look.__name__)
    if left_out:
        print(f"left out, as their frameworks were not installed when this was built: {', '.join(left_out)}")


if __name__ == "__main__":
    sys.exit(main())
