#!/usr/bin/python3
# ctest: TIMEOUT 300
"""A process that crashes writes what all its tasks did, and ends as it would have without: the same signal, the same
core. Whatever way it dies; also where the dump itself goes wrong."""
import errno
import glob
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import time

import system_call_list
from example_process import BINARY, PATIENCE, SANITIZED, SOURCE, TASKS, run, tasks

CRASHER = os.path.join(BINARY, "tests/targets/crasher")
COROUTINE_CRASHER = os.path.join(BINARY, "tests/targets/coroutine_crasher")
NOBODY = 65534
WAITING = 8  # threads with a job that wait
QUEUED = 3

# Way to die: the signal, a function on the struck thread's stack, tasks beside those that wait and are queued.
WAYS = {
    "segv": (signal.SIGSEGV, "read_nothing", 1),
    "abort": (signal.SIGABRT, "die", 1),
    "bus": (signal.SIGBUS, "read_past_the_end", 1),
    "fpe": (signal.SIGFPE, "divide", 1),
    "ill": (signal.SIGILL, "die", 1),
    "trap": (signal.SIGTRAP, "die", 1),
    "quit": (signal.SIGQUIT, "die", 1),
    "kill": (signal.SIGSEGV, "by_kill", 1),
    "overflow": (signal.SIGSEGV, "overflow", 1),
    "overflow-thread": (signal.SIGSEGV, "overflow", 2),
    "overflow-crash-stack": (signal.SIGSEGV, "overflow", 2),
    "segv-thread": (signal.SIGSEGV, "read_nothing", 2),
    "segv-plain-thread": (signal.SIGSEGV, "read_nothing", 2),
    "throw": (signal.SIGABRT, "throw_error", 1),
    "throw-thread": (signal.SIGABRT, "throw_error", 2),
    "throw-spite": (signal.SIGABRT, "throw_spite", 1),
    "noexcept": (signal.SIGABRT, "throw_in_noexcept", 1),
    "terminate": (signal.SIGABRT, "die", 1),
    "two": (signal.SIGSEGV, "read_nothing", 3),
    "files": (signal.SIGSEGV, "out_of_files", 1),
    "malloc": (signal.SIGSEGV, "in_malloc", 2),
    "handler": (signal.SIGSEGV, "handler_of_host", 1),
    **({} if SANITIZED else {"heap": (signal.SIGABRT, "in_corrupted_heap", 1)}),  # sanitizers have a heap of their own
}


# A sanitizer's own handlers end the process by exit(): with them nothing would be seen of the default.
NO_HANDLERS = ":".join([os.environ.get("ASAN_OPTIONS", ""), "handle_segv=0", "handle_sigbus=0", "handle_sigfpe=0",
                        "handle_sigill=0", "handle_abort=0", "detect_leaks=0"]).lstrip(":")


class Death:
    """One run of the program: how it ended, what it said, and the dump that it left."""

    def __init__(self, *words, program=CRASHER, patience=PATIENCE, before=lambda: None, **environment):
        self.directory = tempfile.TemporaryDirectory(prefix="tasks-test-")
        path = self.directory.name
        self.place = os.path.join(path, "place")
        os.mkdir(self.place, 0o700)
        environment = {**os.environ, "TASKS_DIR": self.place, "TASKS_BINARY": "/nonexistent", "TASKS_TRACEBACK": "",
                       "ASAN_OPTIONS": NO_HANDLERS, "TSAN_OPTIONS": NO_HANDLERS, **environment}
        with open(path + "/out", "wb") as out, open(path + "/err", "wb") as err:
            began = time.monotonic()
            process = subprocess.Popen([program, *map(str, words)], cwd=path, env=environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)),
                                                           before()))
            self.pid = process.pid
            self.status = self.wait(process, patience)
            self.seconds = time.monotonic() - began
        self.out = open(path + "/out", errors="replace").read()
        self.err = open(path + "/err", errors="replace").read()
        dumps = glob.glob(self.place + "/*.crash")
        self.dump = dumps[0] if dumps else None

    @staticmethod
    def wait(process, patience):
        end = time.monotonic() + patience
        while True:
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid:
                process.returncode = status
                return status
            if time.monotonic() > end:
                process.kill()
                process.wait()
                raise AssertionError(f"{process.args} did not end within {patience} s")
            time.sleep(0.01)

    @property
    def signal(self):
        return os.WTERMSIG(self.status) if os.WIFSIGNALED(self.status) else None

    def cores(self):
        """How many it left beside the program, that are not empty."""
        return len([core for core in glob.glob(self.directory.name + "/core*") if os.path.getsize(core)])

    def report(self):
        return json.loads(tasks("stack", "--from", self.dump, "--json"))

    def text(self):
        return open(self.dump, errors="replace").read()


