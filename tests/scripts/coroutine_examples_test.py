#!/usr/bin/python3
"""Each leak of `payments --coroutines` is the biggest group of its dump, with the right line, reason, age and creator, in
the instrumented program and, as far as memory tells, in the one that is not; repaired, the number of tasks stays flat
over 10,000 requests.

The lines are found in the sources by the comments `stuck: CAUSE` and `began: CAUSE`.
"""
# ctest: TIMEOUT 300
import concurrent.futures
import glob
import os
import re
import time

from example_process import SANITIZED, SOURCE, Example, tasks, tasks_json, until

FOLDER = os.path.join(SOURCE, "agent/examples/payments/coroutines")
REQUESTS = 20
REPAIRED_REQUESTS = 2000 if SANITIZED else 10_000
WORKERS = 64  # of the pool that handles repaired requests, see service.cpp

# cause: wait reason in the instrumented program, and in the other one, where that of awaiters of one's own is a guess by
# their names; tasks left behind a request, whether the age is that of the leak, function that waits
CAUSES = {
    "send-without-receiver": ("chan send", ["chan send"], 2, True, "race"),
    "receive-without-sender": ("chan receive", ["chan receive"], 1, True, "await_answer"),
    "nil-channel": ("nil", ["chan receive", "unknown"], 1, True, "await_delivery"),
    "mutex": ("mutex", ["mutex", "unknown"], 1, True, "write_down"),
    "busy-loop": ("job queue", ["job queue"], 1, False, "settle"),
    "sleep-loop": ("timer", ["timer"], 1, False, "deliver"),
    "io-without-timeout": ("io read", ["io read"], 1, True, "read_answer"),
    "abandoned-generator": ("chan send", ["unknown"], 1, True, "receipt_numbers"),
    "late-answer": ("chan send", ["chan send"], 1, True, "check_fraud"),
}


def marked_lines():
    """{("stuck", cause): (file name, line)}"""
    places = {}
    for path in glob.glob(os.path.join(FOLDER, "*.cpp")):
        with open(path) as file:
            for number, line in enumerate(file, 1):
                mark = re.search(r"// (stuck|began): ([a-z-]+)$", line.rstrip())
                if mark:
                    assert mark.groups() not in places, mark.groups()
                    places[mark.groups()] = (os.path.basename(path), number)
    return places


def place_of(told):
    return told and (os.path.basename(told["file"] or ""), told["line"])


def groups(example):
    return tasks_json("stack", "-p", example.pid)["groups"]


def leaked_group(example, count, reasons):
    """The biggest group, once it is what the leak left behind."""
    biggest = max(groups(example), key=lambda group: group["count"])
    return biggest if biggest["count"] == count and biggest["wait_reason"] in reasons else None


def check_age(example, group, reasons):
    """Two looks: the ages grow as the clock does, and none is older than the program."""
    def look():
        before = time.monotonic()
        ages = leaked_group(example, group["count"], reasons)
        after = time.monotonic()
        return ages["age_min_ns"] / 1e9, ages["age_max_ns"] / 1e9, before, after
    least, most, before, after = look()
    time.sleep(0.2)
    later_least, later_most, later_before, later_after = look()
    for age, later in ((least, later_least), (most, later_most)):
        grown = later - age
        assert later_before - after - 0.05 <= grown <= later_after - before + 0.05, (age, later, before, later_after)
    assert most <= after - example.begun + 0.05, (most, after - example.begun)


def check_leak(cause, lines, instrumented):
    exact, guessed, each, lasting, function = CAUSES[cause]
    reasons, count = (exact,) if instrumented else guessed, each * REQUESTS
    begun = time.monotonic()
    name = "payments" if instrumented else "payments_uninstrumented"
    with Example(name, "--coroutines", "--cause", cause, "--requests", str(REQUESTS), "--rate", "0") as example:
        example.begun = begun
        group = until(f"{cause}: {count} tasks that wait for {reasons}, in {tasks('stack', '-p', example.pid)}",
                      lambda: leaked_group(example, count, reasons))
        assert group["kind"] == "coroutine", group
        innermost = group["frames"][0]
        assert function in innermost["function"], (cause, group["frames"])
        if instrumented:
            assert place_of(innermost) == lines["stuck", cause], (cause, innermost, lines["stuck", cause])
            assert place_of(group["created_by"]) == lines["began", cause], (cause, group["created_by"])
            if lasting:
                check_age(example, group, reasons)
        elif place_of(innermost)[1]:  # where the line cannot be told it is not told
            assert place_of(innermost) == lines["stuck", cause], (cause, innermost, lines["stuck", cause])
        status, complaint = example.end()
        assert SANITIZED or (status, complaint) == (0, ""), (cause, status, complaint)  # what leaks is told there


class Watched(Example):
    """Counts the tasks while the program handles its requests."""

    def wait_until_ready(self):
        self.counts = []
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            ready = pool.submit(super().wait_until_ready)
            while not ready.done():
                self.counts.append(self.count())
                concurrent.futures.wait([ready], timeout=0.5)
            ready.result()

    def count(self):
        return int(tasks("count", "-p", self.pid))


def check_repaired(cause):
    """Flat: requests under way have five coroutines each at the most, and then the number is what it was before. The
    registry and memory are looked at one after the other: what began in between is told beside what then ended, so twice
    as many."""
    words = ("--coroutines", "--cause", cause, "--rate", "0", "--fixed")
    with Example("payments", *words, "--requests", "0") as example:
        at_rest = int(tasks("count", "-p", example.pid))
    with Watched("payments", *words, "--requests", str(REPAIRED_REQUESTS)) as example:
        until(f"{cause} --fixed: {at_rest} tasks again, in {tasks('stack', '-p', example.pid)}",
              lambda: example.count() == at_rest)
        after = example.count()
        assert max(example.counts) <= at_rest + 10 * WORKERS, example.counts
        status, complaint = example.end()
        assert (status, complaint) == (0, ""), (cause, status, complaint)
        return f"{at_rest} tasks before, at most {max(example.counts)} meanwhile, {after} after"


def main():
    lines = marked_lines()
    for cause in CAUSES:
        check_leak(cause, lines, True)
        check_leak(cause, lines, False)
        print(f"{cause}: found; {REPAIRED_REQUESTS} requests repaired: {check_repaired(cause)}", flush=True)


main()
