#!/usr/bin/python3
"""A client written from protocol/SPEC.md, TABLE.md and tasks.proto alone (tests/python_client) asks a live process
everything there is to ask, and checks what it is told against itself, /proc and the command."""
import os
import signal
import struct
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
from example_process import SOURCE, Example, tasks_json, until  # noqa: E402
from python_client import schema, table_file  # noqa: E402
from python_client.connection import MORE, AgentError, Connection, frame  # noqa: E402

HELLO, VITALS, COUNTS, STACKS = 1, 16, 18, 22
UNKNOWN_REQUEST, BAD_ENCODING, UNSUPPORTED_VERSION, BUSY, TOO_LARGE, DEADLINE, HELLO_EXPECTED = 1, 2, 3, 4, 5, 6, 8
JOB, THREAD, WAITING, CAPTURED = 4, 1, 3, 1
WAIT_CHAN_SEND, WAIT_SIGNAL = 2, 24
REQUESTS = 4  # of payments: two tasks of each are stuck
MANY = 60  # of another: their stacks fill several frames
JOBS = 20_000  # of a third process: they too


def start_and_socket(example):
    """A process's start time and the path of its socket."""
    with open(f"/proc/{example.pid}/stat") as file:
        start = int(file.read().rpartition(")")[2].split()[19])
    return start, os.path.join(example.directory, f"{example.pid}-{start}.sock")


class Service:
    """A payments whose leaked tasks all wait, and the names of its files."""

    def __init__(self, classes, requests=REQUESTS):
        self.classes = classes
        self.jobs = 2 * requests
        self.example = Example("payments", "--requests", str(requests), "--rate", "0")
        self.pid = self.example.pid
        self.start, self.socket = start_and_socket(self.example)
        self.table = self.socket.removesuffix("sock") + "table"
        until("all tasks wait", self.all_wait)

    def all_wait(self):
        with self.greeted() as agent:
            told = all_tasks(agent.ask(self.classes.TasksRequest()))
            return len(told) == self.jobs + 1 and all(task.state == WAITING for task in told)

    def silent(self):
        return Connection(self.socket, self.classes)

    def greeted(self):
        connection = self.silent()
        connection.hello()
        return connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.example.end(signal.SIGKILL)


def all_tasks(parts):
    return [task for part in parts for task in part.tasks]


def refused(code, ask):
    """What ask() raises must be that error."""
    try:
        answer = ask()
    except AgentError as error:
        assert error.code == code, f"{error}, not error {code}"
        assert error.sentence.strip() and error.sentence.isprintable(), f"error {code} says '{error.sentence}'"
        return error
    raise AssertionError(f"no error {code} but {answer}")


def captured(agent, request):
    """An answer in which each thread was captured: on a busy machine one's turn may not come in time."""
    def ask():
        parts = agent.ask(request)
        return parts if all(thread.capture == CAPTURED for part in parts for thread in part.threads) else None
    return until("all threads are captured", ask)


def proc_maps(pid):
    """(start, end, permissions, offset, path) of each mapping."""
    with open(f"/proc/{pid}/maps") as file:
        for line in file:
            words = line.split(maxsplit=5)
            start, end = (int(word, 16) for word in words[0].split("-"))
            yield start, end, words[1], int(words[2], 16), words[5].rstrip("\n") if len(words) > 5 else ""


# ---- what the answers say

def check_welcome(service):
    with service.silent() as agent:
        welcome = agent.hello()
    assert (welcome.pid, welcome.start_time_ticks) == (service.pid, service.start), welcome
    assert welcome.name == b"payments" and welcome.agent_version, welcome
    assert {HELLO, VITALS, COUNTS, 20, STACKS} <= set(welcome.request_types), welcome.request_types


