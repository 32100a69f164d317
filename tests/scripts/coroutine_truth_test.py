#!/usr/bin/python3
# ctest: TIMEOUT 300
"""What `tasks stack` tells of the suspended coroutines of an unmodified program is what the program itself knows of
them: every one is told, with its function, state, line and the chain of those that await it; none is invented, though
the program leaves the bytes of destroyed frames behind. A line that is called exact is right. What resumes its parent
through a counter in between is told where the counter lies in the parent, and marked inferred. Without symbols: unknown,
never none. Prints a table of what was right.

TASKS_TEST_COROUTINES=all   every compiler, level and way to build that is known here, not only those of each day
"""
import collections
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

from example_process import SANITIZED, SOURCE, tasks_json

TARGETS = os.path.join(SOURCE, "tests/targets")
ALL = os.environ.get("TASKS_TEST_COROUTINES") == "all"
CONNECTIONS = 50
STORM_PARENTS = {"storm_top": (None,), "storm_middle": (None, "storm_top"), "storm_leaf": (None, "storm_middle")}
GCC, CLANG = "g++", "clang++-19"
LEAST_CHAINS = {"g++": 1.0, "clang++": 0.995}
MOST_LEFT_OVER = 0.005  # of all that is told: destroyed frames that are marked inferred, without debug information
LEAST_EXACT = {"-O0": 0.99, "g++": 0.85, "clang++": 0.6}  # of waiting coroutines, where the lines are known

Build = collections.namedtuple("Build", "compiler level how")  # how: program, lto, library


def builds():
    if not ALL:
        chosen = [Build(compiler, level, "program") for compiler in (GCC, CLANG) for level in ("-O0", "-O2")]
        chosen += [Build(GCC, "-O2", "lto"), Build(CLANG, "-O2", "library")]
    else:
        compilers = (GCC, "clang++-16", CLANG)
        chosen = [Build(compiler, f"-O{level}", "program") for compiler in compilers for level in range(4)]
        chosen += [Build(compiler, "-O2", how) for compiler in (GCC, CLANG) for how in ("lto", "library")]
    return [build for build in chosen if shutil.which(build.compiler)]


def compiled(directory, build, source=f"{TARGETS}/coroutines.cpp", debug="-g"):
    """A program of that source; of a library that has it, and what calls its main()."""
    name = os.path.splitext(os.path.basename(source))[0]
    out = os.path.join(directory, f"{name}-{build.compiler}{build.level}-{build.how}{debug}")
    command = [build.compiler, "-std=c++20", build.level, debug, "-pthread", "-Wl,--build-id=none", "-o", out]
    if build.how == "lto":
        command += ["-flto"] + (["-fuse-ld=lld"] if "clang" in build.compiler else [])
    if build.how == "library":
        library = f"{out}.so"
        subprocess.run([*command[:-1], library, "-shared", "-fPIC", "-Dmain=library_main", source], check=True)
        caller = ("int library_main(int, char**);"
                  "int main(int count, char** words) { return library_main(count, words); }")
        subprocess.run([*command, "-x", "c++", "-", "-x", "none", library], input=caller, text=True, check=True)
    else:
        subprocess.run([*command, source], check=True)
    return out


def code_of(program):
    """The file that has the coroutines."""
    return f"{program}.so" if os.path.exists(f"{program}.so") else program


@contextlib.contextmanager
def changed(path, *command):
    """While that command's output takes its place."""
    kept = f"{path}.kept"
    os.rename(path, kept)
    try:
        subprocess.run([*command, kept, path], check=True)
        yield
    finally:
        os.replace(kept, path)


@contextlib.contextmanager
def debug_apart(path):
    debug = f"{path}.debug"
    subprocess.run(["objcopy", "--only-keep-debug", path, debug], check=True)
    with changed(path, "objcopy", "--strip-debug", f"--add-gnu-debuglink={debug}"):
        yield
    os.unlink(debug)


