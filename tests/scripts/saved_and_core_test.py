#!/usr/bin/python3
# ctest: RUN_SERIAL TIMEOUT 600
"""A saved snapshot, read where the program, its debug information and its libraries are not, and a core give the groups
that the live dump gave just before; so does a snapshot saved from that core. Files are written as they should be.

TASKS_TEST_SAVED_THREADS   threads of the target beside the main one (1000)
"""
import collections
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

from example_process import BINARY, SANITIZED, TASKS, Example, HeldProcess, run, until

THREADS = int(os.environ.get("TASKS_TEST_SAVED_THREADS", "1000"))
STACK_BYTES = 128 << 10
TARGETS = os.path.join(BINARY, "tests", "targets")


class Target(HeldProcess):
    """A copy of a target program in a directory of its own, so that it can be taken away. Its cores go there too."""

    def __init__(self, name, directory, *words):
        self.program = shutil.copy(os.path.join(TARGETS, name), directory)
        super().__init__(self.program, *words, cwd=directory, env={**os.environ, "TASKS_DIR": directory},
                         preexec_fn=self.limits)
        line = self.lines.next()
        assert line == f"ready {self.pid}", line

    @staticmethod
    def limits():
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
        # Of each thread too: gcore writes what was never touched of 1,000 stacks of 8 MiB, for minutes.
        resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.getrlimit(resource.RLIMIT_STACK)[1]))

    def crash(self):
        self.process.send_signal(signal.SIGSEGV)
        return self.process.wait(60)


def tasks(directory, *words, status=0):
    result = run(TASKS, *map(str, words), env={**os.environ, "TASKS_DIR": directory})
    assert result.returncode == status, f"{words}: status {result.returncode}\n{result.stdout[:4000]}\n{result.stderr}"
    return result.stdout


def stacks(directory, *words):
    return json.loads(tasks(directory, "stack", "--json", "--timeout", "20s", *words))


def groups(answer):
    """How many tasks have which stack, state and wait; without what a core cannot have (ages, what an fd is)."""
    counts = collections.Counter()
    for group in answer["groups"]:
        frames = tuple((frame["function"], frame["file"], frame["line"], frame["inlined"])
                       for frame in group["frames"])
        counts[(group["kind"], group["state"], group["wait_reason"], frames, group["cut"])] += group["count"]
    return counts


def all_waiting(directory, target):
    """The groups of its tasks; None: one of them runs still."""
    answer = stacks(directory, target.pid)
    return groups(answer) if all(group["state"] == "waiting" for group in answer["groups"]) else None


def check_same(what, one, other):
    missing, added = one - other, other - one
    assert not missing and not added, f"{what}: missing {missing}\nadded {added}"
    print(f"{what}: the same {sum(one.values())} tasks in {len(one)} groups", flush=True)


def elsewhere(directory, saved, *words):
    """`tasks` on a root that has nothing but it and the libraries that it itself needs; None: we may make no root."""
    root = os.path.join(directory, "root")
    if not os.path.exists(root):
        libraries = [word for word in run("ldd", TASKS).stdout.split() if word.startswith("/")]
        for path in [TASKS, *libraries]:
            place = root + path
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(path, place)
    shutil.copy(saved, os.path.join(root, "saved"))
    words = [TASKS, *words, "--from", "/saved"]
    chroot = ["unshare", "--map-root-user", f"--root={root}", "--wd=/"] if os.geteuid() else ["chroot", root]
    if run(*chroot, TASKS, "version").returncode != 0:
        return None
    result = run(*chroot, *words)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def check_file(path):
    facts = os.stat(path)
    assert stat.S_IMODE(facts.st_mode) == 0o600, oct(facts.st_mode)
    left = [name for name in os.listdir(os.path.dirname(path)) if name.startswith("." + os.path.basename(path))]
    assert not left, left


