#!/usr/bin/python3
"""An agent that is to start again in forked children does, under their own names, generation after generation, until
the last Agent object in the child has gone; and a daemon has the agent that it starts, or that moves along."""
import ctypes
import os
import signal

from life_host import PATIENCE, SANITIZED, job_names, same_life, says_no_agent, until, vitals_are_true

FORKS = os.environ.get("TASKS_TEST_FORKS", "60")
PR_SET_CHILD_SUBREAPER = 36


def child(pause, before):
    vitals = vitals_are_true(pause, before)
    assert vitals["name"] == "moves along" and job_names(pause.pid) == ["of a child"], vitals


def daemon(pause, before):
    vitals = vitals_are_true(pause, before)
    assert vitals["name"] == "moves along" and job_names(pause.pid) == ["of the daemon"], vitals


def nobody(pause, before):
    assert (pause.fds, pause.threads) == (before.fds, before.threads), (pause.__dict__, before.__dict__)
    says_no_agent(pause.pid)


def daemon_life(how, left_behind=(), **checks):
    """The daemon becomes a child of this process, which sees it end."""
    pids = []

    def seen(look):
        def check(pause, before):
            pids.extend([before.pid, pause.pid])
            look(pause, before)
        return check

    try:
        said = same_life("life_after_fork", how, checks={word: seen(look) for word, look in checks.items()},
                         left_behind=left_behind)
        assert said[:3] == ["opens 0", "opens 1", "opens 2"], said
    except BaseException:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        raise
    finally:
        for pid in pids:
            until("the daemon's end", lambda pid=pid: os.waitpid(pid, os.WNOHANG)[0] == pid, PATIENCE)


same_life("life_after_fork", "deep", checks={"child": child})
same_life("life_after_fork", "users")
same_life("life_after_fork", "fails", told=["at first: ", "others can write in it"])
if not SANITIZED:  # whose allocator's lock another thread may hold at the fork: the child waits for ever
    assert same_life("life_after_fork", "storm", FORKS)[0] == "0 children were wrong"
if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0:
    # The daemon's parents end by _exit(), which leaves what an agent has.
    daemon_life("daemon_with", left_behind=[".sock", ".table"] * 2, daemon=daemon)
    daemon_life("daemon_before", left_behind=[".sock", ".table"], without=nobody)
    daemon_life("daemon_after", daemon=daemon)