def check_sums(service):
    """Counts, vitals, tasks, stacks and /proc tell of the same tasks and threads."""
    pb = service.classes
    with service.greeted() as agent:
        (counts,) = agent.ask(pb.CountsRequest())
        (vitals,) = agent.ask(pb.VitalsRequest())
        told = all_tasks(agent.ask(pb.TasksRequest()))
        stacks = agent.ask(pb.StacksRequest())
    threads = {thread.tid for part in stacks for thread in part.threads}
    assert counts.tasks == counts.thread_tasks + counts.jobs == vitals.tasks == service.jobs + 1, (counts, vitals)
    assert counts.os_threads == vitals.os_threads == len(threads), (counts, vitals, threads)
    assert threads | {stacks[0].agent_tid} == {int(tid) for tid in os.listdir(f"/proc/{service.pid}/task")}
    assert counts.jobs == sum(task.kind == JOB for task in told) == vitals.jobs_started - vitals.jobs_ended
    assert {task.tid for task in told} <= threads, (told, threads)
    assert len({task.id for task in told}) == len(told), "two tasks have one id"
    assert counts.jobs_dropped == vitals.jobs_dropped == 0


def check_vitals(service):
    with service.greeted() as agent:
        (vitals,) = agent.ask(service.classes.VitalsRequest())
    page = os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{service.pid}/statm") as file:
        resident = int(file.read().split()[1]) * page
    assert vitals.name == b"payments"
    assert resident / 2 < vitals.rss_bytes < resident * 2 and vitals.rss_bytes <= vitals.peak_rss_bytes, vitals
    assert 0 < vitals.usable_cpus <= len(os.sched_getaffinity(service.pid)), vitals
    if vitals.HasField("num_cpus"):  # /sys may not be mounted
        assert vitals.usable_cpus <= vitals.num_cpus, vitals
    assert 0 < vitals.uptime_ns < 3600e9 and vitals.fds > 0 and vitals.switches_voluntary > 0, vitals
    assert vitals.table_bytes == os.stat(service.table).st_size <= vitals.table_cap_bytes, vitals


def check_tasks(service):
    with service.greeted() as agent:
        parts = agent.ask(service.classes.TasksRequest())
    sites = {0: None}
    for index, part in enumerate(parts):
        assert (part.taken_at_ns != 0) == (index == 0), "taken_at_ns is in the first part"
        assert index == len(parts) - 1 or not (part.unreadable or part.dropped), "counts come in the last part"
        for site in part.sites:
            assert site.id and sites.setdefault(site.id, site) == site, f"two sites are number {site.id}"
        for task in part.tasks:
            assert {task.wait_site, task.label_key, *task.scopes} <= set(sites), f"a site of {task} comes after it"
            assert 0 <= parts[0].taken_at_ns - task.since_ns < 3600e9, task
            check_task(task, sites)
    assert len(parts) == 1 or any(len(part.tasks) for part in parts[1:])


def check_task(task, sites):
    assert task.state == WAITING, task
    if task.kind == THREAD:
        assert task.wait_reason == WAIT_SIGNAL and not task.scopes and not task.started_ns, task
        return
    outer = sites[task.scopes[0]]
    assert (task.kind, task.wait_reason, outer.name) == (JOB, WAIT_CHAN_SEND, b"charge card"), task
    assert outer.file.endswith(b"send_without_receiver.cpp") and outer.line and outer.function, outer
    assert sites[task.wait_site].name == b"results" and task.wait_object, task
    assert 0 < task.started_ns <= task.since_ns, task


def check_stacks(service):
    with service.greeted() as agent:
        parts = captured(agent, service.classes.StacksRequest())
    modules = [module for part in parts for module in part.modules]
    maps = list(proc_maps(service.pid))
    executable = {(start, end, offset) for start, end, permissions, offset, _ in maps if "x" in permissions}
    assert modules and {(m.start, m.end, m.file_offset) for m in modules if m.path != b"[vdso]"} <= executable
    program = os.fsencode(os.path.realpath(f"/proc/{service.pid}/exe"))
    assert any(module.path == program and len(module.build_id) >= 8 for module in modules), modules
    assert any(module.path == b"[vdso]" for module in modules), modules
    for part in parts:
        for thread in part.threads:
            check_thread(service.pid, thread, modules, maps)
    check_order(parts)


def check_thread(pid, thread, modules, maps):
    assert not thread.registers and thread.name and thread.HasField("syscall") and len(thread.arguments) <= 6, thread
    assert any(module.start <= thread.pc < module.end for module in modules), f"pc {thread.pc:#x} is in no module"
    mapped = [end for start, end, permissions, _, _ in maps if "w" in permissions and start <= thread.sp < end]
    assert len(mapped) == 1 and thread.sp + len(thread.stack) <= mapped[0], f"sp {thread.sp:#x} is in no stack"
    assert len(thread.stack) >= 64 and thread.HasField("last_ran_ago_ns"), thread
    try:
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
    except PermissionError:  # kernel.yama.ptrace_scope
        return
    with memory:  # the thread is blocked: what is there now was there then
        assert os.pread(memory.fileno(), len(thread.stack), thread.sp) == thread.stack, f"another stack of {thread.tid}"


