#!/usr/bin/python3
# ctest: TIMEOUT 600
"""Processes without an agent: programs that nobody here wrote (sleep, python3, cmake, which is a C++ program), an
upgrade in place, namespaces that the test makes itself, and what may not be looked at. As root also another user's."""
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from example_process import SANITIZED, TASKS, program, run, tasks, tasks_json, until

NOBODY = 65534
CALM = ("--timeout", "60s")
CMAKE = shutil.which("cmake")
PR_SET_DUMPABLE = 4
THREADS = "import threading, time\nfor _ in range(3): threading.Thread(target=time.sleep, args=(1000,)).start()\n"


@contextlib.contextmanager
def running(*words, **options):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_of(pid):
    return tasks_json("vitals", pid, *CALM)["tasks"]["by_wait"]


def listed(*words, **options):
    result = run(TASKS, "list", "-a", "--json", *CALM, *words, **options)
    assert result.returncode == 0, result
    return {row["pid"]: row for row in json.loads(result.stdout)["processes"]}


def refused(pid, status, *parts, verb="stack", **options):
    result = run(TASKS, verb, str(pid), *CALM, **options)
    assert result.returncode == status, result
    for part in parts:
        assert part in result.stderr, result.stderr


def functions(pid):
    report = tasks_json("stack", pid, *CALM)
    return [frame["function"] or "" for group in report["groups"] for frame in group["frames"]], report


def test_programs_of_others():
    with running("sleep", "1000") as sleep:
        until("sleep sleeps", lambda: wait_of(sleep.pid) == {"sleep": 1})
        vitals = tasks_json("vitals", sleep.pid)
        assert vitals["state"] == "without an agent" and vitals["tasks"]["total"] == vitals["os_threads"] == 1, vitals
        assert vitals["memory"]["rss_bytes"] > 0 and vitals["started"] is None, vitals
        assert tasks("count", sleep.pid).strip() == "1"
        assert any("nanosleep" in name for name in functions(sleep.pid)[0])
        assert "sleep" in tasks(sleep.pid) and "no agent" in tasks(sleep.pid)
    with running(sys.executable, "-c", THREADS) as python:
        until("four threads wait", lambda: tasks("count", python.pid).strip() == "4")
        assert sum(group["count"] for group in functions(python.pid)[1]["groups"]) == 4


def test_list_and_tree():
    agentless = {**os.environ, "TASKS_AGENT": "off"}
    with running("sleep", "1000") as sleep, running(CMAKE, "-E", "env", CMAKE, "-E", "sleep", "1000") as cmake, \
            running(program("payments"), "--requests", "1", env=agentless) as payments:
        child = until("cmake's child", lambda: run("pgrep", "-P", str(cmake.pid)).stdout.strip())
        until("all are listed", lambda: {cmake.pid, int(child), payments.pid} <= set(listed()))
        rows = listed()
        assert sleep.pid not in rows and rows[cmake.pid]["agent"] is False, rows[cmake.pid]
        assert rows[cmake.pid]["exe"].endswith("cmake") and rows[cmake.pid]["tasks"] == 1, rows[cmake.pid]
        nodes = json.loads(tasks("tree", "--json", *CALM))["processes"]
        pids = [node["pid"] for node in nodes]
        below = nodes[pids.index(int(child))]
        assert below["parent"] == cmake.pid and below["depth"] == nodes[pids.index(cmake.pid)]["depth"] + 1, below
        assert f"└── {child}  cmake" in tasks("tree", *CALM)


def test_marks():
    with tempfile.TemporaryDirectory() as directory:
        with running(program("payments"), "--requests", "1", env={**os.environ, "TASKS_DIR": directory}) as payments:
            here = {**os.environ, "TASKS_DIR": directory, "XDG_CACHE_HOME": directory}
            until("its agent", lambda: listed(env=here).get(payments.pid, {}).get("agent"))
            text = run(TASKS, "list", "-a", env=here).stdout
            assert f"\n{payments.pid}*" in text, text
            stat = os.stat(os.path.join(directory, "tasks/processes"))
            assert stat.st_mode & 0o777 == 0o600, oct(stat.st_mode)