def check_ways_to_save(directory, target):
    """Over a file, never over a link; standard output; and what goes with what."""
    path = os.path.join(directory, "again")
    with open(path, "w", encoding="utf-8") as file:
        file.write("old")
    tasks(directory, "count", target.pid, "--save", path)
    check_file(path)
    link = os.path.join(directory, "link")
    os.symlink(path, link)
    before = os.stat(path).st_mtime_ns
    for words, message in ((["--save", link], "symbolic link"), (["--save", directory + "/"], "is a directory"),
                           (["--save", directory + "/none/x"], "cannot be written"), (["--raw"], "--save"),
                           (["--exe", TASKS], "--core")):
        result = run(TASKS, "stack", str(target.pid), *words, env={**os.environ, "TASKS_DIR": directory})
        assert result.returncode == 2 and message in result.stderr, (words, result)
    assert os.path.islink(link) and os.stat(path).st_mtime_ns == before
    piped = subprocess.run(f"'{TASKS}' stack {target.pid} --save - | '{TASKS}' count --from -", shell=True,
                           capture_output=True, text=True, timeout=60, env={**os.environ, "TASKS_DIR": directory})
    assert piped.stdout == tasks(directory, "count", "--from", path), piped


def check_verbs(directory, target, saved):
    """Every verb reads what one verb saved, and says from where."""
    assert tasks(directory, "count", "--from", saved) == tasks(directory, "count", target.pid)
    vitals = json.loads(tasks(directory, "vitals", "--json", "--from", saved))
    assert vitals["from"] == {"kind": "snapshot", "file": saved} and vitals["taken_at_ns"], vitals
    assert vitals["os_threads"] == THREADS + 1 and vitals["memory"]["rss_bytes"], vitals
    for verb in (["vitals"], ["stack"], ["deadlocks"], []):
        assert "saved snapshot, taken at 20" in tasks(directory, *verb, "--from", saved), verb
    assert json.loads(tasks(directory, "deadlocks", "--json", "--from", saved))["deadlocks"] == []


