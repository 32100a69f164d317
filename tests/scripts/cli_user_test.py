#!/usr/bin/python3
# ctest: TIMEOUT 600
"""The command as a user meets it: a service that leaks, that is stopped, killed, another user's; wrong words, wrong
PIDs, tables and sockets that are not what they seem. Each answer has its exit status and a sentence."""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from example_process import BINARY, PATIENCE, SANITIZED, TASKS, Example, program, run, until

# A generous deadline for answers, so that a loaded machine does not make a healthy agent look hung.
CALM = ("--timeout", "60s")
NOBODY = 65534
CLONE_NEWNS = 0x20000


class Command:
    """The command, looking for agents in one directory alone."""

    def __init__(self, directory):
        self.environment = {**os.environ, "TASKS_DIR": directory}
        self.environment.pop("NO_COLOR", None)

    def __call__(self, *words, expect=0, **options):
        options.setdefault("env", self.environment)
        result = run(TASKS, *map(str, words), **options)
        assert result.returncode == expect, (
            f"tasks {words}: status {result.returncode}, not {expect}\n{result.stdout}\n{result.stderr}")
        assert (expect == 0) or result.stderr.startswith("tasks: ") or "--json" in words, result.stderr
        return result.stdout if expect == 0 or "--json" in words else result.stderr

    def json(self, *words, **options):
        return json.loads(self(*words, "--json", **options))


@contextlib.contextmanager
def payments(*words):
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        with Example("payments", "--requests", "4", "--rate", "0.001", *words, directory=directory) as example:
            yield example, Command(directory)


def leaked(command, pid, senders=8):
    """Waits until all that is to leak waits to send."""
    until("senders that wait", lambda: command.json("vitals", pid, *CALM)["tasks"]["by_wait"].get("chan send", 0) == senders)


def files_of(directory, suffix):
    return [os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(suffix)]


def test_living():
    with payments() as (example, command):
        leaked(command, example.pid)
        listed = command("list", *CALM)
        assert re.search(rf"^{example.pid}\*? +9 +9 .* payments +/", listed, re.M), listed
        assert str(example.pid) in command(*CALM), "no verb is list"
        one, other = command("vitals", "-p", example.pid, *CALM), command("vitals", f"-p={example.pid}", *CALM)
        for text in (one, other, command("vitals", f"--pid={example.pid}", *CALM), command("vitals", "payments", *CALM)):
            lines = text.splitlines()
            assert lines[0] == "tasks: 9" and lines[1] == "OS threads: 9", text
            assert re.fullmatch(r"usable CPUs: \d+", lines[2]) and re.fullmatch(r"num CPU: \d+", lines[3]), text
        assert command("count", example.pid, *CALM) == "9\n"
        stack = command("stack", example.pid, *CALM)
        assert stack.splitlines()[0].startswith('8 tasks  job  chan send "results"'), stack
        assert "send_without_receiver.cpp:" in stack and "created by" in stack, stack
        summary = command(example.pid, *CALM)
        assert "tasks: 9" in summary and "chan send" in summary, summary
        assert command("payments", *CALM).splitlines()[0].startswith(str(example.pid))


def test_filters():
    with payments() as (example, command):
        leaked(command, example.pid)
        def groups(*words):
            return command.json("stack", example.pid, *words, *CALM)["groups"]
        assert sum(group["count"] for group in groups()) == 9
        assert [group["count"] for group in groups("--kind", "job")] == [8]
        assert sum(group["count"] for group in groups("--state", "waiting")) == 9
        assert groups("--older", "1d") == []
        assert [group["count"] for group in groups("--match", "^charge card$|charge")] == [8]
        assert groups("--match", "nothing is named so") == []
        assert len(groups("--limit", "1")) == 1
        assert len(groups("--full", "--kind", "job")) == 8


def test_json():
    with payments() as (example, command):
        leaked(command, example.pid)
        assert command.json("version")["schema"] == 1
        row, = command.json("list", *CALM)["processes"]
        assert (row["pid"], row["name"], row["state"], row["tasks"], row["threads"]) == (
            example.pid, "payments", "answers", 9, 9), row
        assert command.json("count", example.pid, *CALM)["tasks"] == 9
        assert command.json("vitals", example.pid, *CALM)["tasks"]["by_kind"]["job"] == 8
        assert command.json("stack", example.pid, *CALM)["groups"][0]["count"] == 8
        assert command.json(example.pid, *CALM)["schema"] == 1
        error = command.json("vitals", 4194304, expect=3)
        assert error["schema"] == 1 and error["error"]["code"] == "not_inspectable", error


