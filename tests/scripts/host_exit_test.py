#!/usr/bin/python3
"""However a host ends, while its threads are in jobs and waits and while it is being looked at, it ends as it does
without the agent; a clean end leaves no file, a sudden one leaves the table."""
import subprocess

from life_host import PATIENCE, TASKS, job_names, same_life, tasks_json, vitals_are_true

askers = []


def asked_meanwhile(pause, before):
    """Dumps are under way when it ends. What they say then is theirs; that they end is looked at below."""
    vitals = vitals_are_true(pause, before)
    assert vitals["tasks"]["by_kind"]["job"] >= 17, vitals
    askers.extend(subprocess.Popen([TASKS, verb, "-p", str(pause.pid)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                  for verb in ("stack", "vitals", "stack", "count", "stack"))


def headless(pause, _):
    """The main thread has ended: it is no task, though the kernel still lists it."""
    vitals = tasks_json("vitals", "-p", pause.pid)
    assert vitals["tasks"]["by_kind"]["thread"] == 1, vitals
    assert "main" not in job_names(pause.pid)


def ends(how, left_behind=(), **checks):
    same_life("life_exit", how, checks={"running": asked_meanwhile, **checks}, left_behind=left_behind)
    for asker in askers:
        assert asker.wait(PATIENCE) in (0, 1, 3, 5), asker.returncode
    askers.clear()


for how in ["return", "thread", "quick"]:
    ends(how)
for how in ["now", "abort"]:
    ends(how, left_behind=[".sock", ".table"])
ends("main", headless=headless)
assert same_life("life_exit", "late") == ["late: 1 tasks"]