def group_of(report, name):
    found = [group for group in report["groups"] if group["name"] == name]
    assert len(found) == 1, (name, [group["name"] for group in report["groups"]])
    return found[0]


def functions(group):
    return [frame["function"] or "" for frame in group["frames"]]


def check_complete(report, number, function, beside):
    assert report["signal"]["number"] == number, report["signal"]
    assert report["tasks"] == WAITING + QUEUED + beside, (report["tasks"], [(g["count"], g["name"]) for g in report["groups"]])
    waiting = group_of(report, "charge card")
    assert waiting["count"] == WAITING and waiting["wait_reason"] == "chan send", waiting
    assert any("wait_for_ever" in each for each in functions(waiting)), functions(waiting)
    assert group_of(report, "queued")["count"] == QUEUED
    struck = report["groups"][0]
    assert [each["tid"] for each in struck["tasks"]] == [report["signal"]["tid"]], struck["tasks"]
    assert any(function in each for each in functions(struck)), (function, functions(struck), struck["no_stack"])
    assert not report["incomplete"], report["incomplete"]


def check_way(way):
    number, function, beside = WAYS[way]
    plain, death = Death("plain-" + way), Death(way)
    assert plain.signal == number and not plain.dump, (way, plain.status)
    assert death.status == plain.status, (way, death.status, plain.status, death.err)  # with the core's bit
    assert death.dump, (way, death.err)
    check_complete(death.report(), number, function, beside)
    return death


def check_ways():
    for way in WAYS:
        try:
            check_way(way)
        except AssertionError as error:
            raise AssertionError(f"{way}: {error}") from error


def check_again_and_again():
    """The ways to die that matter most, as often as it is asked for: whole dump, a core, the same end."""
    times = int(os.environ.get("TASKS_TEST_CRASHES", 1))
    for way in ("segv", "abort", "overflow", "throw", "noexcept"):
        number, function, beside = WAYS[way]
        plain = Death("plain-" + way)
        for _ in range(times):
            death = Death(way, TASKS_BINARY=TASKS)
            assert death.status == plain.status, (way, death.status, plain.status, death.err)
            check_complete(death.report(), number, function, beside)
            assert f"struck by {signal.Signals(number).name}" in death.err and "wait_for_ever" in death.err, death.err
            assert death.cores() == plain.cores(), (way, death.cores(), plain.cores())
        print(f"{way}: {times} of {times}, core {'written' if plain.cores() else 'not a file beside the program'}"
              f"{'' if os.WCOREDUMP(plain.status) else ', none asked for'}")


def check_cores():
    """Where cores are files beside the program: the same thread, address and stack as without the dump."""
    for way in () if SANITIZED else ("segv", "overflow-thread", "throw"):  # with a sanitizer they have terabytes
        death = Death(way)
        cores = [core for core in glob.glob(death.directory.name + "/core*") if os.path.getsize(core)]
        if not cores:
            assert open("/proc/sys/kernel/core_pattern").read().strip() not in ("core", "core.%p"), "no core was written"
            print("cores are no files beside the program here: only that one was made is compared")
            return
        core = json.loads(tasks("stack", "--core", cores[0], "--json"))
        dump = death.report()
        assert {key: core["signal"][key] for key in ("number", "address", "tid")} == \
               {key: dump["signal"][key] for key in ("number", "address", "tid")}, (core["signal"], dump["signal"])
        struck = [group for group in core["groups"] if core["signal"]["tid"] in [each["tid"] for each in group["tasks"]]]
        own = [frame["address"] for frame in dump["groups"][0]["frames"]]
        there = [frame["address"] for frame in struck[0]["frames"]]
        # Of a stack that overflowed the reader of cores has the innermost frame alone.
        assert there == own[:len(there)] and (len(there) == len(own) or "overflow" in way), (functions(struck[0]), own[:20])


