#!/usr/bin/python3
"""The README's commands print what it says, numbers aside, and its program builds and runs as it says.

readme_test.py --approve writes into the README what the commands print now.
"""
# ctest: TIMEOUT 300
import json
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time

from example_process import BINARY, SANITIZED, SOURCE, TASKS, Example, program, run

README = os.path.join(SOURCE, "README.md")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
AGE = r"<?\d[\d,.]*(?:ms|us|ns|[smhd])(?:\d+[smhd])*\b"
SHOWN_PID = "21155"
SHOWN_COROUTINES_PID = "21203"
SHOWN_PATH = "/srv/payments/bin/payments"
SHOWN_START = "492467"


def frames_count():
    """True in a build by g++ with CMake's RelWithDebInfo."""
    with open(os.path.join(BINARY, "CMakeCache.txt")) as cache:
        facts = dict(re.findall(r"^(CMAKE_CXX_COMPILER|CMAKE_BUILD_TYPE):\w+=(.*)$", cache.read(), re.M))
    gnu = os.path.basename(facts["CMAKE_CXX_COMPILER"]) in ("g++", "c++")
    return gnu and facts["CMAKE_BUILD_TYPE"] == "RelWithDebInfo" and not SANITIZED


FRAMES_COUNT = frames_count()


def shape(text):
    """The text with numbers, sizes and column widths masked, and durations left out."""
    lines = []
    for line in text.splitlines():
        line = line.replace("num CPU: ?", "num CPU: 2")  # where /sys is not mounted
        line = re.sub(rf"{AGE}( - {AGE})?", "", line)  # of a young process, not all is known
        line = re.sub(r"[+-]?\d[\d,.]*/min|\?", "", line)
        line = re.sub(r"\d[\d,]*(\.\d+)? [KMG]iB", "SIZE", line)
        line = re.sub(r"\(peak \d[\d.]*\)", "(peak SIZE)", line)
        line = re.sub(r"\(last minute [^)]*\)", "(last minute N)", line)
        line = re.sub(r"\d[\d.]* %", "N %", line)
        line = re.sub(r"\d[\d,]*", "N", line)
        lines.append(re.sub(r"\s+", " ", line).strip())
    return lines


def comparable(text):
    """What the compiler does not change: which calls are inlined is its choice, so frames are compared only in the
    kind of build that the README was made with."""
    if FRAMES_COUNT:
        return shape(text)
    return shape("\n".join(line for line in text.splitlines() if not line.startswith("    ")))


def as_shown(text, pid, start, shown_pid=SHOWN_PID):
    """The program's own pid, start time and path as the README shows them."""
    text = text.replace(f"{pid}@{start}", f"{shown_pid}@{SHOWN_START}")
    lengths = len(shown_pid) - len(str(pid))
    text = re.sub(rf"\b{pid}\b", shown_pid + (" " * -lengths if lengths < 0 else ""), text)
    return text.replace(program("payments"), SHOWN_PATH)


