#!/usr/bin/python3
# ctest: RUN_SERIAL TIMEOUT 600
"""Threads that run, captured from outside: each is answered or reasoned, with the function that it runs on top; what
blocks notices nothing; signals that come meanwhile arrive; and whoever captures may be killed at any moment.

TASKS_TEST_KILLS     of the command while it captures (100; 30 with sanitizers)
TASKS_TEST_CAPTURES  of threads that block (100; 20 with sanitizers)
TASKS_TEST_LOOKS     at threads that all run (20)
"""
import contextlib
import glob
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from eintr_test import Eintr
from example_process import BINARY, SANITIZED, TASKS, run, tasks_json, until

TARGETS = os.path.join(BINARY, "tests", "targets")
FACTS = os.path.join(BINARY, "tests", "checks", "running_facts")
REFUSING = os.path.join(BINARY, "tests", "checks", "refusing")
KILLS = int(os.environ.get("TASKS_TEST_KILLS", "30" if SANITIZED else "100"))
LOOKS = int(os.environ.get("TASKS_TEST_LOOKS", "20"))
CAPTURES = int(os.environ.get("TASKS_TEST_CAPTURES", "20" if SANITIZED else "100"))
NOBODY = 65534
WAYS = {"perf": (), "ptrace": ("--ptrace",)}


@contextlib.contextmanager
def spinning(threads, *words, agent_answers=False):
    """The target, whose agent has no capture signal; it does not answer unless told so: its socket is taken away."""
    with tempfile.TemporaryDirectory(prefix="tasks-running-") as directory:
        process = subprocess.Popen([os.path.join(TARGETS, "spinning"), str(threads), *words], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=dict(os.environ, TASKS_DIR=directory))
        try:
            ready, _, begin, end = process.stdout.readline().split()
            assert ready == "ready"
            process.spins = range(int(begin, 16), int(end, 16))
            process.directory = directory
            for sock in glob.glob(os.path.join(directory, "*.sock")):
                if not agent_answers:
                    os.unlink(sock)
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


class Facts:
    """What running_facts prints."""

    def __init__(self, text):
        self.threads, self.incomplete, self.took_ms = {}, [], 0.0
        for line in text.splitlines():
            key, rest = line.split(" ", 1)
            if key == "thread":
                tid, rest = rest.split(" ", 1)
                what, by, pc, stack = rest.rsplit(" ", 3)
                self.threads[int(tid)] = (what, by, int(pc, 16), int(stack))
            elif key == "incomplete":
                tid, reason = rest.split(" ", 1)
                self.incomplete.append((int(tid), reason))
            else:
                self.took_ms = float(rest)

    def ran(self):
        return [thread for thread in self.threads.values() if thread[0] == "ran"]


def facts_of(pid, *words, prefix=(), **options):
    done = run(*prefix, FACTS, str(pid), *words, **options)
    assert done.returncode == 0, f"status {done.returncode}: {done.stdout} {done.stderr}"
    return Facts(done.stdout)


def permitted(pid):
    """The ways that this machine permits."""
    return [way for way, words in WAYS.items() if facts_of(pid, *words).ran()
            and facts_of(pid, *words).ran()[0][1] == way]


def tasks_of(pid):
    """State and tracer of each thread."""
    found = {}
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path) as file:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            found[int(path.split("/")[4])] = (lines["State"][0], int(lines["TracerPid"]))
    return found


def left_alone(pid):
    return all(state not in "Tt" and tracer == 0 for state, tracer in tasks_of(pid).values())


def each_is_answered(threads, way):
    """All of them at once in one capture; a busy machine may need several."""
    with spinning(threads) as target:
        best = None
        for look in range(20):
            if look >= LOOKS and best is not None:
                break
            facts = facts_of(target.pid, *WAYS[way])
            ran = facts.ran()
            assert all(thread[1] == way for thread in ran), ran
            reasoned = {tid for tid, _ in facts.incomplete if tid}
            for tid, (what, _, pc, stack) in facts.threads.items():
                assert what in ("ran", "blocked", "exited") or tid in reasoned, (tid, what, facts.incomplete)
                assert what != "ran" or (pc in target.spins and stack >= 256), (what, hex(pc), stack)
            if len(ran) == threads:
                best = min(best or facts.took_ms, facts.took_ms)
        assert best is not None, "never all at once"
        assert left_alone(target.pid)
        print(f"{threads} spinning threads, {way}: {best:.0f} ms", flush=True)


def each_has_its_stack(agent_answers):
    """With names, from the command."""
    with spinning(4, agent_answers=agent_answers) as target:
        report = tasks_json("stack", target.pid, "--timeout", "20s")
        assert report["state"] == ("answers" if agent_answers else "hung"), report["state"]
        spinners = [group for group in report["groups"] if group["state"] == "running"]
        assert sum(group["count"] for group in spinners) >= 3, report
        for group in spinners:
            names = [frame["function"] or "" for frame in group["frames"]]
            assert "spin_here" in names[0] and sum("spin_below" in name for name in names) >= 1, names
            assert group["cut"] is None and names[-1] in ("clone3", "__clone3", "clone"), (group["cut"], names)
            for task in group["tasks"]:
                assert task["running_by"] in ("perf sample", "ptrace"), task
        untouched = tasks_json("stack", target.pid, "--no-touch", "--timeout", "20s")
        assert all(task["running_by"] is None for group in untouched["groups"] for task in group["tasks"])
        assert any(group["no_stack"] == "running, not captured" for group in untouched["groups"]), untouched
        assert any("--no-touch" in one["reason"] for one in untouched["incomplete"])