def check_exception():
    told = Death("throw").report()["signal"]["exception"]
    assert told == {"type": "std::runtime_error", "what": "no route to the bank"}, told
    assert Death("terminate").report()["signal"]["exception"] == {"type": None, "what": None}
    spite = Death("throw-spite").report()["signal"]["exception"]
    assert spite["what"] == "spite\\x0a  end  tasks 99", spite  # one field, as all texts of a process


def check_levels():
    single = Death("segv-thread", TASKS_TRACEBACK="single").report()
    assert single["tasks"] == 1 and single["groups"][0]["name"] == "settle", single
    assert any("only the thread that crashed" in each["reason"] for each in single["incomplete"]), single["incomplete"]
    death = Death("segv", TASKS_TRACEBACK="system", TASKS_BINARY=TASKS)
    system = death.report()
    assert system["tasks"] == WAITING + QUEUED + 2 and group_of(system, "tasks-agent"), system["tasks"]
    assert death.err.count("wait_for_ever") >= WAITING and "__libc_start" in death.err, death.err  # each, all frames
    assert "__libc_start" not in Death("segv", TASKS_BINARY=TASKS).err
    none = Death("segv", TASKS_TRACEBACK="none")
    assert none.signal == signal.SIGSEGV and not none.dump
    asked = Death("plain-segv", TASKS_TRACEBACK="all")  # the program does not ask, its operator does
    check_complete(asked.report(), *WAYS["segv"])


def check_chain():
    death = Death("segv", CRASHER_HANDLER="returns")
    assert death.out.count("handler before") == 1 and death.signal == signal.SIGSEGV, (death.out, death.status)
    assert "handler before: 0 allocations" in death.out, death.out
    check_complete(death.report(), *WAYS["segv"])
    plain, death = Death("plain-segv", CRASHER_HANDLER="crashes"), Death("segv", CRASHER_HANDLER="crashes")
    assert death.signal == signal.SIGSEGV, death.status
    assert plain.signal == signal.SIGSEGV, plain.status
    check_complete(death.report(), *WAYS["segv"])


def check_child():
    death = Death("fork")
    assert f"child {int(signal.SIGSEGV)}" in death.out and death.status == 0, (death.out, death.status)
    assert not death.dump, "a forked child wrote its parent's dump"


def check_path():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as path:
        death = Death("segv", QUEUED, path + "/")
        made = os.listdir(path)
        assert len(made) == 1 and made[0].startswith(f"crasher.{death.pid}-") and made[0].endswith(".crash"), made
        assert os.stat(os.path.join(path, made[0])).st_mode & 0o777 == 0o600
        assert os.path.join(path, made[0]) in death.err, death.err
        death = Death("segv", QUEUED, path + "/one")
        check_complete(json.loads(tasks("stack", "--from", path + "/one", "--json")), *WAYS["segv"])
        death = Death("segv", QUEUED, path + "/no/such/place")
        assert death.signal == signal.SIGSEGV and "\nend  tasks 12" in death.err, death.err  # then to standard error
        assert "Invalid argument" in Death("segv", QUEUED, "one").err


def check_command():
    """The tasks command shows the dump before the process is gone; it is optional, and may do as it likes."""
    death = Death("throw-thread", TASKS_BINARY=TASKS)
    assert death.signal == signal.SIGABRT
    for words in ("SIGABRT struck thread", "std::terminate was called for std::runtime_error: no route to the bank",
                  "struck by SIGABRT", "throw_error", "8 tasks  job  chan send \"results\"", "wait_for_ever"):
        assert words in death.err, (words, death.err)
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as path:
        for name, script in (("hangs", "exec sleep 300"), ("fails", "exit 3"), ("crashes", "kill -SEGV $$")):
            command = os.path.join(path, name)
            with open(command, "w") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(command, 0o700)
            death = Death("segv", TASKS_BINARY=command, CRASHER_COMMAND_MS="300")
            assert death.signal == signal.SIGSEGV and death.seconds < PATIENCE / 2, (name, death.status, death.seconds)
            check_complete(death.report(), *WAYS["segv"])
            # Without a file the raw dump must not be lost.
            death = Death("segv", QUEUED, path + "/no/such/place", TASKS_BINARY=command, CRASHER_COMMAND_MS="300")
            assert "\nend  tasks 12" in death.err, (name, death.err)


