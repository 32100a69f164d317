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
CHUNK = 64 * 1024
LOOKS = 8

KINDS = ["unknown", "thread", "coroutine", "fiber", "job"]
STATES = ["unknown", "running", "runnable", "waiting", "done"]
WAIT_REASONS = [
    None, "unknown", "chan send", "chan receive", "select", "mutex", "rwlock read", "rwlock write", "cond", "semaphore",
    "barrier", "join", "future", "sleep", "timer", "io read", "io write", "io accept", "io connect", "poll", "futex",
    "await", "nil", "not started", "signal", "child", "lock file", "message queue", "job queue"]


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
        for kind, offset, size in self.segments:
            if kind != RECORDS:
                continue
            for chunk in range(offset, offset + size, CHUNK):
                count = min(CHUNK, offset + size - chunk)
                first, second = self.read(chunk, count), self.read(chunk, count)
                for at in range(0, count, RECORD_BYTES):
                    one, two = first[at:at + RECORD_BYTES], second[at:at + RECORD_BYTES]
                    yield (chunk + at) // RECORD_BYTES, self.accepted(chunk + at, one, two)

    def accepted(self, offset, one, two):
        """A record's bytes that two reads agree on, or None."""
        if two[8] == 3:
            return two
        for _ in range(LOOKS):
            if one == two and struct.unpack_from("<I", two)[0] % 2 == 0:
                return two
            one, two = two, self.read(offset, RECORD_BYTES)
        return None

    def read_tasks(self):
        tasks = []
        for number, record in self.read_records():
            if record is None:
                self.unreadable += 1
            elif record[8] == 3:
                self.count(record)
            elif record[8] > 3:
                self.damaged += 1
            elif record[8] != 0:
                task = self.task(number, record)
                if task:
                    tasks.append(task)
        return tasks

    def count(self, record):
        for index in range(4):
            site, _, births, deaths = struct.unpack_from("<IIQQ", record, 16 + index * 24)
            if site:
                self.births += births
                self.deaths += deaths

    def task(self, number, record):
        _, generation, record_type, state, reason = struct.unpack_from("<IIBBB", record)
        tid, wait_object, wait_since, started, wait_site, depth = struct.unpack_from("<IQQQII", record, 12)
        if record_type == 1 and depth == 0 and reason == 0:
            return None  # a thread without a job that waits for nothing
        scopes = list(struct.unpack_from("<8I", record, 48))[:min(depth, 8)]
        if max([wait_site, *scopes]) > self.site_count or (record_type == 2 and depth != 1):
            self.damaged += 1
            return None
        if reason:
            told = "waiting"
        elif record_type == 1:
            told = "running"
        else:
            told = word(STATES, state) if state else "running" if tid else "unknown"
        return Task(id=generation << 32 | number, kind="job" if record_type == 2 or depth else "thread", state=told,
                    wait_reason=word(WAIT_REASONS, reason), tid=tid, wait_object=wait_object,
                    since_ns=wait_since if reason and wait_since else started, wait_site=wait_site, scopes=scopes,
                    scopes_left_out=max(depth - 8, 0) if record_type == 1 else 0)


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
