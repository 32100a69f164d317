#!/usr/bin/python3
"""Recorded connections of earlier versions (protocol/vectors/*/sessions): what those agents answered serves today's
command, and what those clients asked is answered by today's agent. And versions that do not know each other say so."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import google.protobuf  # noqa: F401
except ImportError:
    # Debian's python3-protobuf belongs to its own interpreter; another python3 may come first in PATH.
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    print("python3-protobuf is not installed")
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).parents[1]))
from example_process import SOURCE, TASKS, Example, run, until  # noqa: E402
from python_client import schema  # noqa: E402
from python_client.connection import HEADER, AgentError, Connection  # noqa: E402
from python_client.fake_agent import NAMES, FakeAgent  # noqa: E402
from python_client.session import AGENT, CLIENT, read_session  # noqa: E402

VECTORS = Path(SOURCE) / "protocol/vectors"
NO_ANSWER = 5  # exit status
CAPTURED = 1
MAY_BE_UNKNOWN = {f"tasks.protocol.{field}" for field in (  # on another machine, or to another user
    "VitalsAnswer.num_cpus", "VitalsAnswer.jobs_last_minute", "ThreadStack.wait_channel", "ThreadStack.last_ran_ago_ns")}
UNKNOWN_FIELD = bytes([0xfa, 0x3f, 5]) + b"later"  # number 1023


class Stranger:
    """A process without an agent, for which a FakeAgent answers, and the command that looks at it."""

    def __init__(self, classes):
        self.classes = classes
        self.directory = tempfile.TemporaryDirectory(prefix="tasks-test-")
        self.environment = {**os.environ, "TASKS_DIR": self.directory.name}
        self.process = subprocess.Popen(["sleep", "1000"], env=self.environment)
        with open(f"/proc/{self.process.pid}/stat") as file:
            self.start = int(file.read().rpartition(")")[2].split()[19])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.directory.cleanup()

    def agent(self, sessions, edit=None):
        return FakeAgent(self.directory.name, self.process.pid, self.start, sessions, self.classes, edit)

    def tasks(self, verb, expect=0):
        """What the command prints of it, read from JSON."""
        words = [verb] if verb == "list" else [verb, "-p", str(self.process.pid)]
        result = run(TASKS, *words, "--json", env=self.environment)
        assert result.returncode == expect, f"tasks {words}: status {result.returncode}\n{result.stdout}{result.stderr}"
        report = json.loads(result.stdout)
        if verb == "list":
            return next(row for row in report["processes"] if row["pid"] == self.process.pid)
        return report

    def refusal(self, verb):
        """The sentence with which the command gives up."""
        sentence = self.tasks(verb, NO_ANSWER)["error"]["message"]
        assert self.directory.name in sentence, f"'{sentence}' does not name the socket"
        return sentence


def recorded_answers(session, classes, name):
    """The messages of that name in a session."""
    found = []
    for side, frame in session:
        if side == AGENT and NAMES.get(HEADER.unpack_from(frame)[2]) == name:
            message = getattr(classes, name)()
            message.ParseFromString(frame[HEADER.size:])
            found.append(message)
    assert found, f"no {name} was recorded"
    return found


# ---- recorded agent, today's command

def check_command(stranger, sessions):
    with stranger.agent(figures(sessions)):
        check_figures(stranger, sessions)
    with stranger.agent([sessions["stack"]]):
        check_stacks(stranger, sessions)


def figures(sessions):
    """All but "stack": another session asked for tasks and stacks too, with other options."""
    return [session for name, session in sessions.items() if name != "stack"]


def check_figures(stranger, sessions):
    (counts,) = recorded_answers(sessions["count"], stranger.classes, "CountsAnswer")
    assert stranger.tasks("count")["tasks"] == counts.tasks
    row = stranger.tasks("list")
    assert (row["tasks"], row["threads"], row["name"]) == (counts.tasks, counts.os_threads, "payments"), row
    (vitals,) = recorded_answers(sessions["vitals"], stranger.classes, "VitalsAnswer")
    report = stranger.tasks("vitals")
    shown = {"tasks": report["tasks"]["total"], "os_threads": report["os_threads"], "jobs_started": report["started"],
             "jobs_ended": report["ended"], "jobs_dropped": report["dropped"], "fds": report["fds"],
             "rss_bytes": report["memory"]["rss_bytes"], "switches_voluntary": report["switches"]["voluntary"]}
    for field, value in shown.items():
        assert value == getattr(vitals, field), (field, report, vitals)
    assert len(report.get("queues", [])) == len(vitals.queues), report


def check_stacks(stranger, sessions):
    tasks = [task for part in recorded_answers(sessions["stack"], stranger.classes, "TasksAnswer") for task in part.tasks]
    parts = recorded_answers(sessions["stack"], stranger.classes, "StacksAnswer")
    threads = [thread for part in parts for thread in part.threads]
    report = stranger.tasks("stack")
    shown = {task["tid"]: group for group in report["groups"] for task in group["tasks"]}
    assert report["tasks"] == len(threads) and shown.keys() == {thread.tid for thread in threads}, report
    assert len(tasks) == len(threads) and all(thread.capture == CAPTURED for thread in threads)
    for group in shown.values():
        if group["kind"] == "job":
            assert (group["name"], group["wait_reason"], group["wait_name"]) == ("charge card", "chan send", "results")
    for thread in threads:  # the first frame of each stack is where the thread stood
        frames = shown[thread.tid]["frames"]
        assert frames or shown[thread.tid]["no_stack"], shown[thread.tid]


def check_labelled(stranger, sessions):
    """A host with labels, a queue probe, and a thread that ran and was captured by the signal."""
    with stranger.agent([sessions["vitals"]]):
        assert stranger.tasks("vitals")["queues"] == [{"name": "orders", "depth": 3}]
    threads = [thread for part in recorded_answers(sessions["stack"], stranger.classes, "StacksAnswer")
               for thread in part.threads]
    (ran,) = (thread for thread in threads if thread.registers)
    assert len(ran.registers) == 17 and ran.capture == CAPTURED, ran
    with stranger.agent([sessions["stack"]]):
        groups = {group["name"]: group for group in stranger.tasks("stack")["groups"]}
    labels = {name: group["tasks"][0]["label"] for name, group in groups.items()}
    assert labels == {"compute": {"key": "batch", "text": "17", "cut": False},
                      "serve": {"key": "request", "text": "a name that is longer than 31 b", "cut": True}}, labels
    compute = groups["compute"]
    assert (compute["state"], compute["no_stack"], compute["tasks"][0]["tid"]) == ("running", None, ran.tid), compute
    assert compute["frames"][0]["address"] == hex(ran.registers[16]), compute


# ---- recorded client, today's agent

def check_agent(socket, classes, name, session):
    """Each recorded request gets an answer of the recorded kind, with all that was known then."""
    with Connection(socket, classes) as agent:
        for side, request in session:
            answers = answers_to(session, request) if side == CLIENT else []
            if not answers:
                continue
            kind = NAMES[HEADER.unpack_from(answers[0][1])[2]]
            told = recorded_answers(answers, classes, kind)
            until(f"{name}: {kind} tells what it told", lambda: tells_as_much(agent, request, kind, told))


def tells_as_much(agent, request, kind, told):
    """On a busy machine a thread's turn may not come in time: then what it does is told another time."""
    agent.send(request)
    request_id = HEADER.unpack_from(request)[4]
    if kind == "ErrorAnswer":
        try:
            agent.answer(request_id, kind)
        except AgentError as error:
            assert error.code == told[0].code, f"{error}, recorded {told}"
            return True
        raise AssertionError(f"no error, recorded {told}")
    return set_fields(told) - MAY_BE_UNKNOWN <= set_fields(agent.answer(request_id, kind))


