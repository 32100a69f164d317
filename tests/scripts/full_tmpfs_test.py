#!/usr/bin/python3
"""On a full file system the host runs on unharmed, agent.error() says why, and what can still work does.

Mounts small tmpfs in a mount namespace of its own, so only root can run it.
"""
import os
import subprocess
import sys
import tempfile

JOBS = 10_000  # more than the first 512 KiB of a table hold
OWN_NAMESPACE = "TASKS_TEST_OWN_MOUNTS"


def enter_namespace():
    if os.geteuid() != 0:
        print("needs root, for mount")
        sys.exit(77)
    if OWN_NAMESPACE in os.environ:
        return
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        print("no mount namespace to be had here")
        sys.exit(77)
    os.environ[OWN_NAMESPACE] = "1"
    os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])


enter_namespace()
from example_process import BINARY, Example, program, run, tasks, tasks_json  # noqa: E402


class SmallPlace:
    """A tmpfs of 1 MiB with so many KiB left."""

    def __init__(self, left_kib, options="size=1M"):
        self.left_kib, self.options = left_kib, options

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="tasks-test-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"{self.options},mode=0700", "tmpfs", self.path], check=True)
        if self.left_kib < 1024:
            with open(os.path.join(self.path, "filler"), "wb") as filler:
                filler.write(bytes((1024 - self.left_kib) * 1024))
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)
        os.rmdir(self.path)


class ManyJobs(Example):
    def __init__(self, directory):
        super().__init__(os.path.join(BINARY, "tests/many_jobs"), str(JOBS), directory=directory)


def jobs_and_dropped(pid):
    vitals = tasks_json("vitals", "-p", pid)
    return vitals["tasks"]["by_kind"].get("job", 0), vitals["dropped"]


def check_no_room_for_a_table():
    with SmallPlace(left_kib=0) as place, ManyJobs(place) as host:
        jobs, dropped = jobs_and_dropped(host.pid)  # the socket still answers
        assert jobs > 0 and jobs + dropped == JOBS, (jobs, dropped)
        assert int(tasks("count", "-p", host.pid)) == 1 + jobs
        status, complaint = host.end()
        assert status == 0, (status, complaint)
        assert place in complaint and "No space left on device" in complaint, complaint
        assert os.listdir(place) == ["filler"], os.listdir(place)


def check_no_room_to_grow():
    with SmallPlace(left_kib=540) as place, ManyJobs(place) as host:
        jobs, dropped = jobs_and_dropped(host.pid)
        assert jobs > 0 and dropped > 0 and jobs + dropped == JOBS, (jobs, dropped)
        status, complaint = host.end()
        assert (status, complaint) == (0, ""), (status, complaint)


def check_no_room_for_a_name():
    """Not even a socket: one inode, that of the directory itself."""
    with SmallPlace(left_kib=1024, options="size=1M,nr_inodes=1") as place, ManyJobs(place) as host:
        status, complaint = host.end()
        assert status == 0, (status, complaint)
        assert place in complaint and "No space left on device" in complaint, complaint


def check_the_host_says_the_same():
    """The counting program prints and exits as it does without any trouble."""
    with SmallPlace(left_kib=0) as place:
        result = run(program("query_all"), env={**os.environ, "TASKS_DIR": place})
        assert (result.returncode, result.stdout) == (0, "3 5 7 9\n"), result


check_no_room_for_a_table()
check_no_room_to_grow()
check_no_room_for_a_name()
check_the_host_says_the_same()
print("full, too small to grow, without inodes: the host ran on")
