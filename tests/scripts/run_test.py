#!/usr/bin/python3
# ctest: TIMEOUT 300
"""`tasks run`: a program that knows nothing of the agent lives the same life with it, is listed, and its threads are told
with who created them, where and when; programs that it cannot be put into are refused with the reason."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from example_process import BINARY, SANITIZED, SOURCE, TASKS, Lines, run, tasks_json, until

LIBRARY = os.path.join(BINARY, "agent/preload/libtasks_preload.so")
SPAWNING = os.path.join(BINARY, "tests/targets/spawning")
SPAWNING_AGENT = os.path.join(BINARY, "tests/targets/spawning_agent")
# What a program sees of itself, but for its own pid. Numbers of files from 200 on are the agent's.
SELF = ("import os, sys, signal; print(sorted(f for f in map(int, os.listdir('/proc/self/fd')) if f < 200), "
        "list(os.environ.items()), os.getppid(), signal.pthread_sigmask(0, []), signal.getsignal(signal.SIGPIPE), "
        "os.getpriority(0, 0), sys.argv, open('/dev/null').fileno())")


def under(*words, options=()):
    return [TASKS, "run", *options, "--", *words]


class Program:
    """A program that says a line when it is ready, and stays."""

    def __init__(self, *words, **options):
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        **options)
        self.lines = Lines(self.process.stdout)
        self.pid = self.process.pid
        self.said = self.lines.next()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def threads_of(pid):
    """By creating function: the tasks of all groups, from its dump."""
    found = {}
    for group in tasks_json("stack", pid)["groups"]:
        by = group["created_by"]
        found.setdefault(by and re.search(r"(\w+)(\(\))?$", by["function"])[1], []).extend(
            {**task, "created_by": by, "frames": group["frames"]} for task in group["tasks"])
    return found


def line_of(function):
    with open(os.path.join(SOURCE, "tests/targets/spawning.cpp"), encoding="utf-8") as source:
        return next(number for number, line in enumerate(source, 1) if f"// creates: {function}" in line)


def has_births(pid):
    threads = threads_of(pid)
    [main] = [task for tasks in threads.values() for task in tasks if task["tid"] == pid]
    assert main["lived_ns"] is None and main["created_by_tid"] is None, main
    many = threads["spawn_by_std"]
    assert len(many) == 3 and {task["created_by_tid"] for task in many} == {pid}, many
    assert many[0]["created_by"]["line"] == line_of("spawn_by_std"), many[0]
    assert many[0]["created_by"]["file"].endswith("spawning.cpp"), many[0]
    [tiny] = threads["spawn_tiny"]
    [inner] = threads["spawn_within"]
    assert tiny["created_by_tid"] == pid, tiny
    assert inner["created_by_tid"] in {task["tid"] for task in threads["spawn_outer"]}, (inner, threads)
    for task in [*many, tiny, inner]:
        assert 0 < task["lived_ns"] < 60e9, task
        modules = [frame["module"] or "" for frame in task["frames"]]
        assert not any("preload" in module for module in modules), modules
    return threads


def test_births():
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "TASKS_DIR": directory}
        started = time.monotonic_ns()
        with Program(*under(SPAWNING, "stay", options=["--name", "a server"]), env=environment) as program:
            ready = time.monotonic_ns()
            os.environ["TASKS_DIR"] = directory
            [row] = [row for row in tasks_json("list")["processes"] if row["pid"] == program.pid]
            assert row["name"] == "a server" and row["tasks"] == row["threads"] == 7, row
            threads = has_births(program.pid)
            asked = time.monotonic_ns()
            lived = threads["spawn_tiny"][0]["lived_ns"]
            assert lived <= asked - started, (lived, asked - started)
            time.sleep(0.5)
            later = has_births(program.pid)["spawn_tiny"][0]["lived_ns"]
            assert 0.5e9 <= later - lived <= time.monotonic_ns() - ready + 0.1e9, (later, lived)
            assert tasks_json("vitals", program.pid)["tasks"]["total"] == 7
            text = run(TASKS, "stack", str(program.pid)).stdout
            assert re.search(rf"created by .*spawn_tiny +spawning.cpp:{line_of('spawn_tiny')}, in thread "
                             rf"{program.pid}, .* ago\n", text), text
            # It hangs: the table tells the births.
            os.kill(program.pid, signal.SIGSTOP)
            has_births(program.pid)
            os.kill(program.pid, signal.SIGKILL)
            program.process.wait()
            dead = until("a dead row", lambda: tasks_json("list", "--dead")["processes"])
            told = run(TASKS, "stack", f"{program.pid}@{dead[0]['start_time_ticks']}").stdout
            assert "6 threads that it had created were alive" in told, told
        del os.environ["TASKS_DIR"]


def test_many_threads():
    """Faster made than the table is at first large: of few, on a loaded machine, there is no room for the birth, or for the
    thread itself, which is told. A thread that has not yet run is not yet known."""
    with Program(*under(SPAWNING, "stay", "1000")) as program:
        def all_are_told():
            report = tasks_json("stack", program.pid, "--timeout", "60s")
            assert report["tasks"] == 1004, report["tasks"]
            born = [task for group in report["groups"] for task in group["tasks"] if task["lived_ns"] is not None]
            reasons = " ".join(entry["reason"] for entry in report["incomplete"])
            lacks = sum(map(int, re.findall(r"of (\d+) threads? it is not known who created it: threads were", reasons)))
            assert lacks < 100, reasons
            return len(born) + lacks == 1003
        until("every thread's birth is told, or that it is not known", all_are_told)


def test_program_with_an_agent():
    """It keeps its own agent, which gets the births."""
    with Program(*under(SPAWNING_AGENT, "stay")) as program:
        assert "error" not in program.said, program.said
        has_births(program.pid)
        [row] = [row for row in tasks_json("list")["processes"] if row["pid"] == program.pid]
        assert row["name"] == "spawning_agent", row
        names = {group["name"] for group in tasks_json("stack", program.pid)["groups"]}
        assert "its own job" in names, names


def test_leak_checks():
    """Of a program with leak checks they tell the same: its own agent goes on, and its functions stand before libc's."""
    checks = os.path.join(BINARY, "tests/targets/leaks_gtest")
    leaking = run(*under(checks, "--gtest_filter=leaks.thread_late_answer"))
    assert leaking.returncode == 1 and "found unexpected tasks: 1 task still lives" in leaking.stdout, leaking.stdout
    repaired = run(*under(checks, "--gtest_filter=repaired.thread_late_answer"))
    assert repaired.returncode == 0, repaired.stdout