def coroutine_lines(report):
    """Of each group of coroutines: how many, and where they are suspended, innermost first."""
    def name(frame):
        return re.search(r"(\w+)(\(int\))?$", frame["function"])[1]
    return sorted((group["count"], [(name(frame), frame["line"]) for frame in group["frames"]])
                  for group in report["groups"] if group["kind"] == "coroutine")


def check_coroutines():
    """The command finds those in memory that nobody registered; what the file alone tells says that it has none."""
    source = open(os.path.join(SOURCE, "tests/targets/coroutine_crasher.cpp")).read().splitlines()
    line = {name: 1 + next(at for at, text in enumerate(source) if words in text) for name, words in (
        ("send", "the innermost of a plain chain"), ("charge", "its outer one"), ("store", "the innermost of a traced"),
        ("audit", "co_await store"))}
    registered = (1, [("store", line["store"]), ("audit", line["audit"])])
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as path:
        command = os.path.join(path, "tasks")
        with open(command, "w") as file:  # a script stands between: what is open for the command goes through it
            file.write(f"#!/bin/sh\n{TASKS} \"$@\" --json > {path}/shown\n")
        os.chmod(command, 0o700)
        death = Death("segv", 5, program=COROUTINE_CRASHER, TASKS_BINARY=command)
        assert death.signal == signal.SIGSEGV, death.status
        shown = json.load(open(path + "/shown"))
        plain = (5, [("send", line["send"]), ("charge", line["charge"])])
        assert coroutine_lines(shown) == [registered, plain], coroutine_lines(shown)
        assert shown["tasks"] == 7 and not shown["incomplete"], (shown["tasks"], shown["incomplete"])
        assert [each["tid"] for each in shown["groups"][0]["tasks"]] == [shown["signal"]["tid"]]
        later = death.report()
        assert coroutine_lines(later) == [registered] and later["tasks"] == 2, later["groups"]
        assert any("not known: the file has no memory" in each["reason"] for each in later["incomplete"]), later
        assert "not known" in tasks("count", "--from", death.dump, "--json"), "no coroutines, of which nothing is known"


def check_closed_memory():
    """A process whose memory its own user may not read: the dump is shown all the same, and what is missing."""
    if os.geteuid() == 0:
        become = lambda: (os.setgroups([]), os.setgid(NOBODY), os.setuid(NOBODY))
    else:
        become = lambda: None
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as place:
        os.chmod(place, 0o777)
        death = Death("closed", 3, place + "/dump", program=COROUTINE_CRASHER, TASKS_BINARY=TASKS, before=become)
        assert death.signal == signal.SIGSEGV, death.status
        assert "struck by SIGSEGV" in death.err and "incomplete: coroutines are not known: " in death.err, death.err


def check_afterwards():
    """PID@START tells what the process wrote, as long as its table is there."""
    death = Death("segv")
    start = os.path.basename(death.dump).split("-")[1].split(".")[0]
    told = run(TASKS, "stack", f"{death.pid}@{start}", "--json", env={**os.environ, "TASKS_DIR": death.place})
    assert told.returncode == 0, told.stderr
    check_complete(json.loads(told.stdout), *WAYS["segv"])


def check_fault_in_dump():
    """A fault that comes upon the thread that dumps ends the dump, and its file says so; the process dies as it would."""
    cut = 0
    for number in range(int(os.environ.get("TASKS_TEST_NESTED_CRASHES", 20))):
        death = Death("again", CRASHER_DELAY_US=str(100 * number))
        assert death.signal == signal.SIGSEGV and death.seconds < PATIENCE / 2, (death.status, death.seconds)
        if death.dump and "\nend  tasks" not in death.text():
            assert "incomplete  the dump itself crashed" in death.text(), death.text()[-300:]
            assert death.report()["signal"]["number"] == signal.SIGSEGV, death.text()[:300]
            cut += 1
    print(f"{cut} dumps were cut by a fault of their own")


