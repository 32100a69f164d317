"""Runs the examples and the command for script tests. Every process that is started is ended and waited for."""
import json
import os
import select
import signal
import subprocess
import tempfile
import time

SOURCE = os.environ.get("TASKS_SOURCE_DIR", os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
BINARY = os.environ.get("TASKS_BINARY_DIR", os.path.join(SOURCE, "build/dev"))
TASKS = os.path.join(BINARY, "cli/tasks")
SANITIZED = bool(os.environ.get("TASKS_SANITIZE"))
QUICK = os.environ.get("TASKS_QUICK_BUILD") == "ON"  # without what takes long to build
PATIENCE = 60  # seconds: for what takes milliseconds on an idle machine


def program(name):
    return os.path.join(BINARY, "agent/examples", name)


def run(*words, patience=PATIENCE, **options):
    """A finished process, with its status and texts."""
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=patience, **options)


def tasks(*words, expect=0):
    """What the command prints; its status must be `expect`."""
    result = run(TASKS, *map(str, words))
    assert result.returncode == expect, f"tasks {words}: status {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def tasks_json(*words):
    return json.loads(tasks(*words, "--json"))


def until(what, found, patience=PATIENCE):
    """Asks found() again and again until it gives something true, and gives that back."""
    end = time.monotonic() + patience
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.05)


class Lines:
    """The lines that a process writes to a pipe; each must come within `patience` seconds after it is asked for."""

    def __init__(self, stream, patience=PATIENCE):
        self.stream, self.patience = stream, patience
        self.unread = b""

    def next(self):
        """Without its end; None: there are no more."""
        end = time.monotonic() + self.patience
        while b"\n" not in self.unread:
            left = end - time.monotonic()
            assert left > 0, f"no line within {self.patience} s, only {self.unread}"
            if select.select([self.stream], [], [], left)[0]:
                piece = os.read(self.stream.fileno(), 65536)
                if not piece:
                    return None
                self.unread += piece
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode()


class HeldProcess:
    """A target that stays until its standard input ends, for the length of a scope; `lines` are what it says."""

    def __init__(self, *words, **options):
        self.process = subprocess.Popen([*map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.pid = self.process.pid
        self.lines = Lines(self.process.stdout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Example:
    """An example that says "ready PID" and stays: with Example("payments", "--cause", "mutex") as example: ..."""

    def __init__(self, name, *words, directory=None):
        self.own_directory = None if directory else tempfile.TemporaryDirectory(prefix="tasks-test-")
        self.directory = directory or self.own_directory.name
        self.environment = {**os.environ, "TASKS_DIR": self.directory}
        self.process = subprocess.Popen([program(name), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=self.environment)
        self.pid = self.process.pid
        self.said = b""
        try:
            self.wait_until_ready()
        except BaseException:
            self.end(signal.SIGKILL)
            raise

    def wait_until_ready(self):
        end = time.monotonic() + PATIENCE
        while b"ready" not in self.said or not self.said.endswith(b"\n"):
            left = end - time.monotonic()
            assert left > 0, f"not ready within {PATIENCE} s; it said {self.said}"
            if select.select([self.process.stdout], [], [], left)[0]:
                piece = os.read(self.process.stdout.fileno(), 4096)
                assert piece, f"ended before it was ready; it said {self.said} {self.process.stderr.read()}"
                self.said += piece

    def end(self, how=signal.SIGTERM):
        """Its exit status and what it said on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            complaint = self.process.communicate(timeout=PATIENCE)[1].decode()
        finally:
            self.process.kill()
            self.process.wait()
            if self.own_directory:
                self.own_directory.cleanup()
        return self.process.returncode, complaint

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.end(signal.SIGKILL)
