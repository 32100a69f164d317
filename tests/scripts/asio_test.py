#!/usr/bin/python3
"""An Asio server with tasks_instrument() and no other change: each coroutine, operation and queued handler is seen, where
it waits, why, on what, since when and who created it; as many as the server itself counts, and none when Asio is gone."""
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time

from example_process import BINARY, SANITIZED, SOURCE, Lines, tasks, tasks_json, until

TARGET = os.path.join(BINARY, "tests/targets/asio_server")
PAGE = os.path.join(SOURCE, "tests/targets/asio_server.cpp")
CONNECTIONS, TIMERS = 40, 60
CLOCK_NS = 20_000_000 * (5 if SANITIZED else 1)  # what an age may be off by; the table's clock ticks in 4 ms
NOT_ASIOS = 1  # the main thread
FRAMES = {"timer": 5, "read": 5}  # of the others: 1
REASONS = {"read": "io read", "accept": "io accept", "timer": "timer", "receive": "chan receive", "send": "chan send"}


def marked(kind):
    """{what: line} of the marks "// KIND: what" in the server's source."""
    with open(PAGE, encoding="utf-8") as file:
        lines = [re.search(rf"// {kind}: (.*)", line) for line in file]
    return {mark[1]: number for number, mark in enumerate(lines, 1) if mark}


class Server:
    """The server, told what to do line by line."""

    def __init__(self, directory, **environment):
        self.process = subprocess.Popen([TARGET, str(CONNECTIONS), str(TIMERS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env={**os.environ, "TASKS_DIR": directory, **environment})
        self.lines = Lines(self.process.stdout)
        self.truth = json.loads(self.lines.next())
        self.pid = self.truth["pid"]

    def told(self, order):
        """tasks::count() afterwards."""
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()
        if order == "go on":
            self.truth = json.loads(self.lines.next())
        return int(self.lines.next())

    def expected(self):
        """How many tasks there are, by the server's own counts; the thread in the pool is its handler's job."""
        coroutines = sum(self.truth[what] for what in REASONS)
        return coroutines + self.truth["callback"] + self.truth["queued"] + 1 + NOT_ASIOS

    def dump(self):
        """The groups, and the time when they were looked at."""
        begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        groups = tasks_json("stack", "-p", self.pid)["groups"]
        return groups, begin, time.clock_gettime_ns(time.CLOCK_MONOTONIC)


@contextlib.contextmanager
def server(**environment):
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        os.environ["TASKS_DIR"] = directory  # the command's, too
        running = Server(directory, **environment)
        try:
            yield running
        finally:
            running.process.kill()
            running.process.communicate()


def the_group(groups, reason, line):
    """The coroutines whose innermost frame is suspended at that line of the server."""
    coroutines = [group for group in groups if group["kind"] == "coroutine"]
    found = [group for group in coroutines if group["wait_reason"] == reason and group["frames"][0]["line"] == line]
    assert len(found) == 1, (reason, line, [(g["wait_reason"], g["frames"][0]) for g in coroutines])
    frames = found[0]["frames"]
    assert all(frame["file"] == PAGE and frame["provenance"] == "exact" for frame in frames), frames
    return found[0]


def check_coroutines(running):
    groups, begin, end = running.dump()
    lines, created = marked("WAITS"), marked("CREATES")
    for what, reason in REASONS.items():
        group = the_group(groups, reason, lines[what])
        assert group["count"] == running.truth[what], (what, group["count"], running.truth)
        assert len(group["frames"]) == FRAMES.get(what, 1), (what, group["frames"])
        creator = group["created_by"]
        assert (creator["file"], creator["line"]) == (PAGE, created[what]), creator
        ages = [task["age_ns"] for task in group["tasks"]]
        assert min(ages) >= begin - running.truth["to_ns"] - CLOCK_NS, (what, min(ages), begin, running.truth)
        if what not in ("read", "accept"):  # these began while the server was made
            assert max(ages) <= end - running.truth["from_ns"] + CLOCK_NS, (what, max(ages), end, running.truth)
        objects = {task["wait_object"] for task in group["tasks"]}
        assert None not in objects, group
        distinct = 1 if what in ("receive", "send", "accept") else running.truth[what]
        assert len(objects) == distinct, (what, objects)
    for task in the_group(groups, "io read", lines["read"])["tasks"]:
        descriptor = os.readlink(f"/proc/{running.pid}/fd/{int(task['wait_object'], 16)}")
        assert descriptor.startswith("socket:"), descriptor
    return groups


def check_jobs(running, groups):
    jobs = [group for group in groups if group["kind"] == "job"]
    [timer] = [group for group in jobs if group["wait_reason"] == "timer"]
    assert timer["count"] == running.truth["callback"] and timer["name"] == "async_wait", timer
    assert timer["created_by"]["line"] == marked("CREATES")["callback"], timer["created_by"]
    [queued] = [group for group in jobs if group["wait_reason"] == "job queue"]
    assert queued["count"] == running.truth["queued"], queued
    lambdas = queued["created_by"]["function"]  # g++ names lambdas by their class, clang by their place
    assert "BusyPool" in lambdas or f"lambda at {PAGE}:" in lambdas, queued["created_by"]
    [busy] = [group for group in jobs if group["wait_reason"] not in ("timer", "job queue")]
    assert busy["count"] == 1 and busy["tasks"][0]["tid"] is not None, busy
    depths = [queue["depth"] for queue in tasks_json("vitals", "-p", running.pid)["queues"]]
    assert sorted(depths) == [0, running.truth["queued"]], depths


def check_counts(running):
    assert int(tasks("count", "-p", running.pid)) == running.expected()
    assert running.told("count") == running.expected()


def check_server():
    with server() as running:
        check_counts(running)
        check_jobs(running, check_coroutines(running))
        running.told("go on")  # all but the readers wait anew
        check_counts(running)
        check_coroutines(running)
        assert running.told("end") == NOT_ASIOS
        until("nothing is left", lambda: int(tasks("count", "-p", running.pid)) == NOT_ASIOS)
        vitals = tasks_json("vitals", "-p", running.pid)
        assert vitals["queues"] == [], vitals["queues"]


def check_agent_later():
    """What began without the agent is not registered, and does no harm when it goes on and ends."""
    with server(ASIO_SERVER_AGENT_LATER="1") as running:
        threads = 2
        assert running.told("count") == threads
        assert running.told("on") == threads
        assert running.told("go on") == threads
        assert running.told("end") == NOT_ASIOS


def check_agent_restarted():
    with server() as running:
        running.told("off")
        assert running.told("go on") == 2
        assert running.told("on") == 2
        assert running.told("go on") == 2
        assert running.told("end") == NOT_ASIOS


if __name__ == "__main__":
    check_server()
    check_agent_later()
    check_agent_restarted()