# Calls of the dump's steps, which nothing else makes here, and what then still is to be had of it. The host is told of
# each by SIGSYS, as by a sandbox's filter: a fault within the dump.
FIRST_STEPS = {
    "prlimit64(pid, resource, new, old) | crash | resource is RLIMIT_NOFILE": "facts",
    "unlink(path) | crash |": None,
    "openat(directory, path, flags, mode) | crash | flags is O_WRONLY+O_CREAT+O_EXCL+O_NOCTTY+O_NOFOLLOW+O_CLOEXEC": None,
    "get_robust_list(tid, head, bytes) | crash |": "facts",
    "process_vm_readv(pid, local, pieces, remote, count, flags) | crash |": "facts",
    "openat(directory, path, flags, mode) | crash | flags is O_RDONLY+O_NOFOLLOW+O_CLOEXEC": "all",  # for the command
}


def check_fault_in_first_steps():
    """What the process died by is in the file, or there is no file; the process dies as it would."""
    for text, left in FIRST_STEPS.items():
        death = Death("segv", 0, before=under_answers(text, system_call_list.TRAP), TASKS_BINARY=TASKS)
        assert death.signal == signal.SIGSEGV, (text, death.status, death.err)
        if left is None:
            assert not death.dump, (text, death.text())
            continue
        report = death.report()
        assert report["signal"]["number"] == signal.SIGSEGV and report["signal"]["tid"] == death.pid, (text, report)
        assert report["pid"] == death.pid and report["name"] == "crasher", (text, report)
        cut = any("the dump itself crashed" in each["reason"] for each in report["incomplete"])
        assert cut == (left == "facts"), (text, report["incomplete"])
        assert f"tasks stack --from {death.dump}" in death.err, (text, death.err)


def check_full_disk():
    """What the file does not take is not lost, and standard error says why."""
    if not SANITIZED:  # those write to pipes of their own to see what memory is there, and end where that is refused
        fds = " or ".join(map(str, range(3, 64)))
        death = Death("segv", before=under_answers(f"write(fd, from, bytes) | crash | fd is {fds}",
                                                   system_call_list.REFUSE | errno.ENOSPC))
        assert death.signal == signal.SIGSEGV and not death.dump, (death.status, death.dump)
        assert "\nend  tasks 12" in death.err, death.err
    if os.geteuid() != 0 or run("unshare", "--mount", "true").returncode != 0:
        print("no small file system to be had here")
        return
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as path:
        death = Death("--mount", "sh", "-c", f"mount -t tmpfs -o size=64k tmpfs {path} && exec {CRASHER} segv 2000 "
                      f"{path}/dump", program="/usr/bin/unshare", TASKS_BINARY=TASKS)
        assert death.signal == signal.SIGSEGV, (death.status, death.err)
        assert f"--from {path}/dump (cut: No space left on device)" in death.err, death.err
        assert "2,000 tasks  job" in death.err and "struck by SIGSEGV" in death.err, death.err


def check_no_streams():
    """A daemon has closed its standard streams, whose numbers are other files now."""
    death = Death("segv", before=lambda: (os.close(0), os.close(1), os.close(2)), TASKS_BINARY=TASKS)
    assert death.signal == signal.SIGSEGV, death.status
    check_complete(death.report(), *WAYS["segv"])


