#!/usr/bin/python3
# ctest: TIMEOUT 300
"""`tasks leaks` on payments with each cause of its leaks, as threads and as coroutines: the verdict, the kind, the wait
reason, the line that waits and the line that started it. From the agent's history, in one look when it has run for twenty
seconds; and, without an agent, by looking for some seconds. All at once, since each takes its time.
TASKS_TEST_LEAKS   how often all of it is done (1; 100 shows that none is missed)"""
import concurrent.futures
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest.mock

from example_process import Example, PATIENCE, SANITIZED, SOURCE, TASKS, run, until

TIMES = int(os.environ.get("TASKS_TEST_LEAKS", "1"))
PAYMENTS = os.path.join(SOURCE, "agent/examples/payments")
ENOUGH = 20  # seconds of history
WATCHED = 8  # seconds, without an agent
RATE = {"busy-loop": 0.5}  # each takes a processor's time
WATCHED_LONGER = {"busy-loop": 20}  # ten come, of which each look misses the one that runs

GROWING, SPINNING, DEADLOCKED, NIL = "growing", "spinning", "deadlocked", "never resumable"
# cause: verdict, wait reason, without an agent: both, file, what the line that waits says
THREADS = {
    "send-without-receiver": (GROWING, "chan send", GROWING, "cond", "send_without_receiver.cpp", "results.send("),
    "receive-without-sender": (NIL, "chan receive", GROWING, "cond", "receive_without_sender.cpp",
                               "results->receive();"),
    "nil-channel": (NIL, "nil", GROWING, "cond", "nil_channel.cpp", "receive_from(results.get()"),
    "mutex": (DEADLOCKED, "mutex", DEADLOCKED, "mutex", "mutex.cpp", "    mutex.lock();"),
    "busy-loop": (SPINNING, None, SPINNING, None, "busy_loop.cpp", "while (!settlement->settled)"),
    "sleep-loop": (SPINNING, "sleep", SPINNING, "sleep", "sleep_loop.cpp", "sleep_for(100ms);"),
    "io-without-timeout": (GROWING, "io read", GROWING, "io read", "io_without_timeout.cpp", "::read("),
}
# The lines are marked in the source. Of coroutines that are not registered nobody knows whether they go on in between.
COROUTINES = {
    "send-without-receiver": (GROWING, "chan send", GROWING, "chan send"),
    "receive-without-sender": (GROWING, "chan receive", GROWING, "chan receive"),
    "nil-channel": (NIL, "nil", GROWING, "chan receive"),
    "mutex": (GROWING, "mutex", GROWING, "mutex"),
    "busy-loop": (SPINNING, "job queue", (GROWING, SPINNING), "job queue"),
    "sleep-loop": (SPINNING, "timer", (GROWING, SPINNING), "timer"),
    "io-without-timeout": (GROWING, "io read", GROWING, "io read"),
    "abandoned-generator": (GROWING, "chan send", GROWING, None),
    "late-answer": (GROWING, "chan send", GROWING, "chan send"),
}


def lines_with(path, text):
    """{number, ...} of the lines of that source that have the text in them."""
    with open(path, encoding="utf-8") as source:
        found = {number for number, line in enumerate(source, 1) if text in line}
    assert found, f"{path}: no line with {text}"
    return found


def marked(text):
    """The same of the coroutines' sources: (file, lines)."""
    folder = os.path.join(PAYMENTS, "coroutines")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as source:
            found = {number for number, line in enumerate(source, 1) if line.rstrip().endswith(text)}
        if found:
            return name, found
    raise AssertionError(f"no line is marked {text}")


