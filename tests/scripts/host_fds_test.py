#!/usr/bin/python3
"""The agent's descriptors are never the host's standard streams, few descriptors do not hurt the host, and one that
closes all descriptors that it does not know keeps what it opens under their numbers."""
import json
import os

from life_host import SANITIZED, TASKS, live, host_program, run, same_life, vitals_are_true


def by_socket(pause, before):
    vitals_are_true(pause, before)
    own = [fd for fd in map(int, os.listdir(f"/proc/{pause.pid}/fd")) if fd < 3]
    assert len(own) == 3 and all(os.readlink(f"/proc/{pause.pid}/fd/{fd}") == "/dev/null" for fd in own), own


def by_table(pause, before):
    """Nobody answers, the table does: all jobs that found room are in it, the others are counted."""
    result = run(TASKS, "vitals", "-p", str(pause.pid), "--json")
    assert result.returncode == 0, result
    vitals = json.loads(result.stdout)
    assert vitals["tasks"]["total"] + vitals["dropped"] == 20_001, vitals


assert same_life("life_fds", "closed", checks={"running": by_socket})[:3] == ["opens 0", "opens 1", "opens 2"]
same_life("life_fds", "close_all", checks={"after": by_table})
# The undefined behaviour sanitizer needs a pipe for each look at an object's type, and takes its lack for a wrong one.
for most in [16, 20] if SANITIZED else [3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20]:
    # The words of the pauses differ where it does not start: only the lives are compared.
    (without, _), (with_agent, host) = (live([host_program("life_fds"), "limit", str(most)], agent=agent)
                                        for agent in (False, True))
    assert without == with_agent, (most, without, with_agent)
    told, = host.told
    assert "Too many open files" in told if most <= 10 else most == 12 or told == "at error: ", (most, told)
print("few descriptors: the same life, and they are told")