@contextlib.contextmanager
def running(program, truth, *words):
    process = subprocess.Popen([program, truth, str(CONNECTIONS), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def true_frames(path):
    frames = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            _, frame, parent, at, kind, how, function = line.rstrip("\n").split(" ", 6)
            frames[int(frame, 16)] = {"parent": int(parent, 16), "line": int(at), "kind": kind, "how": how,
                                      "function": function}
    return frames


def plain_name(function):
    """Without arguments, return type and template arguments."""
    if "operator()" in function:
        return "main::{lambda}"
    name = function.replace("(anonymous namespace)", "@").split("(")[0]
    while "<" in name:
        name = re.sub(r"<[^<>]*>", "", name)
    return name.split(" ")[-1].replace("@", "(anonymous namespace)")


def state_of(group):
    """As the truth names it."""
    return "not_started" if group["wait_reason"] == "not started" else group["state"]


def told(pid, *words):
    """What is told of each frame, by its address, and the notes on what is not known."""
    answer = tasks_json("stack", pid, "--raw-frames", "--args", "--limit", 1_000_000, *words)
    frames = {}
    for group in answer["groups"]:
        if group["kind"] != "coroutine" or group["state"] == "running":
            continue
        for task in group["tasks"]:
            chain = [int(coroutine["frame"], 16) for coroutine in task["coroutines"]]
            for at, (frame, shown, coroutine) in enumerate(zip(chain, group["frames"], task["coroutines"])):
                seen = {"parent": chain[at + 1] if at + 1 < len(chain) else 0, "line": shown["line"],
                        "provenance": shown["provenance"], "inferred": shown["inferred"],
                        "function": plain_name(shown["function"] or "?"),
                        "state": state_of(group) if at == 0 else "waiting",
                        "values": {value["name"]: value["value"] for value in coroutine["arguments"]}}
                assert frames.setdefault(frame, seen)["parent"] == seen["parent"], (frame, seen, frames[frame])
    return frames, [note["reason"] for note in answer["incomplete"] if "oroutines" in note["reason"]]


def chain_of(frames, frame):
    chain = []
    while frame in frames and frame not in chain:
        chain.append(frame)
        frame = frames[frame]["parent"]
    return chain


class Comparison:
    """What is right of what was told, in numbers, and what is not, in words."""

    def __init__(self, truth, seen):
        self.tasks = {frame: true for frame, true in truth.items() if true["how"] != "held"}
        self.truth, self.seen = truth, seen
        self.counts, self.places = collections.Counter(), set()
        others = [frame for frame in seen if frame not in truth]
        self.counts["left over"] = sum(seen[frame]["inferred"] for frame in others)
        self.counts["invented"] = len(others) - self.counts["left over"]
        self.wrong = [f"{frame:x} {seen[frame]} is invented" for frame in others]
        for frame, true in self.tasks.items():
            self.compare(frame, true, seen.get(frame))
        awaited = {true["parent"] for true in self.tasks.values()}
        for frame in self.tasks:
            if frame not in awaited and frame in seen:
                self.compare_chain(frame)

    def compare(self, frame, true, seen):
        if seen is None:
            self.wrong.append(f"{frame:x} {true} is not told")
            return
        right = {"told": True, "functions": seen["function"] == true["function"],
                 "states": seen["state"] == true["kind"]}
        self.counts.update(key for key, value in right.items() if value)
        if not all(right.values()):
            self.wrong.append(f"{frame:x} {true} is told as {seen}")
        if true["kind"] == "waiting":
            self.compare_line(frame, true, seen)

    def compare_line(self, frame, true, seen):
        exact = seen["provenance"] == "exact"
        self.counts["waiting"] += 1
        self.counts["with a line"] += seen["line"] is not None
        self.counts["exact"] += exact
        if (true["function"], true["line"]) not in self.places:
            self.places.add((true["function"], true["line"]))
            self.counts["places exact"] += exact
        self.counts["places"] = len(self.places)
        if exact and seen["line"] != true["line"]:
            self.counts["wrong exact"] += 1
            self.wrong.append(f"{frame:x} {true}: the line is told as {seen}")

    def compare_chain(self, frame):
        """The chain from an innermost one outwards."""
        true = self.tasks[frame]
        chain = chain_of(self.seen, frame)
        if true["how"] == "direct" and not any(self.tasks[at]["how"] != "direct" for at in chain_of(self.tasks, frame)):
            self.counts["chains"] += 1
            self.counts["whole chains"] += chain == chain_of(self.tasks, frame)
            if chain != chain_of(self.tasks, frame):
                self.wrong.append(f"the chain of {frame:x} is told as {chain}, not {chain_of(self.tasks, frame)}")
            return
        at = next(at for at in chain_of(self.tasks, frame) if self.tasks[at]["how"] != "direct")
        how, parent = self.tasks[at]["how"], self.seen.get(at, {}).get("parent")
        self.counts[how] += 1
        self.counts[f"{how} told"] += parent == self.tasks[at]["parent"]
        if parent not in (0, self.tasks[at]["parent"]) or (parent != 0 and not self.seen[at]["inferred"]):
            self.wrong.append(f"{at:x} {self.tasks[at]} is told as {self.seen.get(at)}")
            self.counts["invented"] += 1


def row(what, counts, total):
    figures = (f"{counts['told']}/{total}", counts["functions"], counts["states"],
               f"{counts['whole chains']}/{counts['chains']}", f"{counts['indirect told']}/{counts['indirect']}",
               f"{counts['shared told']}/{counts['shared']}", counts["invented"],
               f"{counts['exact']}/{counts['waiting']}", f"{counts['places exact']}/{counts['places']}",
               counts["wrong exact"])
    return f"{what:36}" + "".join(f"{figure:>{len(name) + 2}}" for name, figure in zip(HEAD, figures))


HEAD = ("  FRAMES", "FUNCTIONS", "STATES", "CHAINS", "COUNTER", "LATCH", "INVENTED", "EXACT FRAMES", "EXACT PLACES",
        "WRONG")


def check_values(truth, seen):
    handles = [seen[frame]["values"] for frame, true in truth.items() if true["function"] == "handle"]
    assert len(handles) == CONNECTIONS
    for number, values in enumerate(handles):
        assert values["connection"] == str(1000 + number), values
        assert values["peer"] == f'"10.0.0.{number}:4433-and-longer-than-fits"', values


def look(program, build, debug, directory):
    path = os.path.join(directory, "truth")
    with running(program, path) as pid:
        truth = true_frames(path)
        seen, notes = told(pid)
    found = Comparison(truth, seen)
    counts, total = found.counts, len(found.tasks)
    what = f"{build.compiler} {build.level} {build.how}, {debug}"
    print(row(what, counts, total), flush=True)
    report = "\n".join([what, *found.wrong[:10]])
    compiler = build.compiler.split("-")[0]
    assert not notes, notes
    assert counts["told"] == counts["functions"] == counts["states"] == total, report
    assert counts["wrong exact"] == counts["invented"] == 0, report
    assert counts["left over"] <= (0 if debug.startswith("debug") else MOST_LEFT_OVER) * total, report
    assert counts["whole chains"] >= LEAST_CHAINS[compiler] * counts["chains"], report
    if debug in ("no debug", "no -g"):
        assert counts["with a line"] == 0, report
        return
    assert counts["whole chains"] == counts["chains"], report
    if debug != "no source" and build.how != "lto":
        least = LEAST_EXACT.get(build.level, LEAST_EXACT[compiler])
        assert counts["exact"] >= least * counts["waiting"], report
    if compiler == "g++" or build.level == "-O0":
        check_values(truth, seen)


def look_at_build(build, directory):
    program = compiled(directory, build)
    code = code_of(program)
    look(program, build, "debug", directory)
    with changed(code, "objcopy", "--strip-debug"):
        look(program, build, "no debug", directory)
    if build.level == "-O2":
        with debug_apart(code):
            look(program, build, "debug apart", directory)
    if ALL:
        unseen = shutil.copy(f"{TARGETS}/coroutines.cpp", os.path.join(directory, "unseen.cpp"))
        sourceless = compiled(directory, build, unseen)
        os.unlink(unseen)
        look(sourceless, build, "no source", directory)
        look(compiled(directory, build, debug="-g0"), build, "no -g", directory)


def check_stripped(program, directory):
    stripped = f"{program}-stripped"
    subprocess.run(["strip", "-o", stripped, program], check=True)
    with running(stripped, os.path.join(directory, "truth")) as pid:
        seen, notes = told(pid)
    assert not seen and len(notes) == 1 and "unknown" in notes[0] and "install" in notes[0], (seen, notes)
    print(f"stripped: {notes[0]}")


def check_large(program, directory):
    """Memory that was never written is not read; of what is beyond the limit it is said how much."""
    path, full = os.path.join(directory, "truth"), "20" if ALL else "1"
    with running(program, path, "20", full) as pid:
        truth = true_frames(path)
        whole = tasks_json("stack", pid, "--scan-limit", "32G")["coroutine_scan"]
        assert whole["unscanned_bytes"] == 0 and whole["scanned_bytes"] < (int(full) << 30) + (64 << 20), whole
        seen, notes = told(pid, "--scan-limit", "16M")
    assert not Comparison(truth, seen).wrong
    assert len(notes) == 1 and "--scan-limit 16 MiB" in notes[0], notes
    print(f"20 GiB without pages, {full} GiB with them: {whole['scanned_bytes'] >> 20} MiB read; {notes[0]}", flush=True)


def check_storm(build, directory):
    """Of coroutines that come and go at full speed nothing is told that cannot be; those that stay are told."""
    path = os.path.join(directory, "truth")
    with running(compiled(directory, build, f"{TARGETS}/coroutine_storm.cpp"), path) as pid:
        truth = true_frames(path)
        for _ in range(3):
            seen, _ = told(pid)
            calm = Comparison(truth, {frame: one for frame, one in seen.items() if frame in truth})
            assert calm.counts["told"] == calm.counts["functions"] == len(truth) and not calm.wrong, calm.wrong[:10]
            for frame, one in seen.items():
                if frame not in truth:
                    parent = seen.get(one["parent"])
                    allowed = STORM_PARENTS.get(one["function"], ())
                    assert (parent and parent["function"]) in allowed, (frame, one, parent)
            print(f"{build.compiler} {build.level} storm: {len(truth)} of {len(truth)} that stay, and "
                  f"{len(seen) - len(truth)} that come and go", flush=True)


def main():
    if SANITIZED:
        print("this command with sanitizers takes minutes; the programs that it looks at are the same in every build")
        return 77
    failed = False
    with tempfile.TemporaryDirectory(prefix="tasks-coroutines-") as directory:
        print(f"{'BUILD':36}" + "".join(f"  {name}" for name in HEAD))
        for build in builds():
            try:
                look_at_build(build, directory)
            except AssertionError as error:
                print(f"FAILED: {error}", flush=True)
                failed = True
        program = compiled(directory, Build(GCC, "-O0", "program"))
        check_stripped(program, directory)
        check_large(program, directory)
        for compiler in (GCC, CLANG):
            if shutil.which(compiler):
                check_storm(Build(compiler, "-O2", "program"), directory)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
