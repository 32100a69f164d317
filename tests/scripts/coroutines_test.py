#!/usr/bin/python3
# ctest: TIMEOUT 300
"""Coroutines of programs that know nothing of us: every one of a Boost.Asio server is told with its whole chain and
what it waits for, and so by a saved snapshot and a core; coroutines that come and go at full speed give no function that
is not there; of a stripped program it is said that nothing is known, and what helps.

TASKS_TEST_CHAINS   chains of the server (2000)
"""
import os
import shutil
import sys
import tempfile

from example_process import BINARY, SANITIZED, TASKS, HeldProcess, run, tasks, tasks_json

CHAINS = int(os.environ.get("TASKS_TEST_CHAINS", "2000"))
TARGETS = os.path.join(BINARY, "tests", "targets")
CHAIN = ["wait_for_answer", "query", "charge", "handle", "session"]


class Program(HeldProcess):
    """A target that says "ready" and stays until its standard input ends."""

    def __init__(self, path, *words):
        super().__init__(path, *words)
        line = self.lines.next()
        assert line == "ready", line


def function(frame):
    """"query" of "boost::asio::awaitable<int> (anonymous namespace)::query(long)"."""
    name = frame["function"] or ""
    return name.replace("(anonymous namespace)::", "").split("(")[0].split(" ")[-1]


def coroutines(answer):
    """(functions, state, wait_reason, wait_name) of its coroutines, and how many there are of each."""
    counts = {}
    for group in answer["groups"]:
        if group["kind"] == "coroutine":
            key = (tuple(map(function, group["frames"])), group["state"], group["wait_reason"], group["wait_name"])
            counts[key] = counts.get(key, 0) + group["count"]
    return counts


EXPECTED = {(tuple(CHAIN), "waiting", "timer", "basic_waitable_timer::async_wait"): CHAINS,
            (("collect",), "waiting", "chan receive", "basic_channel::async_receive"): 1}


def check_counts(pid):
    count = int(tasks("count", pid))
    assert count == CHAINS + 2, count # and the thread, and the one on the channel
    vitals = tasks_json("vitals", pid)
    assert vitals["tasks"]["by_kind"]["coroutine"] == CHAINS + 1, vitals["tasks"]
    assert int(tasks("count", pid, "--threads-only")) == 1
    only = tasks_json("stack", pid, "--threads-only")
    assert [group["kind"] for group in only["groups"]] == ["thread"], only


def check_arguments(*target):
    answer = tasks_json("stack", *target, "--args", "--kind", "coroutine", "--limit", "1")
    told = set()
    for task in answer["groups"][0]["tasks"]:
        values = {value["name"]: value["value"] for value in task["coroutines"][0]["arguments"]}
        told.add((values.get("id"), values.get("key")))
    assert told == {(str(number), f'"key-{number}"') for number in range(CHAINS)}, sorted(told, key=str)[:5]
    text = tasks("stack", *target, "--args", "--match", "wait_for_answer")
    assert f" and {CHAINS - 3:,} more" in text, text


def check_files(pid, directory):
    """Saved, and as gcore writes it."""
    saved = os.path.join(directory, "saved")
    tasks("count", pid, "--save", saved)
    assert coroutines(tasks_json("stack", "--from", saved)) == EXPECTED
    assert int(tasks("count", "--from", saved)) == CHAINS + 2
    without = tasks_json("stack", "--from", saved, "--args")
    assert any("no arguments" in note["reason"] for note in without["incomplete"]), without["incomplete"]
    tasks("vitals", pid, "--save", saved, "--raw")
    check_arguments("--from", saved)
    result = run("gcore", "-o", os.path.join(directory, "core"), str(pid))
    core = os.path.join(directory, f"core.{pid}")
    if not os.path.exists(core):
        print(f"no gcore: {result.stdout}{result.stderr}")
        return
    assert coroutines(tasks_json("stack", "--core", core)) == EXPECTED
    assert int(tasks("count", "--core", core)) == CHAINS + 2
    print("saved and core: the same")


def check_server(directory):
    with Program(os.path.join(TARGETS, "coroutine_server"), CHAINS) as server:
        answer = tasks_json("stack", server.pid)
        assert coroutines(answer) == EXPECTED, (coroutines(answer), answer["incomplete"])
        group = answer["groups"][0]
        assert group["count"] == CHAINS and group["age_max_ns"] is None, group
        for frame in group["frames"]:
            assert frame["provenance"] in ("exact", "about", "none"), frame
            assert frame["suspend_point"], frame
        raw = tasks_json("stack", server.pid, "--raw-frames")["groups"][0]
        assert len(raw["frames"]) == len(CHAIN) + 2, raw
        text = tasks("stack", server.pid)
        assert f'{CHAINS:,} tasks  coroutine  timer "basic_waitable_timer::async_wait"' in text, text
        print(f"server: {CHAINS} of {CHAINS} chains with their operation")
        check_counts(server.pid)
        check_arguments(server.pid)
        print("arguments: told of each")
        check_files(server.pid, directory)
        little = tasks_json("stack", server.pid, "--scan-limit", "4K")
        assert any("--scan-limit" in note["reason"] for note in little["incomplete"]), little["incomplete"]
        counted = run(TASKS, "count", str(server.pid), "--scan-limit", "4K")
        assert int(counted.stdout) < CHAINS and "--scan-limit 4096 bytes" in counted.stderr, counted


def check_churn():
    """What is told of coroutines that come and go is theirs, and what stays is told at every look."""
    theirs = {"outer", "inner"}
    with Program(os.path.join(TARGETS, "coroutine_churn")) as churn:
        for _ in range(10):
            answer = tasks_json("stack", churn.pid, "--match", "inner|outer")
            told = coroutines(answer)
            for chain, *_ in told:
                assert theirs & set(chain), told
            staying = sum(count for (chain, *_), count in told.items() if chain == ("inner", "outer"))
            assert 100 <= staying < 100 + 64 * 2 * 2, told
        assert int(tasks("count", churn.pid)) >= 103
    print("churn: ten plausible looks")


def check_stripped(directory):
    path = shutil.copy(os.path.join(TARGETS, "coroutine_server"), os.path.join(directory, "stripped"))
    if run("strip", path).returncode != 0:
        print("no strip")
        return
    with Program(path, 10) as stripped:
        answer = tasks_json("stack", stripped.pid)
        assert not coroutines(answer), answer
        notes = [note["reason"] for note in answer["incomplete"] if "oroutines" in note["reason"]]
        assert notes and "; " in notes[0], answer["incomplete"]
    print(f"stripped: {notes[0]}")


def main():
    if SANITIZED:
        print("sanitizers lay frames out in their own way")
        return 77
    with tempfile.TemporaryDirectory(prefix="tasks-coroutines-") as directory:
        check_server(directory)
        check_stripped(directory)
    check_churn()
    return 0


if __name__ == "__main__":
    sys.exit(main())