def check_host(classes, sessions, *host):
    """What was recorded of such a host is asked of one that runs today."""
    with Example(*host) as example:
        (service,) = Path(example.directory).glob("*.sock")
        for name, session in sessions.items():
            check_agent(str(service), classes, name, session)
        assert example.process.poll() is None, f"{host} did not outlive it"


def answers_to(session, request):
    asked = HEADER.unpack_from(request)[4]
    return [(side, frame) for side, frame in session if side == AGENT and HEADER.unpack_from(frame)[4] == asked]


def set_fields(messages):
    """Names of fields that are set in one of the messages, or in what they hold."""
    names = set()
    for message in messages:
        for field, value in message.ListFields():
            names.add(field.full_name)
            if field.message_type:
                names |= set_fields(value)
    return names


# ---- neighbours

def check_newer_agent(stranger, sessions):
    """An agent of a later version, with fields, request types and numbers that today's command does not know."""
    def edit(name, message):
        if name == "Welcome":
            message.agent_version = b"9.9.9"
            message.request_types.extend([24, 99, 65535])
        elif name == "TasksAnswer":
            for task in message.tasks:
                task.wait_reason = 200
        elif name == "StacksAnswer":
            for thread in message.threads:
                thread.capture = 100
        message.MergeFromString(UNKNOWN_FIELD)

    with stranger.agent(figures(sessions), edit):
        check_figures(stranger, sessions)
    with stranger.agent([sessions["stack"]], edit):
        report = stranger.tasks("stack")
        assert {group["wait_reason"] for group in report["groups"] if group["kind"] == "job"} == {"unknown"}, report
        assert all(group["no_stack"] for group in report["groups"]), report