def check_order(parts):
    """What comes first, and last, in an answer of several parts."""
    seen = set()
    for index, part in enumerate(parts):
        first, last = index == 0, index == len(parts) - 1
        assert (part.taken_at_ns != 0, part.agent_tid != 0, part.done_at_ns != 0) == (first, first, last), index
        assert not (part.modules and seen), "modules come before the threads"
        tids = [thread.tid for thread in part.threads]
        assert len({*tids}) == len(tids) and not seen & {*tids} and parts[0].agent_tid not in tids, tids
        seen |= {*tids}
    assert parts[0].taken_at_ns <= parts[-1].done_at_ns


def check_stack_options(service):
    pb = service.classes
    with service.greeted() as agent:
        def threads(**options):
            parts = captured(agent, pb.StacksRequest(**options))
            check_order(parts)
            return [thread for part in parts for thread in part.threads]

        everything = threads()
        chosen = sorted(thread.tid for thread in everything)[:3]
        assert sorted(thread.tid for thread in threads(tids=chosen)) == chosen
        for thread in threads(stack_bytes=0):
            assert not thread.stack and thread.HasField("syscall"), thread
        for thread in threads(stack_bytes=128):
            assert len(thread.stack) <= 128 and thread.stack_cut, thread
        for thread in threads(stack_bytes=2**32 - 1):
            assert 128 < len(thread.stack) <= 262144, thread
        assert not any(thread.HasField("last_ran_ago_ns") for thread in threads(without_last_ran=True))


def check_labelled(classes):
    """What only some hosts have: labels, queues, and the registers of a thread that ran when its signal came."""
    with Example("../../tests/targets/labelled") as example:
        socket = start_and_socket(example)[1]
        until("the main thread waits for its request", lambda: sleeps(example.pid))
        with Connection(socket, classes) as agent:
            agent.hello()
            (vitals,) = agent.ask(classes.VitalsRequest())
            assert [(queue.name, queue.depth) for queue in vitals.queues] == [(b"orders", 3)], vitals
            parts = agent.ask(classes.TasksRequest())
            sites = {site.id: site.name for part in parts for site in part.sites}
            labels = {sites[task.scopes[0]]: (sites[task.label_key], task.label_text, task.label_cut)
                      for task in all_tasks(parts)}
            assert labels == {b"compute": (b"batch", b"17", False),
                              b"serve": (b"request", b"a name that is longer than 31 b", True)}, labels
            (running,) = (task.tid for task in all_tasks(parts) if sites[task.scopes[0]] == b"compute")
            parts = captured(agent, classes.StacksRequest())
    modules = [module for part in parts for module in part.modules]
    threads = {thread.tid: thread for part in parts for thread in part.threads}
    assert threads.keys() == {running, example.pid} and not threads[example.pid].registers, threads
    check_running(threads[running], modules)


def sleeps(pid):
    """Whether the main thread of `pid` sleeps."""
    with open(f"/proc/{pid}/task/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(") ")[2].startswith("S")


def check_running(thread, modules):
    assert len(thread.registers) == 17 and not thread.HasField("syscall"), thread
    assert (thread.registers[7], thread.registers[16]) == (thread.sp, thread.pc), thread
    assert any(module.start <= thread.pc < module.end for module in modules), f"pc {thread.pc:#x} is in no module"
    assert len(thread.stack) >= 64 and thread.taken_at_ns, thread


def check_parts(classes):
    """The stacks of many threads come in several frames, all of them whole."""
    with Service(classes, MANY) as service, service.greeted() as agent:
        parts = agent.ask(classes.StacksRequest(stack_bytes=262144))
        (counts,) = agent.ask(classes.CountsRequest())
        assert len(parts) > 1, f"{MANY} requests' stacks fit into one frame"
        check_order(parts)
        assert sum(len(part.threads) for part in parts) == counts.os_threads
        check_sums(service)
        check_tasks(service)
        return len(parts)