class Leak:
    """What is expected of one cause, and the process that leaks by it."""

    def __init__(self, cause, coroutines, registered):
        self.name = f"{'coroutines' if coroutines else 'threads'}, {cause}, {'' if registered else 'not '}registered"
        self.cause, self.coroutines, self.registered = cause, coroutines, registered
        row = (COROUTINES if coroutines else THREADS)[cause]
        self.verdicts, self.reason = row[:2] if registered else row[2:4]
        self.watched = WATCHED_LONGER.get(cause, WATCHED)
        if coroutines:
            self.waits, self.began = marked(f"// stuck: {cause}"), marked(f"// began: {cause}")
        else:
            path = os.path.join(PAYMENTS, row[4])
            self.waits, self.began = (row[4], lines_with(path, row[5])), (row[4], lines_with(path, "SourcePlace::here()"))

    def start(self, directory):
        words = ["--coroutines"] if self.coroutines else []
        name = "payments" if self.registered else "payments_uninstrumented"
        with unittest.mock.patch.dict(os.environ, {} if self.registered else {"TASKS_AGENT": "off"}):
            return Example(name, *words, "--cause", self.cause, "--requests", "2", "--rate",
                           str(RATE.get(self.cause, 2)), directory=directory)

    def look(self, example):
        words = [] if self.registered else ["--for", f"{self.watched}s"]
        result = run(TASKS, "leaks", "-p", str(example.pid), "--json", "--timeout", "30s", *words,
                     patience=PATIENCE + self.watched, env=example.environment)
        assert result.returncode in (0, 1), f"{self.name}: {result.stdout}{result.stderr}"
        answer = json.loads(result.stdout)
        assert (result.returncode == 1) == bool(answer["leaks"]), f"{self.name}: {answer}"
        assert not self.registered or answer["looks"] == 1, f"{self.name}: {answer['looks']} looks"
        return answer

    def listed(self, example):
        """What is wrong with its row of `tasks list`, which looks at the table alone."""
        result = run(TASKS, "list", "--json", "--timeout", "30s", patience=PATIENCE, env=example.environment)
        rows = [one for one in json.loads(result.stdout)["processes"] if one["pid"] == example.pid]
        expected = self.verdicts if self.verdicts in (GROWING, NIL) else rows[0]["verdict"]
        return "" if rows[0]["verdict"] == expected else f"listed as {rows[0]['verdict']}, not {expected}"

    def check(self, answer):
        """What is wrong with it; nothing: it is as it should be."""
        if len(answer["leaks"]) != 1:
            return f"{len(answer['leaks'])} leaks: {[(one['verdict'], one['why']) for one in answer['leaks']]}"
        leak = answer["leaks"][0]
        group = leak["groups"][0]
        kind = "coroutine" if self.coroutines else "job" if self.registered else "thread"
        wrong = [f"{what} {got}, not {expected}" for what, got, expected in (
            ("verdict", leak["verdict"], self.verdicts), ("kind", group["kind"], kind),
            ("wait reason", group["wait_reason"], self.reason))
                 if (got not in expected if isinstance(expected, tuple) else
                     expected is not None and got != expected)]
        at = {(os.path.basename(frame["file"]), frame["line"]) for frame in group["frames"] if frame["file"]}
        file, lines = self.waits
        # Of a generator's value the debug information of a coroutine that is not registered may tell only its number.
        numbered = not self.registered and self.cause == "abandoned-generator"
        if not numbered and not any((file, line) in at for line in lines):
            wrong.append(f"it waits at {sorted(at)}, not {file}:{lines}")
        began = group["created_by"]
        if self.registered and not (began and os.path.basename(began["file"]) == self.began[0] and
                                    began["line"] in self.began[1]):
            wrong.append(f"created by {began}, not {self.began}")
        if leak["count"] < 3 or not leak["why"] or not leak["held_bytes"]:
            wrong.append(f"count {leak['count']}, {leak['held_bytes']} bytes held: {leak['why']}")
        if leak["verdict"] in (GROWING, SPINNING) and not leak["growth"]["per_min"] > 5:
            wrong.append(f"growth {leak['growth']}")
        return "; ".join(wrong)


def judged(leak, example):
    """Looks when it is time; again where the machine was too busy for the process to leak at its rate."""
    with example:
        since = time.monotonic()
        if leak.registered:
            time.sleep(ENOUGH + 1)  # what is tested is the time itself
        wrong = []

        def right():
            wrong.append(leak.check(leak.look(example)) or (leak.listed(example) if leak.registered else ""))
            return not wrong[-1]
        try:
            until("right", right, patience=30 if SANITIZED else 15)
        except AssertionError:
            return f"{leak.name}: {wrong[-1]}"
        late = f" (after {time.monotonic() - since:.0f} s, {len(wrong)} looks)" if len(wrong) > 1 else ""
        print(f"{leak.name}: as it should be{late}", flush=True)
    return ""


def nothing_of_a_young_one(directory):
    """One look at a process of a second: growth is not known, and that is said."""
    with Example("payments", "--rate", "2", directory=directory) as example:
        result = run(TASKS, "leaks", str(example.pid), "--for", "0", env=example.environment)
        assert result.returncode == 0 and "not judged: growth is not known yet" in result.stdout, result.stdout


def what_ends_while_it_is_watched():
    """Is not waited for, and is not said to have no leak for all the time that was asked for."""
    terminal, errors = os.openpty() # where it says that it looks on
    with subprocess.Popen(["sleep", "1000"]) as process:
        watch = subprocess.Popen([TASKS, "leaks", str(process.pid), "--for", "1h"], stdout=subprocess.PIPE,
                                 stderr=errors, text=True)
        os.read(terminal, 100)
        process.kill()
        said, _ = watch.communicate(timeout=PATIENCE)
    os.close(errors)
    os.close(terminal)
    assert watch.returncode == 0 and f"of 3600s: process {process.pid} has ended" in said, said


def main():
    leaks = [Leak(cause, coroutines, registered) for coroutines, causes in ((False, THREADS), (True, COROUTINES))
             for cause in causes for registered in (True, False)]
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory(prefix="tasks-leaks-") as directory:
            nothing_of_a_young_one(directory)
            what_ends_while_it_is_watched()
            with contextlib.ExitStack() as ends, concurrent.futures.ThreadPoolExecutor(max_workers=len(leaks)) as pool:
                examples = [ends.enter_context(leak.start(directory)) for leak in leaks]
                wrong = [one for one in pool.map(judged, leaks, examples) if one]
        assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    sys.exit(main())