def test_same_life():
    """Files, environment, signals, arguments, output, status."""
    environments = [{}, {"LD_PRELOAD": ""}, {"LD_PRELOAD": "libm.so.6:libdl.so.2"}, {"TASKS_DIR": "/tmp"}]
    for extra in environments:
        environment = {"PATH": os.environ["PATH"], "A": "1", **extra, "Z": "2"}
        plain, with_agent = (run(*words, env=environment) for words in
                             ([sys.executable, "-c", SELF, "--", "x y"], under(sys.executable, "-c", SELF, "--", "x y")))
        assert plain.stdout == with_agent.stdout and not with_agent.stderr, (plain, with_agent)
    for how in ["storm", "fail", "exit", "cancel", "fork", "exec", "close", "status"]:
        plain, with_agent = run(SPAWNING, how), run(*under(SPAWNING, how))
        same = (plain.returncode, plain.stdout, plain.stderr)
        assert same == (with_agent.returncode, with_agent.stdout, with_agent.stderr), (how, plain, with_agent)
        assert plain.stdout, how
    killed = subprocess.Popen(under("sleep", "1000"))
    until("sleep", lambda: open(f"/proc/{killed.pid}/comm").read() == "sleep\n")
    killed.terminate()
    assert killed.wait(10) == -signal.SIGTERM
    # No file of the agent's stays.
    with tempfile.TemporaryDirectory() as directory:
        assert run(*under(SPAWNING, "status"), env={**os.environ, "TASKS_DIR": directory}).returncode == 7
        assert os.listdir(directory) == [], os.listdir(directory)


