#!/usr/bin/python3
"""A host that makes children or another program of itself lives the same life with and without the agent; its table
is never a child's to write, and no child or program after it is taken for it."""
from life_host import job_names, same_life, says_no_agent, tasks_json, vitals_are_true

PARENTS = ["of the parent", "of the parent too"]


def parent(pause, before):
    vitals = vitals_are_true(pause, before)
    assert vitals["name"] == "first" and vitals["tasks"]["total"] == 2, vitals
    assert job_names(pause.pid) == PARENTS, job_names(pause.pid)


def child_without(pause, before):
    assert (pause.fds, pause.threads) == (before.fds, before.threads), (pause.__dict__, before.__dict__)
    says_no_agent(pause.pid)


def raw_child(pause, before):
    """Its descriptors are copies of its parent's, the agent's too: no handler runs in it."""
    assert pause.threads == before.threads == 1
    says_no_agent(pause.pid)


def child_with(pause, before):
    vitals = vitals_are_true(pause, before)
    assert vitals["name"] == "child" and job_names(pause.pid) == ["of the child", "of the child too"], vitals


def second_program(pause, before):
    vitals = vitals_are_true(pause, before)
    assert vitals["name"] == "second" and job_names(pause.pid) == ["of the second program"], vitals


def program_without(pause, before):
    """Its pid and start time are those of the program before it, whose files are still there."""
    assert (pause.fds, pause.threads) == (before.fds, before.threads), (pause.__dict__, before.__dict__)
    vitals = tasks_json("vitals", "-p", pause.pid)
    assert vitals["state"] == "without an agent" and vitals["tasks"]["total"] == pause.threads, vitals
    assert any("another program" in entry["reason"] for entry in vitals["incomplete"]), vitals
    assert pause.pid not in [row["pid"] for row in tasks_json("list")["processes"]]


for how in ["fork", "fork_exit"]:
    same_life("life_fork", how, checks={"before": parent, "parent": parent, "child": child_without})
same_life("life_fork", "clone", checks={"before": parent, "parent": parent, "child": raw_child})
same_life("life_fork", "again", checks={"before": parent, "parent": parent, "child": child_with})
for how in ["vfork", "spawn"]:
    said = same_life("life_fork", how, checks={"before": parent, "parent": parent})
    assert said[:5] == ["0", "1", "2", "3", "child ended: status 0"], said  # 3 is that of ls itself
same_life("life_fork", "exec_agent", checks={"before": parent, "after": second_program})
same_life("life_fork", "exec", checks={"before": parent, "after": program_without}, left_behind=[".sock", ".table"])