def check_older_agent(stranger, sessions):
    """An agent that answers fewer requests: what it cannot be asked is said, the rest works."""
    def only(*types):
        def edit(name, message):
            if name == "Welcome":
                message.agent_version = b"0.0.9"
                del message.request_types[:]
                message.request_types.extend(types)
        return edit

    with stranger.agent(sessions.values(), only(1, 18)) as agent:
        assert stranger.tasks("count")["tasks"] > 0 and stranger.tasks("list")["tasks"] > 0
        for verb, word in (("vitals", "vitals"), ("stack", "its tasks")):
            sentence = stranger.refusal(verb)
            assert "0.0.9" in sentence and word in sentence, sentence
        assert set(agent.heard) <= {1, 18}, f"it was asked for what it does not answer: {agent.heard}"


def check_other_major(stranger, sessions):
    def edit(name, message):
        if name == "Welcome":
            message.major = 2

    with stranger.agent(sessions.values(), edit):
        for verb in ("count", "vitals", "stack"):
            sentence = stranger.refusal(verb)
            assert "protocol 2" in sentence and "1" in sentence, sentence
    (error,) = recorded_answers(sessions["unsupported_version"], stranger.classes, "ErrorAnswer")
    only_refuses = [(side, frame) for side, frame in sessions["unsupported_version"]]
    with stranger.agent([only_refuses]):
        assert error.sentence.decode() in stranger.refusal("count")


def main():
    with tempfile.TemporaryDirectory() as directory:
        try:
            classes = schema.generated_classes(Path(SOURCE) / "protocol", directory)
        except FileNotFoundError:
            print("protoc is not installed")
            return 77
        for version in sorted(path.parent for path in VECTORS.glob("*/sessions")):
            recorded = {path.stem: read_session(path) for path in sorted(version.glob("sessions/*.hex"))}
            labelled = {name.removeprefix("labelled_"): session for name, session in recorded.items()
                        if name.startswith("labelled_")}
            sessions = {name: session for name, session in recorded.items() if not name.startswith("labelled_")}
            with Stranger(classes) as stranger:
                for check in (check_command, check_newer_agent, check_older_agent, check_other_major):
                    check(stranger, sessions)
                    print(version.name, check.__name__, flush=True)
                check_labelled(stranger, labelled)
            check_host(classes, sessions, "payments", "--requests", "1", "--rate", "0")
            check_host(classes, labelled, "../../tests/targets/labelled")
            print(version.name, f"{len(recorded)} sessions", flush=True)
    return 0


sys.exit(main())