def check_task_parts(classes):
    """So do many tasks; these are jobs that no thread carries."""
    with Example("../../tests/many_jobs", str(JOBS), "4") as example:
        with Connection(start_and_socket(example)[1], classes) as agent:
            agent.hello()
            parts = agent.ask(classes.TasksRequest())
    told = [task for task in all_tasks(parts) if not task.tid]  # main waits meanwhile, or not yet
    assert len(parts) > 1 and len(told) == JOBS == len({task.id for task in told}), (len(parts), len(told))
    sites = {site.id: site for part in parts for site in part.sites}
    assert {sites[task.scopes[0]].name for task in told} == {b"job"}
    return len(parts)


# ---- how a connection goes

def check_pipeline(service):
    """Requests that are sent at once are answered in order, each with its id."""
    with service.greeted() as agent:
        agent.send(b"".join(frame(COUNTS if index % 2 else STACKS, b"", 100 + index) for index in range(8)))
        for index in range(8):
            agent.answer(100 + index, "CountsAnswer" if index % 2 else "StacksAnswer")


def check_pieces(service):
    """A frame may come byte by byte, and flags that mean nothing in a request are ignored."""
    with service.silent() as agent:
        for byte in frame(HELLO, agent.classes.Hello(major=1).SerializeToString(), 9, flags=0xfffe):
            agent.send(bytes([byte]))
        agent.answer(9, "Welcome")


def check_unknown_fields(service):
    """Fields of a newer client are skipped."""
    with service.silent() as agent:
        extra = bytes([0xfa, 0x3f, 3, 1, 2, 3])  # field 1023, three bytes
        agent.ask_bytes(HELLO, agent.classes.Hello(major=1).SerializeToString() + extra, "Welcome")
        agent.ask_bytes(COUNTS, extra, "CountsAnswer")
        agent.ask_bytes(STACKS, extra + agent.classes.StacksRequest(stack_bytes=0).SerializeToString(), "StacksAnswer")


def check_errors_that_stay(service):
    with service.greeted() as agent:
        for frame_type in (3, 17, 99, 0, 65535):
            error = refused(UNKNOWN_REQUEST, lambda: agent.ask_bytes(frame_type, b"", "CountsAnswer"))
            assert error.request_id == agent.last_id and str(frame_type) in error.sentence, error
        cut_varint, wrong_type, endless_text = b"\x80", b"\x0a\x01\x00", b"\x12\xff\xff\xff\xff\x0f"
        for payload in (cut_varint, wrong_type, endless_text):
            error = refused(BAD_ENCODING, lambda: agent.ask_bytes(STACKS, payload, "StacksAnswer"))
            assert error.request_id == agent.last_id, error
        agent.ask(agent.classes.CountsRequest())


def check_errors_that_end(service):
    def ends(code, data, request_id=None, greeted=False):
        with service.greeted() if greeted else service.silent() as agent:
            agent.send(data)
            error = refused(code, lambda: agent.answer(7, "Welcome"))
            assert request_id is None or error.request_id == request_id, error
            assert agent.closes(), f"the connection stays after {error}"
            return error

    hello = service.classes.Hello(major=2).SerializeToString()
    assert "1" in ends(UNSUPPORTED_VERSION, frame(HELLO, hello, 7), 7).sentence
    ends(HELLO_EXPECTED, frame(COUNTS, b"", 7), 7)
    ends(BAD_ENCODING, b"GET / HTTP/1.0\r\n\r\n")
    ends(BAD_ENCODING, b"GET / HTTP/1.0\r\n\r\n", greeted=True)
    ends(TOO_LARGE, struct.pack("<4sIHHI", b"TSK1", 65537, COUNTS, 0, 7), greeted=True)
    ends(TOO_LARGE, struct.pack("<4sIHHI", b"TSK1", 0xffffffff, COUNTS, 0, 7), greeted=True)
    ends(DEADLINE, frame(COUNTS, b"", 7)[:9], 0, greeted=True)


