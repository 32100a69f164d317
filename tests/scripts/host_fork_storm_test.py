#!/usr/bin/python3
"""Four threads of a host fork children that use jobs, while ten clients dump it: no dump shows a job that is not the
host's, and nobody hangs. TASKS_TEST_FORKS: how many children."""
import os
import threading

from life_host import PATIENCE, SANITIZED, job_names, same_life, tasks_json, vitals_are_true

FORKS = int(os.environ.get("TASKS_TEST_FORKS", 40 if SANITIZED else 200))
CLIENTS = int(os.environ.get("TASKS_TEST_FORK_CLIENTS", 10))
JOBS = ["of the parent"] * 4 + ["of the parent too"]
stopped = threading.Event()
wrong = []
dumps = []
clients = []


def dump(pid):
    while not stopped.is_set():
        try:
            jobs = job_names(pid)
            if not set(jobs) <= set(JOBS) or len(jobs) > len(JOBS) or "of the parent too" not in jobs:
                wrong.append(jobs)
            dumps.append(len(jobs))
        except Exception as error:  # an error is a finding, not the end of the thread alone
            wrong.append(error)
            return


def before(pause, bare):
    vitals_are_true(pause, bare)
    clients.extend(threading.Thread(target=dump, args=(pause.pid,)) for _ in range(CLIENTS))
    for client in clients:
        client.start()


def over(pause, bare):
    stopped.set()
    for client in clients:
        client.join()
    assert not wrong, wrong[:3]
    vitals = vitals_are_true(pause, bare)
    assert vitals["tasks"]["total"] == 6 and vitals["started"] == 5 and vitals["ended"] == 0, vitals
    assert job_names(pause.pid) == JOBS


try:
    said = same_life("life_storm", str(FORKS), checks={"before": before, "over": over},
                     patience=PATIENCE + FORKS / 20)
finally:
    stopped.set()
assert said[0] == "0 children were wrong", said
print(f"{FORKS} children, {len(dumps)} dumps, none wrong")