def check_silent_reader():
    """Nobody reads standard error: the process does not wait for it longer than the dump may take."""
    out, into = os.pipe()
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as place:
        environment = {**os.environ, "TASKS_DIR": place, "TASKS_BINARY": "/nonexistent", "CRASHER_DEADLINE_MS": "300",
                       "ASAN_OPTIONS": NO_HANDLERS, "TSAN_OPTIONS": NO_HANDLERS}
        process = subprocess.Popen([CRASHER, "segv", "20000", "/no/such/place"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=into, env=environment)
        os.close(into)
        assert process.wait(PATIENCE) == -signal.SIGSEGV
        os.close(out)


def check_asleep():
    """Nobody can ever go on: said, and ended. A server that waits for clients is left alone meanwhile."""
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as place:
        server = subprocess.Popen([CRASHER, "serve", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  env={**os.environ, "TASKS_DIR": place, "CRASHER_ASLEEP": "abort"})
        try:
            death = Death("plain-sleep", 0, CRASHER_ASLEEP="abort", TASKS_BINARY=TASKS)
            assert death.signal == signal.SIGABRT, death.status
            report = death.report()
            assert report["asleep"] and report["signal"] is None, report["signal"]
            assert [each["wait_reason"] for each in report["groups"]] == ["chan send"] * 2, report["groups"]
            assert sorted(each["count"] for each in report["groups"]) == [1, WAITING], report["groups"]
            assert "all tasks were asleep" in death.err, death.err
            assert server.poll() is None and not glob.glob(place + "/*.crash"), "an idle server was taken for dead"
        finally:
            server.kill()
            server.wait()


# What the program itself needs, from execve on.
HOST_NEEDS = ("execve", "brk", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "mmap", "mprotect", "munmap",
              "openat", "read", "pread64", "close", "newfstatat", "write", "futex", "clone3", "rt_sigprocmask", "madvise",
              "prlimit64", "getrandom", "exit", "exit_group", "sched_yield", "gettid", "getpid", "tgkill", "lseek",
              "clock_nanosleep", "faccessat2", "fcntl", "pause", "rt_sigaction", "access")


def under_filter(rows):
    """For preexec_fn: any call that is not of these rows, or the host's own, kills."""
    return system_call_list.under_code(system_call_list.kill_filter(rows, HOST_NEEDS))


def under_answers(calls, answer):
    """Likewise: calls like these are given that answer."""
    return system_call_list.under_code(system_call_list.answer_filter([system_call_list.Row(calls + " |")], answer))


def check_filter():
    """The calls of agent/src/system_calls.txt are enough for a crash dump, and those of `crash` are needed."""
    if SANITIZED:
        return  # the sanitizers make system calls of their own
    rows = system_call_list.read_rows()
    for way in ("segv-thread", "overflow", "throw", "files", "two"):
        death = Death(way, before=under_filter(rows))
        assert death.signal == WAYS[way][0] and death.dump, (way, death.status, death.err)
        check_complete(death.report(), *WAYS[way])
    without = [row for row in rows if row.parts != ["crash"]]
    assert Death("segv", before=under_filter(without)).signal == signal.SIGSYS


def check_any_program():
    """A program that knows nothing of it, whose own handler still runs."""
    if SANITIZED:
        return  # there is no library to put before it
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as place:
        died = run(TASKS, "run", "--", "/usr/bin/python3", "-X", "faulthandler", "-c", "import os; os.abort()",
                   env={**os.environ, "TASKS_DIR": place, "TASKS_TRACEBACK": "all", "TASKS_BINARY": TASKS})
        assert died.returncode == -signal.SIGABRT, (died.returncode, died.stderr)
        assert "struck by SIGABRT" in died.stderr and "Fatal Python error: Aborted" in died.stderr, died.stderr
        assert len(glob.glob(place + "/*.crash")) == 1


def check_many():
    """Raw, as many as may be; the rest is told as missing."""
    many = int(os.environ.get("TASKS_TEST_CRASHED_TASKS", 100_000 if SANITIZED else 1_000_000))
    death = Death("segv", many, patience=240, CRASHER_DEADLINE_MS="2000")
    assert death.signal == signal.SIGSEGV
    text = death.text()
    told = text.count("\n1 task  ")
    threads = text.count("\n1 task  job  chan send")
    end = re.search(r"\nend  tasks (\d+)  dropped (\d+)\n$", text)
    assert "\n1 task  thread" in text and end and int(end[1]) == told, text[-300:]
    whole = told + int(end[2]) == many + WAITING + 1  # the table may grow too slowly for such a burst
    assert whole or "the time was too short" in text[-500:], (told, text[-500:])
    print(f"{many} tasks: {told} told, {threads} of {WAITING} threads with a job, {len(text) >> 20} MiB")


def main():
    for check in (check_ways, check_again_and_again, check_cores, check_exception, check_levels, check_chain, check_child, check_path,
                  check_command, check_coroutines, check_closed_memory, check_afterwards, check_any_program, check_fault_in_dump, check_fault_in_first_steps,
                  check_full_disk, check_no_streams, check_silent_reader, check_filter, check_asleep, check_many):
        began = time.monotonic()
        check()
        print(f"{check.__name__}: {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
