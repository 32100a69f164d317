#!/usr/bin/python3
# ctest: RUN_SERIAL TIMEOUT 300
"""`tasks run` on a server as Debian packages it: nghttpx, a proxy in C++ with threads. It is listed with a star, its
dump tells who created its threads, and its own benchmark (h2load) counts as many requests a second as without, within
the noise. TASKS_TEST_PAIRS: how many pairs of runs."""
import contextlib
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

from example_process import SANITIZED, TASKS, run, tasks_json, until

PAIRS = int(os.environ.get("TASKS_TEST_PAIRS", "4"))
REQUESTS = 15_000
WORKERS = 4
TRIES = 4  # of the whole benchmark, on a machine that does other things
LEAST = 0.9  # of the requests a second without; runs without differ by more from each other


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def server(directory, *before):
    """Answers 200 to everything (healthmon), by itself."""
    port = free_port()
    open(os.path.join(directory, "empty"), "w", encoding="utf-8").close()
    process = subprocess.Popen(
        [*before, "nghttpx", f"--conf={directory}/empty", f"--frontend=127.0.0.1,{port};no-tls;healthmon",
         "--backend=127.0.0.1,9", f"--workers={WORKERS}", f"--errorlog-file={directory}/errors",
         "--accesslog-file=/dev/null", *([] if "--children" in before else ["--single-process"])],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("nghttpx answers", lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, open(f"{directory}/errors", encoding="utf-8").read()
        yield process.pid, port
    finally:
        process.terminate()
        assert process.wait(60) in (0, -15), process.returncode


def check_dump(pid):
    def row():
        return next(row for row in tasks_json("list")["processes"] if row["pid"] == pid)
    until("its workers", lambda: row()["tasks"] == row()["threads"] == WORKERS + 1)
    assert row()["agent"] and row()["name"] == "proxy", row()
    groups = tasks_json("stack", pid)["groups"]
    made = [(group["created_by"], task) for group in groups for task in group["tasks"] if task["tid"] != pid]
    assert len(made) == WORKERS, made
    for by, task in made:
        assert re.match(r"nghttpx\+0x|shrpx::", by["function"]) and task["created_by_tid"] == pid, (by, task)
        assert 0 < task["lived_ns"] < 60e9, task
    text = run(TASKS, "stack", str(pid)).stdout
    print(next(line for line in text.splitlines() if "created by" in line))
    assert f"in thread {pid}, " in text, text


def rate(port):
    said = run("h2load", "-n", str(REQUESTS), "-c", "16", "-m", "10", f"http://127.0.0.1:{port}/").stdout
    assert f"{REQUESTS} 2xx" in said, said
    return float(re.search(r"([\d.]+) req/s", said)[1])


def pairs(directory):
    """Requests a second, of runs without and with, one after the other."""
    without, with_agent = [], []
    for _ in range(PAIRS):
        with server(directory) as (_, port):
            rate(port)
            without.append(rate(port))
        with server(directory, TASKS, "run", "--") as (_, port):
            rate(port)
            with_agent.append(rate(port))
    return without, with_agent


def check_rate(directory):
    for _ in range(TRIES):
        without, with_agent = pairs(directory)
        ratio = statistics.median(with_agent) / statistics.median(without)
        print(f"{PAIRS} pairs: {statistics.median(without):,.0f} requests/s without "
              f"({min(without):,.0f} - {max(without):,.0f}), {statistics.median(with_agent):,.0f} with "
              f"({min(with_agent):,.0f} - {max(with_agent):,.0f}), ratio {ratio:.3f}", flush=True)
        if ratio >= LEAST:
            return
    raise AssertionError(f"each of {TRIES} times slower than {LEAST} of the rate without")


def main():
    if SANITIZED:
        print("tasks run has no library in this build")
        return 77
    if not shutil.which("nghttpx") or not shutil.which("h2load"):
        print("nghttpx and h2load are not here: apt-get install nghttp2-proxy nghttp2-client")
        return 77
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        os.chmod(directory, 0o755)
        files = os.path.join(directory, "files")
        os.mkdir(files, 0o700)
        os.environ["TASKS_DIR"] = files
        with server(directory, TASKS, "run", "--name", "proxy", "--") as (pid, _):
            check_dump(pid)
        with server(directory, TASKS, "run", "--children", "--") as (pid, _):  # its worker is a forked child
            until("its two processes with their threads", lambda: sorted(
                row["threads"] for row in tasks_json("list")["processes"]) == [1, WORKERS + 1])
        check_rate(directory)
    return 0


sys.exit(main())
