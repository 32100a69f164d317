#!/usr/bin/python3
# ctest: TIMEOUT 400
"""Suspend points of generated coroutines against what the program itself knows: which suspend point, by its index in the
frame, on which line, and what it awaits. "suspend #k" must be right for all; a line that is called exact must be right,
always, and so must a type of awaiter that is not called inferred.

TASKS_TEST_SUSPEND_POINTS=all: 200 coroutines with 958 suspend points on every compiler that is here, and a larger program
of odd ones; else a part of that on four builds.
"""
import collections
import os
import shutil
import struct
import subprocess
import sys
import tempfile

from coroutine_program import Program

CHECK = os.path.join(os.environ["TASKS_BINARY_DIR"], "tests", "checks", "suspend_points")
ALL = os.environ.get("TASKS_TEST_SUSPEND_POINTS") == "all"
COMPILERS = [("g++", "-O0"), ("g++", "-O2"), ("clang++-19", "-O0"), ("clang++-19", "-O2")]
MORE_COMPILERS = [("g++", "-O3"), ("clang++-16", "-O0"), ("clang++-16", "-O2")]
# Of the points that coroutines.md's prototype called exact with the source there: the least share for each build.
LEAST_EXACT = {("g++", "-O0"): 0.99, ("g++", "-O2"): 0.99, ("clang++-19", "-O0"): 0.99, ("clang++-19", "-O2"): 0.86,
               ("g++", "-O3"): 0.99, ("clang++-16", "-O0"): 0.99, ("clang++-16", "-O2"): 0.88}


AWAITED = [("child(", "basic_task"), ("outside{", "outside"), ("maybe{", "maybe"), ("plain", "plain"),
           ("co_yield", "plain"), ("co_await w", "plain")]


class Points:
    """What the check program tells of an ELF file."""

    def __init__(self, program):
        self.fields = {}
        self.points = {}
        answer = subprocess.run([CHECK, program], capture_output=True, text=True, timeout=120)
        if answer.returncode != 0:
            sys.exit(f"{CHECK} {program}: {answer.returncode} {answer.stderr}")
        for line in answer.stdout.splitlines():
            words = line.split(" ", 7)
            if words[0] == "=":
                self.fields[words[1]] = (int(words[2]), int(words[3]))
            else:
                self.points[words[0], int(words[1])] = (int(words[2]), words[4], int(words[5]), words[7])


def resume_functions(program):
    functions = {}
    for line in subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split()
        if len(words) == 3 and words[2].endswith((".actor", ".resume")):
            functions[int(words[0], 16)] = words[2]
    return functions


def owner_of(symbol, names):
    """The function that a resume function belongs to: g++ puts its name last, with ".Frame.actor" behind it."""
    if symbol.endswith(".resume"):
        return symbol[:-len(".resume")]
    return max((name for name in names if symbol.endswith(name + ".Frame.actor")), key=len)


def read_frames(program, fields):
    """Where each coroutine of the program is suspended: (name, index in its frame, line, number)."""
    functions = resume_functions(program)
    rows = []
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as process:
        try:
            truth = []
            for line in process.stdout:
                if line == "READY\n":
                    break
                truth.append(line.split())
            with open(f"/proc/{process.pid}/maps") as maps:
                base = int(maps.readline().split("-")[0], 16)
            with open(f"/proc/{process.pid}/mem", "rb", 0) as memory:
                for address, line, number, _ in truth:
                    frame = int(address, 16)
                    resume, = struct.unpack("<Q", os.pread(memory.fileno(), 8, frame))
                    name = owner_of(functions.get(resume - base) or functions[resume], fields)
                    offset, size = fields[name]
                    index = os.pread(memory.fileno(), size, frame + offset) if size else b""
                    rows.append((name, int.from_bytes(index, "little"), int(line), int(number)))
        finally:
            process.kill()
    return rows


def awaited_on(line):
    """The type that the plain program's line awaits."""
    return next(kind for text, kind in AWAITED if text in line)