def check_busy(service):
    """At 32 clients one more is told so, and the next finds room when one has gone. Commands of other tests that run
    now may be among the 32."""
    served = []
    try:
        for _ in range(33):
            agent = service.silent()
            served.append(agent)
            try:
                agent.hello()
            except AgentError as error:
                assert (error.code, error.request_id) == (BUSY, 0) and error.sentence and agent.closes(), error
                break
        assert 24 <= len(served) - 1 <= 32, f"{len(served) - 1} clients are served at a time"
        for agent in served[:8]:
            agent.socket.close()

        def finds_room():
            try:
                with service.greeted():
                    return True
            except (AgentError, OSError):
                return False
        until("a client finds room", finds_room)
    finally:
        for agent in served:
            agent.socket.close()


# ---- the table

def check_table(service, state):
    """The table, the agent while it answers, and the command tell the same tasks."""
    table = table_file.read_table(service.table)
    assert (table.pid, table.start_time_ticks, table.name) == (service.pid, service.start, "payments"), table
    with open("/proc/sys/kernel/random/boot_id") as file:
        assert table.boot_id == file.read().strip()
    assert (table.unreadable, table.damaged, table.dropped_jobs) == (0, 0, 0), table
    assert table.births - table.deaths == sum(task.kind == "job" for task in table.tasks) == service.jobs, table
    if state == "alive":
        with service.greeted() as agent:
            compare_with_answer(table, agent.ask(service.classes.TasksRequest()))
        return
    os.environ["TASKS_DIR"] = service.example.directory
    compare_with_command(table, tasks_json("stack", f"{service.pid}@{service.start}", "--full"))


def compare_with_answer(table, parts):
    sites = {site.id: site for part in parts for site in part.sites}
    told = {task.id: task for task in all_tasks(parts)}
    assert told.keys() == {task.id for task in table.tasks}
    for task in table.tasks:
        other = told[task.id]
        assert (task.kind, task.state, task.tid, task.wait_object, task.since_ns, task.scopes, task.wait_site) == (
            table_file.KINDS[other.kind], table_file.STATES[other.state], other.tid, other.wait_object, other.since_ns,
            list(other.scopes), other.wait_site), (task, other)
        assert task.wait_reason == table_file.WAIT_REASONS[other.wait_reason], (task, other)
        label = (other.label_key, other.label_text, other.label_cut) if other.label_key else None
        assert task.label == label and task.scopes_left_out == other.scopes_left_out, (task, other)
    for number in {task.wait_site for task in table.tasks}.union(*(task.scopes for task in table.tasks)) - {0}:
        site, other = table.sites[number], sites[number]
        assert (site.name, site.function, site.file, site.line) == (
            other.name.decode(), other.function.decode(), other.file.decode(), other.line), (site, other)


def compare_with_command(table, report):
    assert (report["pid"], report["start_time_ticks"], report["name"]) == (table.pid, table.start_time_ticks, table.name)
    shown = {task["id"]: (group, task) for group in report["groups"] for task in group["tasks"]}
    assert shown.keys() == {hex(task.id) for task in table.tasks}, (shown.keys(), table.tasks)
    for task in table.tasks:
        group, one = shown[hex(task.id)]
        name = " > ".join(table.sites[scope].name for scope in task.scopes) or None
        wait_name = table.sites[task.wait_site].name if task.wait_site else None
        assert (group["kind"], group["state"], group["wait_reason"], group["wait_name"], one["name"], one["tid"]) == (
            task.kind, task.state, task.wait_reason, wait_name, name, task.tid or None), (group, one, task)
        assert (one["wait_object"] or "0x0") == hex(task.wait_object), (one, task)


def main():
    with tempfile.TemporaryDirectory() as directory:
        try:
            classes = schema.generated_classes(Path(SOURCE) / "protocol", directory)
        except FileNotFoundError:
            print("protoc is not installed")
            return 77
        with Service(classes) as service:
            for check in (check_welcome, check_sums, check_vitals, check_tasks, check_stacks, check_stack_options,
                          check_pipeline, check_pieces, check_unknown_fields, check_errors_that_stay,
                          check_errors_that_end, check_busy):
                check(service)
                print(check.__name__, flush=True)
            check_table(service, "alive")
            service.example.process.send_signal(signal.SIGKILL)
            service.example.process.wait()
            check_table(service, "dead")
        check_labelled(classes)
        print(f"{2 * MANY + 1} stacks in {check_parts(classes)} parts, {JOBS} tasks in {check_task_parts(classes)}")
    return 0


sys.exit(main())