def check_cut(directory, saved):
    """Half a file gives what is in it and says so."""
    path = os.path.join(directory, "half")
    with open(saved, "rb") as whole, open(path, "wb") as half:
        half.write(whole.read()[:os.path.getsize(saved) // 2])
    assert any("ends early" in note["reason"] for note in stacks(directory, "--from", path)["incomplete"])


def check_core(directory, what, core, live, *words):
    answer = stacks(directory, "--core", core, *words)
    assert answer["from"]["kind"] == "core" and answer["state"] == "core", answer
    assert all(group["age_max_ns"] is None for group in answer["groups"])
    assert not any("not an ELF file" in note["reason"] for note in answer["incomplete"]), answer["incomplete"]
    check_same(what, live, groups(answer))
    return answer


def gcore(target, directory):
    result = run("gcore", "-o", os.path.join(directory, "gcore"), str(target.pid))
    path = os.path.join(directory, f"gcore.{target.pid}")
    return path if os.path.exists(path) else print(f"no gcore: {result.stdout}{result.stderr}")


def crash_core(target, directory):
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
        pattern = file.read().strip()
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if pattern.startswith("|") or "/" in pattern or hard != resource.RLIM_INFINITY:
        print(f"no core of a crash: core_pattern is {pattern}, the limit {hard}")
        return None
    target.crash()
    cores = [name for name in os.listdir(directory) if name.startswith("core")]
    return os.path.join(directory, cores[0]) if cores else print("no core of a crash: none was written")


def check_away(directory, target, what, expected, core):
    """The program is somewhere else: --exe names it, and without that it is said to be missing."""
    away = shutil.move(target.program, os.path.join(directory, "away"))
    if core:
        check_core(directory, f"{what} --exe", core, expected, "--exe", away)
        again = os.path.join(directory, "from_core")
        tasks(directory, "count", "--core", core, "--exe", away, "--save", again)
        check_same(f"{what} saved", expected, groups(stacks(directory, "--from", again)))
        lost = stacks(directory, "--core", core)
        assert any(target.program in note["reason"] for note in lost["incomplete"]), lost["incomplete"]


def check_saved(name, directory):
    """Saved, and as gcore writes it; the core's path, or None."""
    with Target(name, directory, str(THREADS)) as target:
        saved = os.path.join(directory, "saved")
        expected = until("all wait", lambda: all_waiting(directory, target))
        check_same(f"{name} saved", expected, groups(stacks(directory, target.pid, "--save", saved)))
        check_file(saved)
        check_ways_to_save(directory, target)
        check_verbs(directory, target, saved)
        check_cut(directory, saved)
        core = gcore(target, directory) # ends waits with EINTR: nothing is asked of the process after
        if core:
            answer = check_core(directory, f"{name} gcore", core, expected)
            told = any("the process lives on" in note["reason"] for note in answer["incomplete"])
            assert told == (name == "blocked"), answer["incomplete"]
    check_away(directory, target, f"{name} gcore", expected, core)
    check_same(f"{name} saved, without the program", expected, groups(stacks(directory, "--from", saved)))
    if there := elsewhere(directory, saved, "stack", "--json"):
        check_same(f"{name} saved, on an empty root", expected, groups(there))
    else:
        print("no empty root: chroot and unshare are not permitted")
    return core


def check_crash(name, directory):
    """As the kernel writes it where the process crashes."""
    with Target(name, directory, str(THREADS)) as target:
        expected = until("all wait", lambda: all_waiting(directory, target))
        core = crash_core(target, directory)
        if core:
            answer = check_core(directory, f"{name} crash", core, expected)
            assert answer["signal"]["name"] == "SIGSEGV" and answer["signal"]["address"] is None, answer["signal"]
    check_away(directory, target, f"{name} crash", expected, core)


def check_errors(directory, core):
    """What is no core, or not all of one, is told."""
    def refused(content, message):
        path = os.path.join(directory, "bad")
        with open(path, "wb") as file:
            file.write(content)
        result = run(TASKS, "stack", "--core", path)
        assert result.returncode == 2 and message in result.stderr, (message, result)

    with open(TASKS, "rb") as file:
        elf = file.read(4096)
    refused(b"", "is empty")
    refused(b"text", "is no core file")
    refused(b"\x28\xb5\x2f\xfd" + bytes(60), "zstd -d")
    refused(b"\x04\x22\x4d\x18" + bytes(60), "lz4 -d")
    refused(elf, "--exe")
    refused(elf[:4] + b"\x01" + elf[5:], "32-bit")
    refused(elf[:18] + b"\xb7" + elf[19:], "another machine")
    assert "--core" in run(TASKS, "stack", "--from", TASKS).stderr
    if core:
        with open(core, "rb") as file:
            head = file.read(os.path.getsize(core) * 3 // 4)
        cut = os.path.join(directory, "cut")
        with open(cut, "wb") as file:
            file.write(head)
        result = run(TASKS, "stack", "--json", "--core", cut)
        assert "cut short" in result.stdout + result.stderr, result


def check_payments(directory):
    """The jobs of a program with the agent, in a saved snapshot."""
    with Example("payments", "--requests", "4", "--rate", "0", directory=directory) as example:
        until("all wait", lambda: all_waiting(directory, example))
        saved = os.path.join(directory, "payments")
        live = stacks(directory, example.pid, "--save", saved)
        core = gcore(example, directory)
        example.end(signal.SIGKILL)
    if core:  # its table is left
        told = stacks(directory, "--core", core)
        jobs = {group["name"]: group["count"] for group in live["groups"] if group["kind"] == "job"}
        assert {group["name"]: group["count"] for group in told["groups"] if group["kind"] == "job"} == jobs, told
        assert told["tasks"] == live["tasks"], told
        assert all(group["age_max_ns"] is None for group in told["groups"]), told
        print(f"payments: the core and its table give the jobs {jobs}")
    later = stacks(directory, "--from", saved)
    assert any(group["kind"] == "job" for group in later["groups"]), later
    for key in ("groups", "tasks", "deadlocks", "taken_at_ns", "skew_ns", "dropped"):
        assert live[key] == later[key], f"{key}\n{live[key]}\n{later[key]}"
    print(f"payments: {later['tasks']} tasks, the same with ages, labels and sites")


def main():
    if SANITIZED:
        print("sanitizers bring threads and frames of their own")
        return 77
    for name in ("blocked", "blocked_plain"):
        with tempfile.TemporaryDirectory(prefix="tasks-saved-") as directory:
            core = check_saved(name, directory)
            if name == "blocked_plain":
                check_errors(directory, core)
        with tempfile.TemporaryDirectory(prefix="tasks-crashed-") as directory:
            check_crash(name, directory)
    with tempfile.TemporaryDirectory(prefix="tasks-saved-") as directory:
        check_payments(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