def compare_awaiters(what, points, frames, source, complaints):
    lines = source.splitlines()
    counts = collections.Counter()
    for name, index, line, _ in frames:
        told = points.points[name, index][3]
        sure = "inferred" if told.startswith("~") else "exact"
        right = told.lstrip("~").split("<")[0] == awaited_on(lines[line - 1])
        counts["unknown" if told == "-" else f"{sure} {'right' if right else 'wrong'}"] += 1
    print(f"{what + ' awaiters':34s}{len(frames):5d}  " + "  ".join(f"{name} {counts[name]}" for name in sorted(counts)))
    if counts["exact wrong"] or 20 * counts["inferred wrong"] > len(frames):
        complaints.append(f"{what}: awaiters are wrong: {dict(counts)}")
    if "-O0" in what and counts["exact right"] != len(frames):
        complaints.append(f"{what}: unoptimized code tells {counts['exact right']} awaiters of {len(frames)}")


def compare(what, points, frames):
    counts = collections.Counter()
    wrong = []
    for name, index, line, number in frames:
        point = points.points.get((name, index))
        if point is None:
            counts["no point"] += 1
            wrong.append(f"{name}: index {index} means no point, line {line}")
            continue
        counts["number right" if number in (0, point[0]) else "number wrong"] += 1
        right = "right" if point[2] == line else "wrong" if point[2] else "unknown"
        counts[f"{point[1]} {right}" if point[2] else "unknown"] += 1
        if point[1] == "exact" and right == "wrong":
            wrong.append(f"{name}: index {index} is on line {line}, told exactly as {point[2]}")
    order = ["number right", "number wrong", "no point", "exact right", "exact wrong", "about right", "about wrong",
             "unknown"]
    print(f"{what:34s}{len(frames):5d}  " + "  ".join(f"{name} {counts[name]}" for name in order if counts[name]))
    for sentence in wrong[:8]:
        print("   " + sentence)
    return counts


def built(directory, source, compiler, level):
    program = os.path.join(directory, f"{os.path.basename(source)[:-4]}{compiler}{level}")
    subprocess.run([compiler, "-std=c++20", "-g", level, source, "-o", program], check=True, timeout=600)
    return program


def check_build(directory, source, compiler, level, numbered, complaints):
    program = built(directory, source, compiler, level)
    points = Points(program)
    frames = read_frames(program, points.fields)
    what = f"{os.path.basename(program)}"
    with_source = compare(what, points, frames)
    if numbered and with_source["number right"] == len(frames):
        with open(source) as file:
            compare_awaiters(what, points, frames, file.read(), complaints)
    hidden = source + ".hidden"
    os.rename(source, hidden)
    without_source = compare(what + " no source", Points(program), frames)
    os.rename(hidden, source)
    subprocess.run(["strip", "--strip-debug", program], check=True)
    without_debug = compare(what + " no -g", Points(program), frames)
    for name, counts in (("", with_source), (" without source", without_source), (" without -g", without_debug)):
        if counts["exact wrong"]:
            complaints.append(f"{what}{name}: {counts['exact wrong']} lines told as exact are wrong")
        if numbered and counts["number right"] != len(frames):
            complaints.append(f"{what}{name}: suspend #k is right for {counts['number right']} of {len(frames)}")
    if without_debug["unknown"] != len(frames) - without_debug["no point"]:
        complaints.append(f"{what} without -g: lines out of nothing")
    if numbered and with_source["exact right"] < LEAST_EXACT[compiler, level] * len(frames):
        complaints.append(f"{what}: {with_source['exact right']} of {len(frames)} lines are exact")


def main():
    complaints = []
    compilers = [one for one in COMPILERS + (MORE_COMPILERS if ALL else []) if shutil.which(one[0])]
    with tempfile.TemporaryDirectory() as directory:
        for name, program in (("plain", Program(7, 200 if ALL else 40)), ("odd", Program(8, 90 if ALL else 24, odd=True))):
            source = os.path.join(directory, name + ".cpp")
            with open(source, "w") as file:
                file.write(program.text())
            print(f"{name}: {program.points} suspend points")
            for compiler, level in compilers:
                if name == "plain" or ALL or level == "-O2":
                    check_build(directory, source, compiler, level, name == "plain", complaints)
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
