#!/usr/bin/python3
# ctest: TIMEOUT 600
"""A host whose agent is refused system calls or memory runs on unharmed: its output and exit status stay, what lacks
is told, nothing spins or hangs, no file and no descriptor is left behind. TASKS_TEST_FAULTS=all tries more combinations."""
import errno
import os
import re
import subprocess
import sys

import system_call_list
from example_process import BINARY, SANITIZED

PROGRAM = os.path.join(BINARY, "tests/targets/faults")
CANNOT_RUN = 77
ALL = os.environ.get("TASKS_TEST_FAULTS") == "all"

# No program with threads can be without these. glibc ends a process whose futex or rseq is refused, and a thread that
# may not exit() tries for ever. brk() knows no errors: glibc takes an errno for the heap's new end.
INDISPENSABLE = {"futex", "exit", "rseq", "brk"}

# What gives memory, descriptors or room, and how it usually fails: in the agent's start and while it serves.
FAILURES = [
    ("start", errno.EMFILE, ("openat", "socket", "socketpair", "fcntl", "memfd_create")),
    ("start", errno.ENOMEM, ("mmap", "mprotect", "madvise", "openat", "socket", "socketpair", "clone3", "bind",
                             "listen")),
    ("start", errno.ENOSPC, ("fallocate", "openat", "mkdir", "renameat", "bind")),
    ("start", errno.EINTR, ("openat", "read", "pread64", "fallocate", "flock")),
    ("serving", errno.EMFILE, ("openat", "accept4", "fcntl")),
    ("serving", errno.ENOMEM, ("openat", "accept4", "madvise")),
    ("serving", errno.ENOSPC, ("fallocate",)),
    ("profile", errno.ENOMEM, ("mmap", "mprotect", "madvise", "openat")),
    ("profile", errno.EMFILE, ("openat",)),
    ("profile", errno.ENOSPC, ("write",)),
    ("profile", errno.EINTR, ("write", "read")),
    ("serving", errno.EINTR, ("openat", "accept4", "fallocate", "getdents64", "process_vm_readv")),
]


def faults(*words):
    result = subprocess.run([PROGRAM, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=7200 if ALL else 540)
    if result.returncode == CANNOT_RUN:
        print("skipped: the kernel, or a filter around this test, lets nobody refuse system calls")
        sys.exit(CANNOT_RUN)
    print(f"{' '.join(map(str, words[:3]))}: {result.stdout.splitlines()[-1]}", flush=True)
    return [line for line in result.stdout.splitlines()[:-1] if "no harm" not in line] + result.stderr.splitlines()


NUMBERS = system_call_list.call_numbers()
NAMES = list(dict.fromkeys(row.name for row in system_call_list.read_rows()))
DISPENSABLE = [NUMBERS[name] for name in NAMES if name not in INDISPENSABLE]


def test_refused_calls():
    harm = []
    for error in (errno.EPERM, errno.ENOSYS):
        harm += faults("always", "start", error, *DISPENSABLE)
    return harm + faults("always", "later", errno.EPERM, *DISPENSABLE)


def test_failing_calls():
    harm = []
    for part, error, usual in FAILURES:
        harm += faults("nth", part, error, *(DISPENSABLE if ALL else [NUMBERS[name] for name in usual]))
    return harm


def test_failing_memory():
    return faults("memory")


def with_names(line):
    """The calls by their names."""
    by_number = {str(number): name for name, number in NUMBERS.items()}
    return re.sub(r"\b(call|number) (\d+)(?=[: ])", lambda found: by_number.get(found[2], found[0]), line)


def main():
    if SANITIZED:
        print("skipped: the sanitizers need the calls and the memory themselves")
        sys.exit(CANNOT_RUN)
    chosen = sys.argv[1:]
    for name, test in sorted(globals().items()):
        if name.startswith("test_") and (not chosen or name in chosen):
            harm = test()
            assert not harm, "\n" + "\n".join(map(with_names, harm))


if __name__ == "__main__":
    main()