def test_what_is_not_there():
    ended = subprocess.Popen(["true"])
    until("a zombie", lambda: open(f"/proc/{ended.pid}/stat").read().split(")")[1].split()[0] == "Z")
    refused(ended.pid, 3, "zombie", str(os.getpid()))
    ended.wait()
    refused(4194304, 3, "no such process")


def test_other_users():
    if os.geteuid() != 0:
        return
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    with running("sleep", "1000") as sleep:
        refused(sleep.pid, 4, "owned by uid 0", "run as that user or as root", **as_nobody)
        result = run(TASKS, "list", "-a", **as_nobody)
        assert result.returncode == 0 and "run as root to see all" in result.stdout, result
    closed = f"import ctypes, time; ctypes.CDLL(None).prctl({PR_SET_DUMPABLE}, 0); time.sleep(1000)"
    with running(sys.executable, "-c", closed, **as_nobody) as process:
        until("it closed itself", lambda: os.stat(f"/proc/{process.pid}/maps").st_uid == 0)
        refused(process.pid, 4, "its stacks may not be read", "run as root", **as_nobody)
        assert run(TASKS, "vitals", str(process.pid), **as_nobody).returncode == 0
        until("root sees it sleep", lambda: wait_of(process.pid) == {"sleep": 1})


def test_upgrade_in_place():
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        path = os.path.join(directory, "service")
        shutil.copy(program("payments"), path)
        with running(path, "--requests", "4", "--rate", "0.001", env={**os.environ, "TASKS_AGENT": "off"}) as service:
            until("its threads", lambda: int(tasks("count", service.pid)) >= 9)
            shutil.copy("/bin/sleep", path + ".new")
            os.rename(path + ".new", path)
            names, report = functions(service.pid)
            assert any("leak_by" in name for name in names), names
            assert not any("replaced" in entry["reason"] for entry in report["incomplete"]), report["incomplete"]


def look_from_inside(pid):
    """The same process, looked at by a command that lives in its namespaces."""
    enter = ["nsenter", "--target", str(pid), "--user", "--mount", "--net", "--pid", "--preserve-credentials"]
    rows = json.loads(run(*enter, TASKS, "list", "-a", "--json", *CALM).stdout)["processes"]
    inner, = [row["pid"] for row in rows if row["exe"].endswith("service")]
    assert inner < pid, (inner, pid)
    report = json.loads(run(*enter, TASKS, "stack", str(inner), "--json", *CALM).stdout)
    names = [frame["function"] for group in report["groups"] for frame in group["frames"]]
    assert any("leak_by" in str(name) for name in names), (names, report["incomplete"])
    vitals = run(*enter, TASKS, "vitals", str(inner), "--json", *CALM)
    assert json.loads(vitals.stdout)["os_threads"] >= 9, vitals


def test_namespaces():
    inside = ("mount -t tmpfs none /mnt && cp \"$0\" /mnt/service && "
              "TASKS_AGENT=off exec /mnt/service --requests 4 --rate 0.001")
    words = ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--mount-proc", "--fork", "sh", "-c",
             inside,
             program("payments")]
    if run("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none",
           "/mnt").returncode != 0:
        print("namespaces are not permitted here")
        return
    with running(*words) as outer:
        child = int(until("it runs inside", lambda: run("pgrep", "-P", str(outer.pid), "-x", "service").stdout.strip()))
        until("its threads", lambda: int(tasks("count", child)) >= 9)
        assert child in listed(), "host pid"
        names, report = functions(child)
        assert any("leak_by" in name for name in names), (names, report["incomplete"])
        assert tasks_json("vitals", child, *CALM)["uptime_ns"] > 0
        look_from_inside(child)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print(name.removeprefix("test_").replace("_", " "))