class Reader:
    """Runs the README's commands against one payments, which is killed when a dead one is asked for, and another one
    of coroutines."""

    def __init__(self):
        self.payments = Example("payments", "--requests", "4", "--rate", "0")
        self.environment = self.payments.environment
        self.start = self.start_time()
        self.coroutines = Example("payments", "--coroutines", "--cause", "mutex", "--requests", "4", "--rate", "0")

    def end(self):
        for example in (self.payments, self.coroutines):
            example.end(signal.SIGKILL)

    def start_time(self):
        with open(f"/proc/{self.payments.pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[19]

    def output_of(self, command):
        words = shlex.split(command)
        if words[0] == "payments":
            return f"ready {SHOWN_COROUTINES_PID if '--coroutines' in words else SHOWN_PID}\n"
        if SHOWN_COROUTINES_PID in words:
            return self.output_of_coroutines(words[1:])
        if words[0] != "tasks":
            return run(program(words[0]), *words[1:], env=self.environment).stdout
        if "--dead" in words and self.payments.process.poll() is None:
            self.payments.process.send_signal(signal.SIGKILL)
            self.payments.process.wait()
        real = [word.replace(SHOWN_PID, str(self.payments.pid)).replace(SHOWN_START, self.start) for word in words[1:]]
        result = run(TASKS, *real, env=self.environment, cwd=self.payments.directory)
        assert result.returncode == 0, f"{command}: {result}"
        return as_shown(self.without_others(words, result.stdout), self.payments.pid, self.start)

    def output_of_coroutines(self, words):
        pid = self.coroutines.pid
        real = [word.replace(SHOWN_COROUTINES_PID, str(pid)) for word in words]
        result = run(TASKS, *real, env=self.coroutines.environment)
        assert result.returncode == 0, result
        return as_shown(result.stdout, pid, "", SHOWN_COROUTINES_PID)

    def without_others(self, words, text):
        """A list without processes that other tests run now."""
        if words[1] != "list":
            return text
        heading, *rows = text.splitlines()
        return "\n".join([heading, *(row for row in rows if re.match(rf"{self.payments.pid}\b", row))]) + "\n"


def sections(block):
    """Each command of a block with its output."""
    command, output = None, []
    for line in block.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(output)
            command, output = line[2:], []
        else:
            output.append(line)
    yield command, "\n".join(output)


def check_commands(text, approve):
    reader = Reader()
    try:
        if approve:
            time.sleep(75)  # for ages and trends as a reader will see them
        new = BLOCK.sub(lambda block: renewed(reader, block.group(1), approve), text)
    finally:
        reader.end()
    if approve and new != text:
        with open(README, "w") as file:
            file.write(new)
        print("README.md is written anew")


def renewed(reader, block, approve):
    lines = []
    for command, expected in sections(block):
        actual = reader.output_of(command).rstrip("\n")
        if approve:
            expected = actual
        elif SHOWN_COROUTINES_PID in command and not FRAMES_COUNT:
            continue  # what lies in memory is the compiler's choice
        elif comparable(actual) != comparable(expected):
            sys.exit(f"README.md: $ {command}\nsays:\n{expected}\nbut it prints:\n{actual}\n"
                     f"(python3 tests/scripts/readme_test.py --approve writes it anew)")
        lines += [f"$ {command}", expected] if expected else [f"$ {command}"]
    return "```console\n" + "\n".join(lines) + "\n```"


def snippets(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def check_consumer(text):
    """A project of its own, with the README's CMake lines and programs."""
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        os.symlink(SOURCE, os.path.join(directory, "tasks"))
        for name, program_text in zip(("payments", "receipts"), snippets(text, "cpp"), strict=True):
            with open(os.path.join(directory, f"{name}.cpp"), "w") as file:
                file.write(program_text)
        with open(os.path.join(directory, "CMakeLists.txt"), "w") as file:
            file.write("cmake_minimum_required(VERSION 3.25)\nproject(Consumer CXX)\nset(CMAKE_CXX_STANDARD 20)\n"
                       "add_executable(payments payments.cpp)\nadd_executable(receipts receipts.cpp)\n" +
                       snippets(text, "cmake")[0] + "target_link_libraries(receipts PRIVATE Tasks::agent)\n")
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        build = os.path.join(directory, "build")
        for words in (["cmake", "-S", directory, "-B", build, "-G", "Ninja", *launcher], ["cmake", "--build", build]):
            result = run(*words, patience=280)
            assert result.returncode == 0, result.stdout + result.stderr
        assert not os.path.exists(os.path.join(build, "tasks/cli")), "a project that links the agent builds no command"
        for name, says in (("payments", "1 tasks\n"), ("receipts", "3 tasks\n1 tasks\n")):
            result = run(os.path.join(build, name), env={**os.environ, "TASKS_DIR": directory})
            assert (result.returncode, result.stdout, result.stderr) == (0, says, ""), result


def check_names(text):
    """Files, scripts and presets that the README names are there."""
    for path in re.findall(r"\b(?:sh|man) ([\w./-]+/[\w./-]+)|\]\(([\w./-]+)\)", text):
        name = path[0] or path[1]
        assert os.path.exists(os.path.join(SOURCE, name)), f"README.md names {name}, which is not there"
    with open(os.path.join(SOURCE, "CMakePresets.json")) as file:
        presets = [preset["name"] for preset in json.load(file)["workflowPresets"]]
    for preset in re.findall(r"cmake --workflow --preset (\w+)", text):
        assert preset in presets, f"README.md names the preset {preset}, which is not there"


def main():
    with open(README) as file:
        text = file.read()
    if "--approve" in sys.argv:
        check_commands(text, approve=True)
        return
    check_names(text)
    check_commands(text, approve=False)
    if FRAMES_COUNT:  # once is enough
        check_consumer(text)
    print(f"{len(BLOCK.findall(text))} blocks of commands are as README.md says")


main()