def test_children():
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "TASKS_DIR": directory}
        for options, instances in (([], 1), (["--children"], 2)):
            words = under(sys.executable, "-c", "import subprocess, sys; p = subprocess.Popen(['sleep', '1000']); "
                          "print(p.pid, flush=True); sys.stdin.read(); p.kill()", options=options)
            with Program(*words, env=environment) as program:
                until("its agents", lambda: len([f for f in os.listdir(directory) if f.endswith(".sock")]) >= instances)
                found = [int(name.split("-")[0]) for name in os.listdir(directory) if name.endswith(".sock")]
                assert program.pid in found, (program.pid, found)
                assert (int(program.said) in found) == bool(options), (found, options)
                os.kill(int(program.said), signal.SIGKILL)


def test_scripts():
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "TASKS_DIR": directory}
        for first in (f"#!{sys.executable} -u", "#!/usr/bin/env python3"):
            script = os.path.join(directory, "script")
            with open(script, "w", encoding="utf-8") as file:
                file.write(f"{first}\nimport os, sys\nprint(os.environ.get('LD_PRELOAD'), flush=True)\nsys.stdin.read()\n")
            os.chmod(script, 0o755)
            with Program(*under(script), env=environment) as program:
                assert program.said == "None", program.said
                until("its socket", lambda: any(name.startswith(f"{program.pid}-") and name.endswith(".sock")
                                                for name in os.listdir(directory)))


def refused(*words, says, status=3, **options):
    result = run(*under(*words), **options)
    assert result.returncode == status and not result.stdout, result
    assert says in result.stderr, result.stderr
    error = json.loads(run(TASKS, "run", "--json", "--", *words, **options).stdout)["error"]
    assert error["message"] + "\n" in result.stderr, (error, result.stderr)


def test_refusals():
    refused("no-such-program", says="no directory of PATH has it")
    refused("/etc/passwd", says="Permission denied")
    refused("/tmp", says="it is no file")
    refused("sleep", "0", says="TASKS_AGENT=off", env={**os.environ, "TASKS_AGENT": "off"})
    assert run(TASKS, "run", "sleep").returncode == 2
    assert run(TASKS, "run", "--").returncode == 2
    with tempfile.TemporaryDirectory() as directory:
        source = os.path.join(directory, "main.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("int main(void) { return 0; }\n")
        program = os.path.join(directory, "program")
        for words, says in ((["-static"], "it is static"), (["-static-pie"], "it is static"),
                            (["-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"], "musl"),
                            (["-Wl,--dynamic-linker=/lib/ld-other.so"], "its loader is /lib/ld-other.so"),
                            (["-fsanitize=address"], "libasan.so")):
            assert run("gcc", source, "-o", program, *words).returncode == 0
            refused(program, says=says)
        assert run("gcc", source, "-o", program).returncode == 0
        with open(program, "r+b") as file:  # for a 32-bit machine
            file.seek(4)
            file.write(b"\1")
        refused(program, says="another machine than x86-64")
        with open(program, "w", encoding="utf-8") as file:
            file.write("true\n")
        refused(program, says="neither a program nor a script")
        with open(program, "w", encoding="utf-8") as file:
            file.write("#!/no/such/interpreter\n")
        refused(program, says="its interpreter /no/such/interpreter")
    if os.getuid() != 0:
        refused(shutil.which("su"), says="setuid")
    else:
        result = run("setpriv", "--reuid", "65534", "--clear-groups", *under("/bin/su"))
        assert result.returncode == 3 and "setuid" in result.stderr, result


def test_library():
    facts = run("readelf", "--dynamic", "--wide", LIBRARY).stdout
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", facts))
    assert needed <= {"libc.so.6", "ld-linux-x86-64.so.2"} and "NODELETE" in facts and "TEXTREL" not in facts, facts
    exported = run("nm", "--dynamic", "--defined-only", LIBRARY).stdout.split()
    assert exported[2::3] == ["pthread_create"], exported


def main():
    if SANITIZED:
        print("a sanitizer must be loaded before all others: tasks run has no library in this build")
        return 77
    for test in (test_library, test_refusals, test_same_life, test_births, test_many_threads, test_program_with_an_agent, test_leak_checks,
                 test_children, test_scripts):
        test()
        print(test.__name__, "holds", flush=True)
    return 0


sys.exit(main())
