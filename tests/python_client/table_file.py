"""The task table of a process, read from its file as protocol/TABLE.md says: with positioned reads, each record twice.

read_table(path) gives a Table of plain values. What the file says wrongly is counted as damaged, or is Damaged where
nothing of it can be believed.
"""
import dataclasses
import os
import struct

RECORD_BYTES, SITE_BYTES, HEADER_BYTES = 128, 64, 4096
MOST_SEGMENTS, MOST_SITES, LARGEST = 48, 1 << 20, 16 << 30
RECORDS, SITES, TEXT = 1, 2, 3
FREE, THREAD, JOB, COUNTS, COROUTINE, WAIT_OBJECT = 0, 1, 2, 3, 4, 5
CHUNK = 64 * 1024
LOOKS = 8

KINDS = ["unknown", "thread", "coroutine", "fiber", "job"]
STATES = ["unknown", "running", "runnable", "waiting", "done"]
WAIT_REASONS = [
    None, "unknown", "chan send", "chan receive", "select", "mutex", "rwlock read", "rwlock write", "cond", "semaphore",
    "barrier", "join", "future", "sleep", "timer", "io read", "io write", "io accept", "io connect", "poll", "futex",
    "await", "nil", "not started", "signal", "child", "lock file", "message queue", "job queue",
    "once"]


class Damaged(Exception):
    """Nothing of the file may be shown."""


@dataclasses.dataclass
class Site:
    name: str
    function: str
    file: str
    line: int
    births: int
    deaths: int


@dataclasses.dataclass
class Task:
    id: int
    kind: str
    state: str
    wait_reason: str
    tid: int
    wait_object: int
    since_ns: int
    wait_site: int
    scopes: list
    scopes_left_out: int
    label: tuple  # number of the site with the key, text, cut; or None
    frame: int = 0
    awaited_by: int = 0  # id; 0: a task of its own
    started_by: int = 0
    creator_pc: int = 0
    created_in_pc: int = 0


@dataclasses.dataclass
class Table:
    pid: int
    start_time_ticks: int
    boot_id: str
    name: str
    agent_tid: int
    dropped_jobs: int
    tasks: list
    sites: dict  # by number
    births: int
    deaths: int
    unreadable: int
    damaged: int


def word(names, number):
    return names[number] if number < len(names) else "unknown"