def test_stopped():
    with payments() as (example, command):
        leaked(command, example.pid)
        os.kill(example.pid, signal.SIGSTOP)
        until("a stopped process", lambda: open(f"/proc/{example.pid}/stat").read().rsplit(")", 1)[1].split()[0] == "T")
        try:
            for words in (("list",), ("vitals", example.pid), ("count", example.pid), ("stack", example.pid)):
                best = 1e9
                for _ in range(5):  # the bound is the product's; noise makes single tries longer
                    before = time.monotonic()
                    text = command(*words)
                    best = min(best, time.monotonic() - before)
                assert best < 1 or SANITIZED, f"{words} took {best} s"
                assert "stopped" in text or words[0] == "count", text
            assert command("count", example.pid, *CALM) == "9\n"
            assert command.json("list", *CALM)["processes"][0]["state"] == "stopped"
            assert command.json("vitals", example.pid, *CALM)["state"] == "stopped"
            assert 'chan send "results"' in command("stack", example.pid, *CALM)
        finally:
            os.kill(example.pid, signal.SIGCONT)
        until("an agent that answers again",
              lambda: command.json("list", *CALM)["processes"][0]["state"] == "answers")


def test_killed():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        command = Command(directory)
        with Example("payments", "--requests", "4", "--rate", "0.001", directory=directory) as example:
            leaked(command, example.pid)
            example.end(signal.SIGKILL)
        assert "payments" not in command("list")
        dead = re.search(rf"^({example.pid}@\d+) +9 ", command("list", "--dead", *CALM), re.M)
        assert dead, command("list", "--dead", *CALM)
        stack = command("stack", dead[1], *CALM)
        assert 'chan send "results"' in stack and "charge card" in stack and "dead" in stack, stack
        assert command.json("vitals", dead[1], *CALM)["state"] == "dead"
        assert command("count", dead[1], *CALM) == "9\n"
        # The pid alone is nobody's now; the sentence names the way to what is left.
        assert dead[1] in command("stack", example.pid, expect=3)
        assert "no such process" in command("vitals", example.pid, expect=3)
        # Its socket is left too, and leads nobody to it.
        assert files_of(directory, ".sock")
        assert "neither that process nor a table" in command("stack", f"{example.pid}@1", expect=3)
        assert files_of(directory, ".table"), "looking must delete nothing"


def test_scribbled_tables():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        command = Command(directory)
        with Example("payments", "--requests", "4", "--rate", "0.001", directory=directory) as example:
            leaked(command, example.pid)
            example.end(signal.SIGKILL)
        table, = files_of(directory, ".table")
        name = os.path.basename(table)[:-len(".table")].replace("-", "@")
        good = open(table, "rb").read()
        for what, content in (("another version", good[:8] + b"\x63\0\0\0" + good[12:]), ("empty", b""),
                              ("cut in the header", good[:1000]), ("not a table", b"\xff" * len(good))):
            with open(table, "wb") as file:
                file.write(content)
            sentence = command("stack", name, expect=3)
            assert table in sentence, (what, sentence)
            command("list", "--dead")
        for what, content in (("cut behind the header", good[:8192]), ("cut in the middle of a record", good[:-100]),
                              ("records scribbled", good[:4096] + bytes(os.urandom(len(good) - 4096)))):
            with open(table, "wb") as file:
                file.write(content)
            result = run(TASKS, "stack", name, env=command.environment)
            assert result.returncode in (0, 3), (what, result)
            assert "incomplete" in result.stdout or result.stderr or "dead" in result.stdout, (what, result)
            command("list", "--dead")


