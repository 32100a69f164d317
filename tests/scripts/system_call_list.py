#!/usr/bin/python3
"""The agent's published system calls, agent/src/system_calls.txt: read, compared with calls that were seen, made into
seccomp filters, and written into SECURITY.md.

usage: system_call_list.py            writes the list into SECURITY.md
       system_call_list.py --check    status 1 where SECURITY.md does not have it
"""
import ctypes
import os
import re
import struct
import sys

SOURCE = os.environ.get("TASKS_SOURCE_DIR", os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
LIST = os.path.join(SOURCE, "agent/src/system_calls.txt")
SECURITY = os.path.join(SOURCE, "SECURITY.md")
BEGIN = "<!-- agent/src/system_calls.txt: python3 tests/scripts/system_call_list.py writes this -->"
END = "<!-- end of agent/src/system_calls.txt -->"
PARTS = ("start", "serving", "stop", "threads", "profile", "crash")

# x86-64 Linux.
CONSTANTS = {
    "0": 0, "AF_UNIX": 1, "SOCK_STREAM": 1, "SOCK_CLOEXEC": 0o2000000, "SOCK_NONBLOCK": 0o4000,
    "SOL_SOCKET": 1, "SO_PEERCRED": 17, "MSG_DONTWAIT": 0x40, "MSG_NOSIGNAL": 0x4000,
    "O_RDONLY": 0, "O_RDWR": 2, "O_CREAT": 0o100, "O_EXCL": 0o200, "O_NOCTTY": 0o400,
    "O_DIRECTORY": 0o200000, "O_NOFOLLOW": 0o400000, "O_CLOEXEC": 0o2000000,
    "PROT_NONE": 0, "PROT_READ": 1, "PROT_WRITE": 2, "MAP_SHARED": 1, "MAP_PRIVATE": 2,
    "MAP_ANONYMOUS": 0x20, "MAP_FIXED": 0x10, "MAP_NORESERVE": 0x4000, "MAP_STACK": 0x20000,
    "MADV_DONTNEED": 4, "MADV_WIPEONFORK": 18, "MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2,
    "F_SETFD": 2, "F_GETFL": 3, "F_DUPFD_CLOEXEC": 1030, "F_ADD_SEALS": 1033, "F_SEAL_SHRINK": 2,
    "PR_SET_NAME": 15, "SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2,
    "RLIMIT_FSIZE": 1, "RUSAGE_SELF": 0, "RUSAGE_THREAD": 1, "SEEK_SET": 0, "AT_SYMLINK_NOFOLLOW": 0x100,
    "AT_EMPTY_PATH": 0x1000, "AT_EACCESS": 0x200, "LOCK_EX": 2, "LOCK_NB": 4, "LOCK_UN": 8,
    "FUTEX_WAIT": 0, "FUTEX_WAKE": 1, "FUTEX_WAIT_BITSET": 9, "FUTEX_PRIVATE_FLAG": 128, "FUTEX_CLOCK_REALTIME": 256,
    "SIGQUIT": 3, "SIGILL": 4, "SIGTRAP": 5, "SIGABRT": 6, "SIGBUS": 7, "SIGFPE": 8, "SIGKILL": 9, "SIGSEGV": 11,
    "SIGSYS": 31, "RLIMIT_CORE": 4, "RLIMIT_NOFILE": 7, "O_WRONLY": 1, "F_DUPFD": 0, "SIGRT_1": 33, "SIGPROF": 27, "SIGURG": 23, "SIGUSR1": 10, "SIGUSR2": 12, "W_OK": 2, "X_OK": 1, "CLOCK_REALTIME": 0,
}


def call_numbers():
    """Names to numbers, from the kernel's header, which comes with every compiler."""
    with open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h") as file:
        return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", file.read())}


def value_of(words):
    """Of "0600", "O_RDONLY+O_CLOEXEC"."""
    total = 0
    for word in words.split("+"):
        total |= int(word, 8) if re.fullmatch("0[0-7]+", word) else int(word) if word.isdigit() else CONSTANTS[word]
    return total


class Condition:
    """One argument's bound: "flags is A+B or C"."""

    def __init__(self, text, parameters):
        name, kind, rest = text.split(" ", 2)
        assert kind == "is", text
        self.index = parameters.index(name)
        self.values = [value_of(each) for each in rest.split(" or ")]

    def holds(self, arguments):
        return arguments[self.index] & 0xffffffff in self.values


class Row:
    def __init__(self, line):
        call, parts, bounds, self.reason = [field.strip() for field in line.split("|")]
        self.text = (call, parts, bounds, self.reason)
        self.name, parameters = re.fullmatch(r"(\w+)\((.*)\)", call).groups()
        self.conditions = [Condition(each, parameters.split(", ")) for each in bounds.split(", ") if each]
        self.parts = [part.rstrip("?") for part in parts.split()]
        self.rare = [part[:-1] for part in parts.split() if part.endswith("?")]
        assert self.parts and set(self.parts) <= set(PARTS), line

    def __str__(self):
        return " | ".join(self.text[:3])

    def allows(self, part, name, arguments):
        return name == self.name and part in self.parts and all(each.holds(arguments) for each in self.conditions)


def read_rows():
    with open(LIST) as file:
        return [Row(line) for line in file if line.strip() and not line.startswith("#")]


# --- seccomp(2): classic BPF on struct seccomp_data {int nr; u32 arch; u64 instruction_pointer; u64 args[6]}

LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
TRAP, REFUSE = 0x00030000, 0x00050000  # with the errno
ALLOW, KILL_PROCESS, ARCHITECTURE = 0x7fff0000, 0x80000000, 0xc000003e


def condition_code(condition):
    """Falls through where it holds, else jumps to None: the next row."""
    code = [[LOAD, 0, 0, 16 + 8 * condition.index]]
    for at, value in enumerate(condition.values):
        left = len(condition.values) - 1 - at
        code.append([JUMP_EQUAL, left, 0 if left else None, value])
    return code


def row_code(row, numbers, answer=ALLOW):
    code = [[LOAD, 0, 0, 0], [JUMP_EQUAL, 0, None, numbers[row.name]]]
    for condition in row.conditions:
        code += condition_code(condition)
    code.append([RETURN, 0, 0, answer])
    for at, step in enumerate(code):
        step[1:3] = [len(code) - at - 1 if jump is None else jump for jump in step[1:3]]
    return code


def kill_filter(rows, names=()):
    """A filter that lets pass what the rows allow, and the names whatever their arguments; as hexadecimal digits."""
    numbers = call_numbers()
    code = [[LOAD, 0, 0, 4], [JUMP_EQUAL, 1, 0, ARCHITECTURE], [RETURN, 0, 0, KILL_PROCESS]]
    for row in rows:
        code += row_code(row, numbers)
    for name in names:
        code += [[LOAD, 0, 0, 0], [JUMP_EQUAL, 0, 1, numbers[name]], [RETURN, 0, 0, ALLOW]]
    code.append([RETURN, 0, 0, KILL_PROCESS])
    return b"".join(struct.pack("<HBBI", *step) for step in code).hex()


def answer_filter(rows, answer):
    """A filter that gives what the rows allow that answer, and lets all else pass; as hexadecimal digits."""
    numbers = call_numbers()
    code = [[LOAD, 0, 0, 4], [JUMP_EQUAL, 1, 0, ARCHITECTURE], [RETURN, 0, 0, ALLOW]]
    for row in rows:
        code += row_code(row, numbers, answer)
    code.append([RETURN, 0, 0, ALLOW])
    return b"".join(struct.pack("<HBBI", *step) for step in code).hex()


class Filter(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def under_code(digits):
    """For preexec_fn: the process is under that filter."""
    code = bytes.fromhex(digits)
    libc = ctypes.CDLL(None, use_errno=True)

    def install():
        program = Filter(len(code) // 8, code)
        assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
        assert libc.prctl(22, 2, ctypes.byref(program)) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    return install


# --- SECURITY.md

def section():
    lines = ["| call | when | only with | what for |", "|---|---|---|---|"]
    for row in read_rows():
        call, parts, bounds, reason = row.text
        lines.append(f"| `{call}` | {parts.replace('?', '')} | {f'`{bounds}`' if bounds else ''} | {reason} |")
    return "\n".join([BEGIN, *lines, END])


def main():
    with open(SECURITY) as file:
        text = file.read()
    head, _, rest = text.partition(BEGIN)
    _, found, tail = rest.partition(END)
    assert found, f"{SECURITY} has no place for the list, between its two comments"
    wanted = head + section() + tail
    if "--check" in sys.argv[1:]:
        if wanted != text:
            print("SECURITY.md: its system calls are not those of agent/src/system_calls.txt: "
                  "python3 tests/scripts/system_call_list.py writes them")
        return 0 if wanted == text else 1
    with open(SECURITY, "w") as file:
        file.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
