#!/usr/bin/python3
"""A profile that a process wrote of itself, shown by the command: the same groups, frames and lines as a dump of the
living process; what is cut, foreign or changed since is said; many threads and jobs take little memory."""
# ctest: TIMEOUT 300
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

from example_process import BINARY, PATIENCE, SANITIZED, TASKS, Lines, run, tasks

TARGET = os.path.join(BINARY, "tests/targets/profiled")
JOBS = int(os.environ.get("TASKS_TEST_PROFILE_JOBS", "20000"))
THREADS = int(os.environ.get("TASKS_TEST_PROFILE_THREADS", "300"))


class Profiled:
    """The target, which writes profiles when it is told to."""

    def __init__(self, directory, *words, program=TARGET):
        self.directory = directory
        self.process = subprocess.Popen([program, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, "TASKS_DIR": directory})
        self.lines = Lines(self.process.stdout, 2 * PATIENCE)
        try:
            self.pid = int(self.lines.next().split()[1])
        except BaseException:
            self.end()
            raise

    def write(self, detail):
        """The path of a new profile."""
        path = os.path.join(self.directory, f"{detail}.profile")
        self.process.stdin.write(f"{detail} {path}\n".encode())
        self.process.stdin.flush()
        assert self.lines.next() == "wrote 0"
        return path

    def resident_kib(self, label="VmRSS"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{label}:\s*(\d+)", status.read())[1])

    def end(self):
        self.process.kill()
        self.process.communicate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def dump(target, *words):
    """A report as JSON."""
    result = run(TASKS, "stack", *words, "--json", env={**os.environ, "TASKS_DIR": target.directory})
    assert result.returncode == 0, result
    return json.loads(result.stdout)


def frames_of(group):
    return tuple((frame["function"], frame["file"], frame["line"], frame["inlined"], frame["module"], frame["address"])
                 for frame in group["frames"])


def shapes(report, main_thread):
    """The groups without ages and order; the thread that writes profiles does something else meanwhile."""
    return sorted(
        json.dumps([group["count"], group["kind"], group["state"], group["wait_reason"], group["wait_name"],
                    group["name"], frames_of(group), group["cut"], group["waits_at"], group["created_by"],
                    sorted((task["id"] or "", task["tid"] or 0, task["wait_object"] or "") for task in group["tasks"])])
        for group in report["groups"] if [task["tid"] for task in group["tasks"]] != [main_thread])


def check_same_as_live(target):
    living = dump(target, "-p", str(target.pid), "--timeout", "60s")
    profile = dump(target, "--from", target.write("stacks"))
    assert profile["state"] == "profile" and profile["pid"] == target.pid and profile["name"] == "profiled", profile
    assert profile["tasks"] == living["tasks"], (profile["tasks"], living["tasks"])
    assert profile["incomplete"] == [], profile["incomplete"]
    expected, found = shapes(living, target.pid), shapes(profile, target.pid)
    assert found == expected, "\n".join(["only in the profile:", *sorted(set(found) - set(expected)),
                                         "only in the dump:", *sorted(set(expected) - set(found))])
    lines = [frame for group in profile["groups"] for frame in group["frames"] if frame["line"]]
    assert any(frame["file"].endswith("profiled.cpp") for frame in lines), lines
    own, = [group for group in profile["groups"] if [task["tid"] for task in group["tasks"]] == [target.pid]]
    assert own["state"] == "running" and own["frames"] == [], own


def counts(report):
    """Tasks by what they do; a thread is named by its frames, which not every detail has."""
    found = {}
    for group in report["groups"]:
        key = (group["kind"], group["state"], group["wait_name"], group["name"] if group["kind"] == "job" else None)
        found[key] = found.get(key, 0) + group["count"]
    return found


def check_other_details(target):
    stacks = counts(dump(target, "--from", target.write("stacks")))
    for detail in ("tasks", "groups"):
        path = target.write(detail)
        report = dump(target, "--from", path)
        assert counts(report) == stacks, (detail, counts(report), stacks)
        sending, = [group for group in report["groups"] if group["wait_name"] == "results"]
        assert sending["frames"] and sending["cut"] and sending["waits_at"]["function"] == "send", sending
        assert tasks("count", "--from", path).strip() == str(report["tasks"])
        assert f"tasks: {report['tasks']}" in tasks("vitals", "--from", path)
    with open(target.write("groups"), encoding="utf-8") as text:
        assert '8 tasks  job  chan send "results"  ' in text.read()


def check_filters(target):
    path = target.write("stacks")
    assert dump(target, "--from", path, "--kind", "thread")["filtered_out"] > 0
    only = dump(target, "--from", path, "--match", "read_answer")
    assert [group["count"] for group in only["groups"]] == [8], only


def check_standard_input(target):
    path = target.write("stacks")
    with open(path, "rb") as profile:
        result = subprocess.run([TASKS, "stack", "--from", "-"], stdin=profile, capture_output=True, text=True,
                                timeout=PATIENCE)
    assert result.returncode == 0 and "Channel::send" in result.stdout, result
    taken = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(dump(target, "--from", path)["taken_at_ns"] // 10**9))
    assert f"this is from a profile that it wrote at {taken}\n" in result.stdout, (taken, result.stdout)
    vitals = json.loads(tasks("vitals", "--from", path, "--json"))
    assert vitals["taken_at_ns"] == dump(target, "--from", path)["taken_at_ns"], vitals


def check_cut(target):
    with open(target.write("stacks"), "rb") as profile:
        whole = profile.read()
    for bytes_left in (len(whole) // 2, len(whole) * 9 // 10, len(whole) - 1, 40):
        result = subprocess.run([TASKS, "stack", "--from", "-"], input=whole[:bytes_left], capture_output=True,
                                timeout=PATIENCE)
        assert result.returncode == 0 and b"incomplete: the profile has no end" in result.stdout, result


def check_wrong_files(directory):
    absent = os.path.join(directory, "absent")
    for words, status, sentence in (
            (["--from", absent], 2, f"{absent}: cannot be read: No such file or directory"),
            (["--from", directory], 2, "cannot be read: Is a directory"),
            (["--from", "/dev/null"], 2, "profile /dev/null: is empty"),
            (["--from", __file__], 2, "is no profile"),
            (["--from", __file__], 2, "; give a file that tasks::write_profile() wrote"),
            (["--from", TASKS], 2, "is an ELF file; give a core with --core"),
            (["--from", absent, "-p", "1"], 2, "give one of them"),
            ([], 2, "needs a TARGET")):
        result = run(TASKS, "stack", *words)
        assert result.returncode == status and sentence in result.stderr and not result.stdout, (words, result)
        assert result.stderr.count("\n") == 1, result.stderr
    error = json.loads(run(TASKS, "stack", "--from", "/dev/null", "--json").stdout)["error"]
    assert error["code"] == "usage", error


def timed_out(*words, **streams):
    begin = time.monotonic()
    result = subprocess.run([TASKS, "stack", *words, "--timeout", "300ms"], capture_output=True, text=True,
                            timeout=PATIENCE, check=False, **streams)
    assert time.monotonic() - begin >= 0.3, words
    return result


def check_slow_writers(directory, target):
    """With --timeout, a FIFO that nobody writes and a pipe that does not end are given up; without, they are waited for."""
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    result = timed_out("--from", fifo)
    assert result.returncode == 5 and not result.stdout, result
    assert f"profile {fifo}: did not end within 300ms; give a longer --timeout" in result.stderr, result
    with open(target.write("stacks"), "rb") as profile:
        whole = profile.read()
    reading, writing = os.pipe()
    try:
        os.write(writing, whole[:4096]) # a pipe holds 64 KiB
        result = timed_out("--from", "-", stdin=reading)
        assert result.returncode == 0 and "on standard input: did not end within 300ms" in result.stdout, result
    finally:
        os.close(reading)
        os.close(writing)
    with subprocess.Popen([TASKS, "count", "--from", fifo], stdout=subprocess.PIPE, text=True) as patient:
        time.sleep(1.2) # more than the default of --timeout
        assert patient.poll() is None, "it did not wait for a writer"
        with open(fifo, "wb") as written:
            written.write(whole)
        counted, _ = patient.communicate(timeout=PATIENCE)
        assert int(counted) > 0 and patient.returncode == 0, counted


def check_changed_program(directory):
    """A program that was replaced since: its frames have no names, and that is said."""
    program = os.path.join(directory, "service")
    shutil.copy(TARGET, program)
    with Profiled(directory, 2, 2, program=program) as target:
        path = target.write("stacks")
        named = tasks("stack", "--from", path)
        assert "charge_card" in named, named
    os.unlink(program)
    shutil.copy(TASKS, program)
    changed = tasks("stack", "--from", path)
    assert f"{program}: the file there is not the one that was mapped" in changed, changed
    assert "service+0x" in changed and "read_answer" not in changed, changed
    os.unlink(program)
    assert f"{program}: No such file or directory" in tasks("stack", "--from", path)


def check_many(directory):
    with Profiled(directory, THREADS // 3, JOBS) as target:
        before, files = target.resident_kib(), target.resident_kib("RssFile")
        path = target.write("groups")
        # Symbol tables of libraries are the page cache's, mapped: the host pays for the rest.
        files = target.resident_kib("RssFile") - files
        grown = target.resident_kib("VmHWM") - before - files
        with open(path, encoding="utf-8") as text:
            profile = text.read()
        assert f"\n{JOBS // 2} tasks  job  runnable  " in profile, profile[-3000:]
        assert f"\n{THREADS // 3} tasks  job  chan send " in profile, profile[-3000:]
        assert len(profile) < 64 * 1024 + 16 * THREADS, len(profile)
        assert SANITIZED or grown < 4096, f"{grown} KiB for a profile of groups"
        report = dump(target, "--from", path)
        assert report["tasks"] == JOBS + THREADS // 3 * 3 + 1, report["tasks"]
        print(f"{THREADS} threads and {JOBS} jobs: {len(profile)} bytes of groups, {grown} KiB more, and {files} KiB of files")


def main():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        with Profiled(directory) as target:
            check_same_as_live(target)
            check_other_details(target)
            check_filters(target)
            check_standard_input(target)
            check_cut(target)
            check_slow_writers(directory, target)
        check_wrong_files(directory)
        check_changed_program(directory)
        check_many(directory)


main()