class Reader:
    def __init__(self, fd):
        self.fd = fd
        self.size = os.fstat(fd).st_size
        first, header = self.read(0, HEADER_BYTES), self.read(0, HEADER_BYTES)
        (count,) = struct.unpack_from("<I", first, 16)
        self.check_header(header, count)
        self.header = header
        self.segments = [self.segment(header, index) for index in range(count)]
        self.check_segments()
        self.births = self.deaths = self.unreadable = self.damaged = 0
        self.sites = {}

    def read(self, offset, count):
        data = os.pread(self.fd, count, offset)
        if len(data) != count:
            raise Damaged(f"the file ends at {offset + len(data)}, inside what should be there")
        return data

    def check_header(self, header, count):
        magic, version, record_size = struct.unpack_from("<8sII", header)
        if (magic, version, record_size) != (b"TSKTABL1", 1, RECORD_BYTES) or count > MOST_SEGMENTS:
            raise Damaged(f"magic {magic}, version {version}, records of {record_size} bytes, {count} segments")

    @staticmethod
    def segment(header, index):
        kind, _, offset, size = struct.unpack_from("<IIQQ", header, 2312 + index * 24)
        return kind, offset, size

    def check_segments(self):
        behind = HEADER_BYTES
        for kind, offset, size in self.segments:
            unit = {RECORDS: RECORD_BYTES, SITES: SITE_BYTES}.get(kind, 1)
            if offset % 4096 or offset < behind or size % unit or offset + size > min(self.size, LARGEST):
                raise Damaged(f"a segment of kind {kind} at {offset}, {size} bytes")
            behind = offset + size

    # ---- sites

    def read_sites(self):
        number = 0
        for kind, offset, size in self.segments:
            for at in range(offset, offset + size, SITE_BYTES) if kind == SITES else ():
                number += 1
                if number <= MOST_SITES and struct.unpack("<I", self.read(at, 4)) == (1,):
                    self.read_site(number, self.read(at, SITE_BYTES))
        self.site_count = number

    def read_site(self, number, data):
        line, text, name, function, file = struct.unpack_from("<IQHHH", data, 4)
        births, deaths = struct.unpack_from("<QQ", data, 24)
        self.births += births
        self.deaths += deaths
        if not self.in_text(text, name + function + file):
            self.damaged += 1
            return
        words = self.read(text, name + function + file).decode(errors="replace")
        self.sites[number] = Site(words[:name], words[name:name + function], words[name + function:], line, births,
                                  deaths)

    def in_text(self, offset, size):
        return size == 0 or any(kind == TEXT and start <= offset and offset + size <= start + length
                                for kind, start, length in self.segments)

    # ---- records

    def read_records(self):
        """{number: record} of all records that are in use; those that no two reads agree on are counted."""
        records = {}
        for kind, offset, size in self.segments:
            for chunk in range(offset, offset + size, CHUNK) if kind == RECORDS else ():
                count = min(CHUNK, offset + size - chunk)
                first, second = self.read(chunk, count), self.read(chunk, count)
                for at in range(0, count, RECORD_BYTES):
                    data = self.accepted(chunk + at, first[at:at + RECORD_BYTES], second[at:at + RECORD_BYTES])
                    if data is None:
                        self.unreadable += 1
                    elif data[8] > WAIT_OBJECT:
                        self.damaged += 1
                    elif data[8] == COUNTS:
                        self.count(data)
                    elif data[8] not in (FREE, WAIT_OBJECT):
                        records[(chunk + at) // RECORD_BYTES] = Record(data)
        return records

    def accepted(self, offset, one, two):
        """A record's bytes that two reads agree on, or None."""
        if two[8] == COUNTS:
            return two
        for _ in range(LOOKS):
            if one == two and struct.unpack_from("<I", two)[0] % 2 == 0:
                return two
            one, two = two, self.read(offset, RECORD_BYTES)
        return None

    def count(self, data):
        for index in range(4):
            site, _, births, deaths = struct.unpack_from("<IIQQ", data, 16 + index * 24)
            if site:
                self.births += births
                self.deaths += deaths

    def read_tasks(self):
        records = self.read_records()
        tasks = []
        for number, record in records.items():
            if record.type == COROUTINE:
                tasks += self.coroutine(number, record)
                continue
            if max([record.wait_site, *record.scopes]) > self.site_count or (record.type == JOB and record.depth != 1):
                self.damaged += 1
                continue
            task = self.job(number, record, records) if record.type == JOB else self.thread(number, record, records)
            if task:
                tasks.append(task)
        return tasks

    def job(self, number, job, records):
        """The task that a job's record tells, if any."""
        scope, carrier = job.carries >> 32, records.get(job.carries & 0xffffffff)
        if not carrier or not carry_each_other(carrier, job, number, scope):
            state = "waiting" if job.reason else word(STATES, job.state)
            return self.task(number, job, job, "job", state, 0)
        if scope:
            return None  # a part of the thread's task
        waits = carrier if carrier.reason else job
        return self.task(number, job, waits, "job", "waiting" if waits.reason else "running", carrier.tid, carrier)

    def coroutine(self, number, record):
        """The task that a coroutine's or a fiber's record tells, in a list; an empty one where it cannot be."""
        known = word(KINDS, record.kind) in ("coroutine", "fiber", "job") and 0 < record.state < len(STATES)
        if not known or record.awaited > 1 or max(record.site, record.wait_site) > self.site_count:
            self.damaged += 1
            return []
        waits = STATES[record.state] != "running" and record.reason != WAIT_REASONS.index("not started")
        since = record.wait_since if waits else 0 if STATES[record.state] == "running" else record.started
        if STATES[record.state] == "running":
            record.reason = 0
        return [Task(id=record.generation << 32 | number, kind=word(KINDS, record.kind), state=word(STATES, record.state),
                     wait_reason=word(WAIT_REASONS, record.reason), tid=record.tid,
                     wait_object=record.wait_object if waits else 0, wait_site=record.wait_site if waits else 0,
                     since_ns=since, scopes=[record.site] if record.site else [],
                     scopes_left_out=0, label=self.label(record), frame=record.frame,
                     awaited_by=record.parent if record.awaited else 0,
                     started_by=0 if record.awaited else record.parent, creator_pc=record.creator_pc,
                     created_in_pc=record.created_in_pc)]

    def thread(self, number, thread, records):
        job_number = thread.carries & 0xffffffff
        job = records.get(job_number)
        if job and thread.carries >> 32 == job.generation and carry_each_other(thread, job, job_number, 0):
            return None  # told where the job's record stands
        kind = "job" if thread.depth else "thread"
        if kind == "thread" and not thread.reason and not self.label(thread):
            return None  # nothing that it does was said
        return self.task(number, thread, thread, kind, "waiting" if thread.reason else "running", thread.tid, thread)

    def task(self, number, own, waits, kind, state, tid, thread=None):
        """`own` is the record whose id it has, `waits` the one with its wait, `thread` that of the thread, if any."""
        source = thread or own
        return Task(id=own.generation << 32 | number, kind=kind, state=state, wait_reason=word(WAIT_REASONS, waits.reason),
                    tid=tid, wait_object=waits.wait_object, wait_site=waits.wait_site,
                    since_ns=waits.wait_since if waits.reason and waits.wait_since else source.started,
                    scopes=source.scopes, scopes_left_out=max(source.depth - 8, 0),
                    label=self.label(source) or self.label(own))

    def label(self, record):
        """(number of the site with the key, text, cut), or None."""
        text = record.label_text.rstrip(b"\0")
        if not record.label_key:
            return None
        if record.label_key > self.site_count or b"\0" in text:
            self.damaged += 1
            return None
        return record.label_key, text, record.label_cut == 1


class Record:
    """The fields of a thread's, a job's or a coroutine's record."""

    def __init__(self, data):
        _, self.generation, self.type, self.state, self.reason = struct.unpack_from("<IIBBB", data)
        self.tid, self.wait_object, self.wait_since, self.started = struct.unpack_from("<IQQQ", data, 12)
        self.wait_site, self.depth = struct.unpack_from("<II", data, 40)
        self.scopes = list(struct.unpack_from("<8I", data, 48))[:min(self.depth, 8)]
        self.label_text, self.label_cut, self.label_key = struct.unpack_from("<31sBI", data, 80)
        (self.carries,) = struct.unpack_from("<Q", data, 120)
        self.site, self.kind, self.awaited = struct.unpack_from("<IBB", data, 48)
        self.frame, self.parent, self.creator_pc = struct.unpack_from("<QQQ", data, 56)
        (self.created_in_pc,) = struct.unpack_from("<Q", data, 120)


def carry_each_other(thread, job, job_number, scope):
    """Whether these two records are one task: the thread carries the job as that scope."""
    return ((thread.type, job.type) == (THREAD, JOB) and thread.tid == job.tid != 0 and scope < thread.depth
            and job.carries >> 32 == scope and (scope >= 8 or thread.scopes[scope:scope + 1] == job.scopes[:1])
            and (scope != 0 or thread.carries == job.generation << 32 | job_number))


def read_table(path):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        reader = Reader(fd)
        reader.read_sites()
        tasks = reader.read_tasks()
        header = reader.header
        (pid,) = struct.unpack_from("<I", header, 20)
        (start,) = struct.unpack_from("<Q", header, 32)
        agent_tid, dropped = struct.unpack_from("<IQ", header, 172)
        return Table(pid=pid, start_time_ticks=start, boot_id=header[40:76].decode(),
                     name=header[80:144].rstrip(b"\0").decode(), agent_tid=agent_tid, dropped_jobs=dropped, tasks=tasks,
                     sites=reader.sites, births=reader.births, deaths=reader.deaths, unreadable=reader.unreadable,
                     damaged=reader.damaged)
    finally:
        os.close(fd)