class FakeAgent:
    """Listens where an agent of this very process would, and treats each client as `treat` says."""

    def __init__(self, directory, treat):
        stat = open("/proc/self/stat").read()
        start = stat.rsplit(")", 1)[1].split()[19]
        self.path = os.path.join(directory, f"{os.getpid()}-{start}.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.treat = treat
        self.clients = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                self.clients.append(client)
                self.treat(client)


def send(data):
    def treat(client):
        with contextlib.suppress(OSError):
            client.recv(100)
            client.sendall(data)
    return treat


def test_lying_agents():
    for what, treat in (
            ("garbage", send(b"HTTP/1.1 200 OK\r\n\r\n")),
            ("a lie about its length", send(b"TSK1" + b"\xff\xff\xff\xff" + b"\2\0\0\0\0\0\0\0")),
            ("an empty welcome", send(b"TSK1\0\0\0\0\2\0\0\0\0\0\0\0")),
            ("a close", lambda client: client.close())):
        with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
            command = Command(directory)
            fake = FakeAgent(directory, treat)
            for verb in ("vitals", "count", "stack"):
                sentence = command(verb, os.getpid(), *CALM, expect=5)
                assert fake.path in sentence, (what, sentence)
            listed = command("list", *CALM)
            assert str(os.getpid()) in listed and fake.path in listed, (what, listed)


def test_stalled_agent():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        command = Command(directory)
        fake = FakeAgent(directory, lambda client: None)
        sentence = command("vitals", os.getpid(), "--timeout", "200ms", expect=5)
        assert fake.path in sentence and "did not answer before the deadline" in sentence, sentence
        assert command.json("list", "--timeout", "200ms")["processes"][0]["state"] == "hung"
        best = 1e9
        for _ in range(5):
            before = time.monotonic()
            command("vitals", os.getpid(), expect=5)
            best = min(best, time.monotonic() - before)
        assert best < 1 or SANITIZED, best


def test_nobody_there():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        command = Command(directory)
        assert "no process with an agent" in command("list")
        assert command.json("list")["processes"] == []
        assert "no such process" in command("vitals", 4194304, expect=3)
        assert command.json("vitals", os.getpid(), *CALM)["state"] == "without an agent"
        assert "no process that you may look at has it" in command("vitals", "nobody-is-named-so", expect=3)
        mistyped = command("stak", expect=3)
        assert "name stak: no verb, and no process that you may look at, has it; tasks --help" in mistyped


def test_ambiguous_name():
    with payments() as (example, command):
        with Example("payments", "--requests", "0", directory=example.directory) as second:
            sentence = command("vitals", "payments", expect=2)
            pids = sorted([example.pid, second.pid])
            assert f"({pids[0]}, {pids[1]})" in sentence, sentence
        until("the second one's end", lambda: len(command.json("list", *CALM)["processes"]) == 1)
        assert "tasks: " in command("vitals", "payments", *CALM)


def test_wrong_usage():
    command = Command("/nonexistent")
    for words in (("vitals",), ("stack", "1", "--older", "30"), ("stack", "1", "--match", "("), ("--nonsense",),
                  ("list", "1"), ("stack", "1", "--limit", "0"), ("vitals", "1", "-p", "2")):
        assert command(*words, expect=2).rstrip().endswith("; see tasks --help"), words
    for words in ((), ("list",), ("vitals",), ("count",), ("stack",), ("version",)):
        assert "Usage: tasks" in command(*words, "--help")


def test_moved_agent():
    """Found by -p wherever TASKS_DIR put it, and by list over its socket."""
    with payments() as (example, _):
        environment = {key: value for key, value in os.environ.items() if key != "TASKS_DIR"}
        result = run(TASKS, "count", str(example.pid), *CALM, env=environment)
        assert result.returncode == 0 and int(result.stdout) >= 1, result
        listed = json.loads(run(TASKS, "list", "--json", *CALM, env=environment).stdout)
        assert example.pid in [row["pid"] for row in listed["processes"]], listed


def test_another_user():
    if os.geteuid() != 0:
        print("skipped: another user's process, which needs root to try")
        return
    with payments() as (example, command):
        leaked(command, example.pid)
        # A copy that everybody can run, wherever the build directory lies.
        with tempfile.TemporaryDirectory(prefix="tasks-test-") as open_directory:
            os.chmod(open_directory, 0o755)
            copy = shutil.copy(TASKS, open_directory)
            def ask(*words):
                return run(copy, *map(str, words), cwd="/", env=command.environment, user=NOBODY, group=NOBODY,
                           extra_groups=[])
            result = ask("vitals", example.pid)
            assert result.returncode == 4, result
            assert result.stderr == (f"tasks: process {example.pid}: owned by uid 0, you are {NOBODY}; "
                                     "run as that user or as root\n"), result
            listed = ask("list", "--json")
            assert listed.returncode == 0 and json.loads(listed.stdout)["processes"] == [], listed


def test_root_looks_at_a_user():
    """Root sees another user's process; its files are parsed as that user."""
    if os.geteuid() != 0:
        print("skipped: root looking at a user's process")
        return
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        os.chmod(directory, 0o755)
        copy = shutil.copy(program("payments"), directory)
        home = os.path.join(directory, "agents")
        os.mkdir(home, 0o700)
        os.chown(home, NOBODY, NOBODY)
        process = subprocess.Popen([copy, "--requests", "4", "--rate", "0.001"], cwd="/", user=NOBODY, group=NOBODY,
                                   extra_groups=[], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   env={**os.environ, "TASKS_DIR": home})
        try:
            command = Command(home)
            until("its table", lambda: files_of(home, ".table"))
            leaked(command, process.pid)
            assert command.json("list", *CALM)["processes"][0]["pid"] == process.pid
            stack = command("stack", process.pid, *CALM)
            assert "send_without_receiver.cpp:" in stack, stack
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def profiled_as(uid, copy, home):
    """A process of that user, and the profile with its stacks that it wrote."""
    path = os.path.join(home, "stacks.profile")
    process = subprocess.Popen([copy, "1", "0"], cwd="/", user=uid, group=uid, extra_groups=[], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, env={**os.environ, "TASKS_DIR": home})
    try:
        assert process.stdout.readline() == f"ready {process.pid}\n"
        process.stdin.write(f"stacks {path}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "wrote 0\n"
        yield path
    finally:
        process.kill()
        process.communicate()


def test_root_reads_a_users_profile():
    """Root becomes the owner of the file, whatever process and files it names; root's own file is read as root."""
    if os.geteuid() != 0:
        print("skipped: root reading a user's profile")
        return
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        os.chmod(directory, 0o755)
        copy = shutil.copy(os.path.join(BINARY, "tests/targets/profiled"), directory)
        home = os.path.join(directory, "agents")
        os.mkdir(home, 0o700)
        os.chown(home, NOBODY, NOBODY)
        with profiled_as(NOBODY, copy, home) as path:
            command = Command(home)
            assert os.stat(path).st_uid == NOBODY and "read_answer" in command("stack", "--from", path)
            os.chmod(copy, 0o700)  # root's alone, from now on
            as_user = command("stack", "--from", path)
            assert f"{copy}: Permission denied" in as_user and "read_answer" not in as_user, as_user
            os.chown(path, 0, 0)
            assert "read_answer" in command("stack", "--from", path)


def test_without_proc():
    """In a mount namespace of its own, with /proc unmounted."""
    def unmount():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, 0x44000, None) != 0:
            os._exit(77)
        while libc.umount2(b"/proc", 2) == 0:
            pass
        if os.path.exists("/proc/self"):
            os._exit(77)
    if os.geteuid() != 0:
        print("skipped: no /proc, which needs root to try")
        return
    if os.environ.get("TASKS_SANITIZE"):
        print("skipped: no /proc, without which the leak sanitizer fails, and cannot read its options")
        return
    for words in (("list",), ("vitals", "1"), ("stack", "1", "--json")):
        result = subprocess.run([TASKS, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=PATIENCE, preexec_fn=unmount)
        if result.returncode == 77:
            print("skipped: no /proc, since it cannot be unmounted here")
            return
        assert result.returncode == 3 and "mount /proc" in result.stdout + result.stderr, result
    # tasks version needs no /proc.


def test_closed_output():
    with payments() as (example, command):
        leaked(command, example.pid)
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([TASKS, "stack", str(example.pid), *CALM], stdin=subprocess.DEVNULL, stdout=writing,
                                stderr=subprocess.PIPE, env=command.environment, timeout=PATIENCE)
        os.close(writing)
        assert result.returncode == 0 and result.stderr == b"", result


def test_interrupt():
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        asked = threading.Event()
        fake = FakeAgent(directory, lambda client: (client.recv(1), asked.set()))
        process = subprocess.Popen([TASKS, "vitals", str(os.getpid()), "--timeout", "10m"], stdin=subprocess.DEVNULL,
                                   env=Command(directory).environment,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        try:
            assert asked.wait(PATIENCE), "it never asked"
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 130
        finally:
            process.kill()
            process.wait()
            fake.listener.close()


def main():
    chosen = sys.argv[1:]
    for name, test in sorted(globals().items()):
        if name.startswith("test_") and (not chosen or name in chosen):
            before = time.monotonic()
            test()
            print(f"{name}: passed in {time.monotonic() - before:.1f} s", flush=True)


if __name__ == "__main__":
    main()
