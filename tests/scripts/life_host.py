"""Runs a host program of tests/targets/life_*.cpp twice, without and with its agent, and compares its life: what it
prints, how it ends, its descriptors and threads. Where the host says "pause WORD PID FDS THREADS" the script may look at
it; `checks` says what for each word, in the run with the agent."""
import os
import subprocess
import tempfile

from example_process import BINARY, PATIENCE, SANITIZED, TASKS, Lines, run, tasks, tasks_json, until  # noqa: F401


def host_program(name):
    return os.path.join(BINARY, "tests/targets", name)


class Pause:
    """What a host said of itself where it waits."""

    def __init__(self, words, host):
        self.word, self.pid, self.fds, self.threads = words[0], int(words[1]), int(words[2]), int(words[3])
        self.host = host


class Host:
    def __init__(self, words, agent, directory, environment=None, patience=PATIENCE, **options):
        self.directory = directory
        self.environment = {**os.environ, "TASKS_DIR": directory, **(environment or {})}
        if not agent:
            self.environment["TASKS_AGENT"] = "off"
        else:
            self.environment.pop("TASKS_AGENT", None)
        if SANITIZED:  # a child that a thread forked does not see what the parent's other threads hold
            options_before = os.environ.get("ASAN_OPTIONS")
            self.environment["ASAN_OPTIONS"] = ":".join(filter(None, [options_before, "detect_leaks=0"]))
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints,
                                        env=self.environment, **options)
        self.lines = Lines(self.process.stdout, patience)
        self.said = []    # compared
        self.told = []    # for the script alone
        self.pauses = []

    def live(self, checks):
        """Lets it live to its end. What it printed, but for what is the script's alone."""
        while (line := self.lines.next()) is not None:
            words = line.split(" ")
            if words[0] == "pause":
                pause = Pause(words[1:], self)
                self.pauses.append(pause)
                checks.get(pause.word, lambda _: None)(pause)
                self.process.stdin.write(b"\n")
                self.process.stdin.flush()
            elif words[0] == "at":
                self.told.append(line)
            else:
                self.said.append(line)
        status = self.process.wait(PATIENCE)
        self.complaints.seek(0)
        return {"said": self.said, "complained": self.complaints.read().decode(), "status": status}

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.complaints.close()


def live(words, agent, checks=None, left_behind=(), owner=None, **options):
    """One life: its result and its pauses. `left_behind`: endings of the files that stay in the agent's directory, which
    is the user's `owner`."""
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        if owner is not None:
            os.chown(directory, owner, owner)
        os.environ["TASKS_DIR"] = directory  # where the command looks
        host = Host(words, agent, directory, **options)
        try:
            result = host.live(checks or {})
        finally:
            host.end()
            os.environ.pop("TASKS_DIR")
        endings = sorted(os.path.splitext(name)[1] for name in os.listdir(directory))
        assert endings == sorted(left_behind if agent else []), (words, agent, os.listdir(directory))
        return result, host


def same_life(*words, checks=None, left_behind=(), told=None, **options):
    """The host lives twice; the results must be equal, and at each pause vitals must tell the descriptors and threads
    that it has without an agent. `told`: what its "at" lines say with the agent. Gives back what it said."""
    words = [host_program(words[0]), *words[1:]]
    without, bare_host = live(words, agent=False, **options)
    bare = iter(bare_host.pauses)

    def compared(check):
        def look(pause):
            before = next(bare)
            assert pause.word == before.word, (pause.word, before.word)
            if check != "unseen":
                check(pause, before)
        return look

    every = {pause.word: compared(vitals_are_true) for pause in bare_host.pauses}
    every.update({word: compared(check) for word, check in (checks or {}).items()})
    with_agent, host = live(words, agent=True, checks=every, left_behind=left_behind, **options)
    assert without == with_agent, f"{words}:\nwithout: {without}\nwith:    {with_agent}"
    for text in told or []:
        assert any(text in line for line in host.told), (text, host.told)
    print(os.path.basename(words[0]), *words[1:], "lives the same life")
    return without["said"]


def vitals_are_true(pause, before):
    vitals = tasks_json("vitals", "-p", pause.pid)
    assert vitals["fds"] == before.fds and vitals["os_threads"] == before.threads, (vitals, before.fds, before.threads)
    assert pause.threads == before.threads + 1, (pause.threads, before.threads)
    assert vitals["dropped"] == 0, vitals
    return vitals


def job_names(pid):
    """The names of all jobs that a dump shows."""
    return sorted(task["name"] for group in tasks_json("stack", "-p", pid)["groups"] for task in group["tasks"]
                  if task["name"] and group["kind"] == "job")


def says_no_agent(pid):
    """The command says that the process has no agent."""
    result = run(TASKS, "vitals", "-p", str(pid))
    assert result.returncode == 0 and "this process has no agent" in result.stdout, result

