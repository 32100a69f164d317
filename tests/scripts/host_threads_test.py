#!/usr/bin/python3
# ctest: RUN_SERIAL
"""Threads that begin and end, each with jobs, while they are counted: what is left is right, and memory stays flat.
TASKS_TEST_THREADS: how many (10,000 in a second where the machine makes so many)."""
import os
import subprocess

from life_host import PATIENCE, SANITIZED, TASKS, same_life, tasks_json, vitals_are_true

THREADS = int(os.environ.get("TASKS_TEST_THREADS", 2_000 if SANITIZED else 20_000))
warm = {}
askers = []


def table_bytes(pause):
    return sum(os.stat(file).st_size for file in os.scandir(pause.host.directory) if file.name.endswith(".table"))


def storm(pause, _):
    for _ in range(3):
        vitals = tasks_json("vitals", "-p", pause.pid)
        assert vitals["tasks"]["total"] <= 12, vitals
    askers.extend(subprocess.Popen([TASKS, verb, "-p", str(pause.pid)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL) for verb in ("stack", "vitals", "stack"))


def before(pause, bare):
    warm.update(vitals_are_true(pause, bare), table_bytes=table_bytes(pause))


def over(pause, bare):
    for asker in askers:
        assert asker.wait(PATIENCE) in (0, 1), asker.returncode
    vitals = vitals_are_true(pause, bare)
    assert vitals["tasks"]["total"] == 1 and vitals["dropped"] == 0, vitals
    assert vitals["started"] == warm["started"] + 2 * THREADS, (vitals["started"], warm["started"])
    assert vitals["started"] - vitals["ended"] == 1, vitals
    assert table_bytes(pause) == warm["table_bytes"], (table_bytes(pause), warm)
    if not SANITIZED:  # whose allocators keep what was freed
        grown = vitals["memory"]["rss_bytes"] - warm["memory"]["rss_bytes"]
        assert grown < 2 << 20, f"{grown} bytes more after {THREADS} threads"


same_life("life_threads", str(THREADS), "10000", checks={"warm": before, "storm": storm, "over": over})
