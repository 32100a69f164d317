#!/usr/bin/python3
"""A plugin that links the static agent may be closed at any time; where program and plugin both have an agent, one of
them runs, and the other one says so. A program with an agent of its own uses that one, whatever is preloaded."""
import os

from life_host import (BINARY, SANITIZED, host_program, job_names, run, same_life, says_no_agent, tasks_json,
                       vitals_are_true)

COPY = "another copy of the agent runs in this process already"
SHARED = os.path.join(BINARY, "agent/libtasks_agent.so")
PLUGINS = [os.path.join(BINARY, "tests/targets", name + ".so") for name in ("liblife_plugin", "liblife_plugin_bare")]


def jobs_are(*names):
    def look(pause, before):
        vitals = vitals_are_true(pause, before)
        assert job_names(pause.pid) == list(names), job_names(pause.pid)
        assert pause.pid in [row["pid"] for row in tasks_json("list")["processes"]]
        assert sorted(os.listdir(pause.host.directory)) == [f"{instance(pause)}.sock", f"{instance(pause)}.table"], vitals
    return look


def instance(pause):
    with open(f"/proc/{pause.pid}/stat", encoding="utf-8") as stat:
        return f"{pause.pid}-{stat.read().rsplit(')', 1)[1].split()[19]}"


def nobody(pause, before):
    assert (pause.fds, pause.threads) == (before.fds, before.threads), (pause.__dict__, before.__dict__)
    says_no_agent(pause.pid)


def pinned(path):
    """Whether its dynamic section says that it is never unloaded."""
    result = run("readelf", "--dynamic", "--wide", path)
    assert result.returncode == 0, result
    return "NODELETE" in result.stdout


def preloaded(pause, before):
    """The shared library is there and does nothing: the program's own copy runs, alone."""
    with open(f"/proc/{pause.pid}/maps", encoding="utf-8") as maps:
        assert "/libtasks_agent.so" in maps.read(), f"{SHARED} is not preloaded"
    jobs_are("of the host")(pause, before)


# The target Tasks::agent says it to the linker; who links the archive alone is pinned when the agent starts.
assert [pinned(plugin) for plugin in PLUGINS] == [True, False], PLUGINS
assert not pinned(host_program("life_plugin_host_agent")), "a program is never unloaded"

for plugin in PLUGINS:
    same_life("life_plugin_host", "closed", plugin, checks={"plugin": jobs_are("of the plugin"), "closed": nobody})
    same_life("life_plugin_host", "left", plugin, checks={"left": jobs_are("of the plugin")})
    same_life("life_plugin_host", "again", plugin, checks={"closed": nobody})
    for how, runs, other in [("second", "of the host", "of the plugin"), ("first", "of the plugin", "of the host")]:
        pauses = {"both": jobs_are(runs), "one": jobs_are(runs), "none": nobody, "other": jobs_are(other)}
        same_life("life_plugin_host_agent", how, plugin, checks=pauses, told=[COPY])

if SANITIZED:
    print("preload: left out, a sanitizer's library must be the first of all")
else:
    same_life("life_plugin_host_agent", "preload", checks={"running": preloaded, "ended": nobody},
              environment={"LD_PRELOAD": SHARED})
