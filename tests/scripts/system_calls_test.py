#!/usr/bin/python3
# ctest: TIMEOUT 300
"""The agent makes the system calls of agent/src/system_calls.txt and no others, each is really made, and under a
seccomp filter that kills for any other it answers all requests."""
import os
import subprocess
import sys

import system_call_list
from example_process import BINARY, SANITIZED

PROGRAM = os.path.join(BINARY, "tests/targets/system_calls")
CANNOT_RUN = 77

# What the test's own host needs beside, in its main thread and in those that it starts.
HOST_NEEDS = ("read", "write", "close", "openat", "newfstatat", "getdents64", "fcntl", "lseek", "mmap", "munmap",
              "mprotect", "madvise", "brk", "futex", "clone3", "rt_sigprocmask", "rseq", "set_robust_list", "exit",
              "exit_group", "seccomp", "sched_yield", "pipe2")


def run(*words):
    return subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240)


class Call:
    def __init__(self, line, names):
        words = line.split(" ", 8)
        self.part, self.name = words[0], names.get(int(words[1]), f"number {words[1]}")
        self.arguments = [int(word) for word in words[2:8]]
        self.path = words[8] if len(words) > 8 else ""

    def __str__(self):
        return f"{self.part}: {self.name}({', '.join(hex(each) for each in self.arguments)}) {self.path}"


def seen_calls():
    result = run("seen")
    if result.returncode == CANNOT_RUN:
        print("skipped: the kernel, or a filter around this test, lets nobody watch system calls")
        sys.exit(CANNOT_RUN)
    assert result.returncode == 0, result.stderr
    names = {number: name for name, number in system_call_list.call_numbers().items()}
    return [Call(line, names) for line in result.stdout.splitlines()]


def check_that_all_are_listed(rows, calls):
    unlisted = {}
    for call in calls:
        if not any(row.allows(call.part, call.name, call.arguments) for row in rows):
            unlisted.setdefault((call.part, call.name, tuple(call.arguments[1:4])), call)
    assert not unlisted, "the agent made calls that are not in agent/src/system_calls.txt:\n" + "\n".join(
        str(call) for call in unlisted.values())


def check_that_all_are_made(rows, calls):
    unused = []
    for row in rows:
        for part in row.parts:
            if part not in row.rare and not any(row.allows(part, call.name, call.arguments) for call in calls):
                unused.append(f"{part}: {row}")
    assert not unused, "nobody made these calls of agent/src/system_calls.txt:\n" + "\n".join(unused)


def check_that_files_are_opened_with_care(calls):
    constants = system_call_list.CONSTANTS
    for call in calls:
        if call.name == "openat" and call.part == "serving" and call.arguments[2] != constants["O_CLOEXEC"]:
            assert call.arguments[2] & constants["O_NOFOLLOW"], call
        if call.name == "openat":
            assert call.arguments[2] & constants["O_CLOEXEC"], call


def filtered(rows):
    # A host that did not ask for crash dumps has none of their calls.
    everywhere = system_call_list.kill_filter([row for row in rows if row.parts != ["crash"]], HOST_NEEDS)
    agents = system_call_list.kill_filter([row for row in rows if "serving" in row.parts])
    return run("filtered", everywhere, agents)


def check_under_the_filter(rows):
    result = filtered(rows)
    assert result.returncode == 0, result.stderr
    # The filter is worth something: without one call of the list the host is killed.
    for name in ("poll", "process_vm_readv"):
        result = filtered([row for row in rows if row.name != name])
        assert result.returncode == 1 and "ended with -31" in result.stderr, (name, result)


def main():
    if SANITIZED:
        print("skipped: the sanitizers make system calls of their own")
        sys.exit(CANNOT_RUN)
    rows = system_call_list.read_rows()
    calls = seen_calls()
    check_that_all_are_listed(rows, calls)
    check_that_all_are_made(rows, calls)
    check_that_files_are_opened_with_care(calls)
    check_under_the_filter(rows)
    print(f"{len(calls)} calls of {len({call.name for call in calls})} kinds, {len(rows)} rows")


if __name__ == "__main__":
    main()