def none_is_disturbed(way):
    """Blocked threads beside the captured ones."""
    with tempfile.TemporaryDirectory(prefix="tasks-running-") as directory:
        target = Eintr(directory)
        try:
            for _ in range(CAPTURES):
                facts_of(target.pid, *WAYS[way])
            assert target.ask("print") == []
            print(f"{CAPTURES} captures, {way}: none of {target.calls} calls returned", flush=True)
        finally:
            target.end()


def handled(target):
    target.stdin.write("\n")
    target.stdin.flush()
    return int(target.stdout.readline())


def signals_arrive(way):
    """Real-time signals queue up: as many are handled as were sent."""
    with spinning(6) as target:
        tids = [tid for tid in tasks_of(target.pid) if tid != target.pid]
        sent = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            capture = subprocess.Popen([FACTS, str(target.pid), *WAYS[way]], stdout=subprocess.DEVNULL)
            while capture.poll() is None:
                os.kill(target.pid, signal.SIGRTMIN + 5)
                sent += 1
                time.sleep(0.0005)
        until("all signals handled", lambda: handled(target) == sent)
        print(f"{sent} signals during captures, {way}: all handled by {len(tids)} threads", flush=True)
        assert left_alone(target.pid)


def threads_that_end(way):
    with spinning(16, "--churn") as target:
        ran = 0
        for _ in range(LOOKS + 10):
            ran += len(facts_of(target.pid, *WAYS[way]).ran())
        assert ran > 0
        assert target.poll() is None and left_alone(target.pid)


def ended_at_any_moment(way, how, command, seconds):
    """Killed, or stopped as by ^Z: what is held goes on all the same."""
    with spinning(16) as target:
        caught = 0
        for _ in range(KILLS):
            capture = subprocess.Popen([*command, str(target.pid)], stdout=subprocess.DEVNULL)
            time.sleep(random.uniform(0, seconds))
            caught += any(tracer for _, tracer in tasks_of(target.pid).values())
            capture.send_signal(how)
            until("nobody traces or stops a thread", lambda: left_alone(target.pid))
            capture.kill()
            capture.wait()
        print(f"{KILLS} times {how.name}, {way}: {caught} while a thread was traced; none stays stopped or traced",
              flush=True)
        before = handled(target)
        for _ in range(10):
            os.kill(target.pid, signal.SIGRTMIN + 5)
        until("it goes on", lambda: handled(target) == before + 10)


def refused_is_told():
    with spinning(2) as target:
        by_ptrace = facts_of(target.pid, prefix=(REFUSING, "perf", "--"))
        assert all(thread[1] == "ptrace" for thread in by_ptrace.ran()), by_ptrace.threads
        # The leak sanitizer would itself need what is refused.
        without_leaks = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        nothing = facts_of(target.pid, prefix=(REFUSING, "perf", "ptrace", "--"), env=without_leaks)
        assert not nothing.ran()
        (tid, reason), = [one for one in nothing.incomplete if "refused" in one[1]]
        print(reason, flush=True)
        assert tid == 0 and "perf events are refused: Operation not permitted (kernel.perf_event_paranoid is " in reason
        assert "ptrace is refused: Operation not permitted" in reason
        if os.getuid() == 0 and not SANITIZED:
            others = run(FACTS, str(target.pid), user=NOBODY, group=NOBODY, extra_groups=[])
            print(others.returncode, others.stdout, others.stderr, flush=True)
            facts = Facts(others.stdout)
            assert not facts.ran() and all(what == "not permitted" for what, *_ in facts.threads.values()), others.stdout
            assert any("run as root" in reason for _, reason in facts.incomplete), facts.incomplete
            assert left_alone(target.pid)


def main():
    with spinning(2) as target:
        ways = permitted(target.pid)
    print("permitted:", ways, flush=True)
    if not ways:
        return 77
    for way in ways:
        each_is_answered(8, way)
        each_is_answered(64, way)
        none_is_disturbed(way)
        signals_arrive(way)
        threads_that_end(way)
        ended_at_any_moment(way, signal.SIGKILL, [FACTS, *WAYS[way]], 0.03)
        ended_at_any_moment(way, signal.SIGSTOP, [FACTS, *WAYS[way]], 0.03)
        refused = [] if way == "perf" else [REFUSING, "perf", "--"]
        ended_at_any_moment(way, signal.SIGKILL, [*refused, TASKS, "stack"], 0.15)
    each_has_its_stack(agent_answers=False)
    each_has_its_stack(agent_answers=True)
    refused_is_told()
    return 0


if __name__ == "__main__":
    sys.exit(main())
