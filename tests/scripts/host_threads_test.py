#!/usr/bin/python3
# ctest: RUN_SERIAL
"""Threads that begin and end, each with jobs, while they are counted: what is left is right, memory stays flat, and as
many begin in a second as without the agent. TASKS_TEST_THREADS: how many."""
import os
import subprocess

from life_host import PATIENCE, SANITIZED, TASKS, same_life, tasks_json, vitals_are_true

THREADS = int(os.environ.get("TASKS_TEST_THREADS", 2_000 if SANITIZED else 20_000))
PER_SECOND = 10_000
TRIES = 5  # for the rate alone
warm = {}
askers = []
rates = []  # without and with the agent


def rate(host):
    told, = (line for line in host.told if line.startswith("at rate "))
    return int(told.split()[2])


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
    rates.append((rate(bare.host), rate(pause.host)))
    if not SANITIZED:  # whose allocators keep what was freed
        grown = vitals["memory"]["rss_bytes"] - warm["memory"]["rss_bytes"]
        assert grown < 2 << 20, f"{grown} bytes more after {THREADS} threads"


def lives():
    same_life("life_threads", str(THREADS), str(PER_SECOND), checks={"warm": before, "storm": storm, "over": over})


lives()
if not SANITIZED:
    # A rate needs a second of a machine that has it to give: one good try of several is enough.
    while len(rates) < TRIES and not (rates[-1][0] >= 0.9 * PER_SECOND and rates[-1][1] >= 0.8 * rates[-1][0]):
        askers.clear()
        lives()
    most = max(bare for bare, _ in rates)
    if most < 0.9 * PER_SECOND:
        print(f"left out: this machine starts {most} threads a second at most, not {PER_SECOND}")
    else:
        assert any(agent >= 0.8 * bare for bare, agent in rates if bare >= 0.9 * PER_SECOND), rates
    print("threads a second without and with the agent:", *rates)
