#!/usr/bin/python3
"""A host that gives up root, changes its root, or moves into namespaces lives the same life with and without the agent,
which answers those that it should then: root and the user that the host is now."""
import os
import socket
import subprocess
import sys
import tempfile

from life_host import PATIENCE, job_names, same_life, tasks, tasks_json, vitals_are_true

USER, STRANGER = 12345, 12346

if os.geteuid() != 0:
    print("needs root, to become somebody else")
    sys.exit(77)


def ask(path):
    """Sends 16 bytes that are no frame: one who is let in is told so, one who is not, why."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(path)
        try:
            client.sendall(b"x" * 16)
        except BrokenPipeError:
            pass
        return client.recv(1000)


def as_user(uid, work):
    """What work() gives back, bytes, done by a child of that uid."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.write(writing, work())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def answer_to(uid, pause):
    sockets = [name for name in os.listdir(pause.host.directory) if name.endswith(".sock")]
    path = os.path.join(pause.host.directory, sockets[0])
    os.chmod(pause.host.directory, 0o711)  # the directory alone would keep all others out
    os.chmod(path, 0o666)
    said = as_user(uid, lambda: ask(path)).decode("latin1")
    return "served" if "does not begin with TSK1" in said else said


def root_alone(pause, before):
    vitals_are_true(pause, before)
    assert answer_to(0, pause) == "served"
    assert "uid 0, you are 12345: ask as that user or as root" in answer_to(USER, pause)


def user_and_root(pause, before):
    vitals_are_true(pause, before)
    assert answer_to(USER, pause) == answer_to(0, pause) == "served"
    assert "uid 12345, you are 12346" in answer_to(STRANGER, pause)


def stranger_and_root(pause, _):
    """The agent goes by the user of the moment; the command does not believe files that are a third user's."""
    vitals = tasks_json("vitals", "-p", pause.pid)
    assert vitals["state"] == "without an agent", vitals
    told, = [entry["reason"] for entry in vitals["incomplete"]]
    assert "owned by uid 12345, its process by uid 12346; it is not believed" in told, told
    assert answer_to(STRANGER, pause) == answer_to(0, pause) == "served"
    assert "uid 12346, you are 12345" in answer_to(USER, pause)


def jailed(pause, before):
    vitals = tasks_json("vitals", "-p", pause.pid)
    assert vitals["fds"] == before.fds and vitals["os_threads"] == 1, vitals
    assert vitals["tasks"]["total"] == 1 and job_names(pause.pid) == ["of a jailed service"], vitals


def unshared(pause, before):
    vitals_are_true(pause, before)


def services():
    left = [".sock", ".table"]  # the host may not remove them any more
    for how in ["setuid", "threads"]:
        same_life("life_ids", how, str(USER), checks={"root": root_alone, "dropped": user_and_root}, left_behind=left)
    same_life("life_ids", "seteuid", str(USER), checks={"effective": user_and_root, "root": root_alone})
    same_life("life_ids", "other", str(USER), str(STRANGER), checks={"from": user_and_root, "to": stranger_and_root},
              left_behind=left, owner=USER)


def jails():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as jail:
        for how in ["chdir", "chroot"]:
            same_life("life_ids", how, jail, checks={"jailed": jailed})


def namespaces():
    if subprocess.run(["unshare", "--user", "--mount", "--net", "true"], capture_output=True).returncode != 0:
        print("left out, no namespaces are to be had here: unshare_before, unshare_after")
        return
    same_life("life_ids", "unshare_before")
    same_life("life_ids", "unshare_after",
              told=["unshare_user Invalid argument", "setns_mount Invalid argument", "unshare_user_without done"])


services()
jails()
namespaces()
