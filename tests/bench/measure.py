"""Runs the bench programs and the command, and prints one table: what, measured, budget.

Wall times are the best of several runs: noise of other processes only ever adds. Children are started with
posix_spawn, which costs what the row "/bin/true" says; it is not subtracted.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import big_program

MILLION = 1_000_000


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, measured, unit, budget=None, at_least=False, note=""):
        """budget None: only for comparison."""
        verdict = ""
        if measured is None:
            text = "not measured"
        else:
            text = f"{measured:,.3g} {unit}" if isinstance(measured, float) and measured < 100 else f"{measured:,.0f} {unit}"
            if budget is not None:
                kept = measured >= budget if at_least else measured <= budget
                verdict = "kept" if kept else "OVER"
        bound = "" if budget is None else f"{'>=' if at_least else '<='} {budget:,g} {unit}"
        self.rows.append((what, text.strip(), bound.strip(), verdict, note))

    def print(self):
        head = ("WHAT", "MEASURED", "BUDGET", "", "NOTE")
        widths = [max(len(row[at]) for row in [head] + self.rows) for at in range(5)]
        for what, measured, budget, verdict, note in [head] + self.rows:
            print(
                f"{what:<{widths[0]}}  {measured:>{widths[1]}}  {budget:>{widths[2]}}  "
                f"{verdict:<{widths[3]}}  {note}".rstrip()
            )


class Run:
    """One run of a command to its end, its output thrown away."""

    def __init__(self, argv):
        null = os.open(os.devnull, os.O_RDWR)
        to_null = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
        begin = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=to_null)
        _, status, usage = os.wait4(pid, 0)
        self.ms = (time.perf_counter() - begin) * 1000
        self.max_rss_mib = usage.ru_maxrss / 1024
        os.close(null)
        if status != 0:
            raise RuntimeError(f"{' '.join(argv)} ended with status {os.waitstatus_to_exitcode(status)}")


def best(argv, runs):
    return min((Run(argv) for _ in range(runs)), key=lambda run: run.ms)


class Staying:
    """A program that says "ready" and stays until its standard input ends."""

    def __init__(self, *argv):
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        self.pid = self.process.pid

    def __enter__(self):
        self.wait_ready()
        return self

    def wait_ready(self):
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            raise RuntimeError(f"{self.process.args[0]} did not get ready: {line!r}")

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def figures(*argv):
    """The "KEY VALUE" lines that a bench program prints."""
    output = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT).stdout
    return {key: float(value) for key, value in (line.split() for line in output.splitlines())}


def table_blocks_mib(directory, pid):
    """What the table of that process takes on its tmpfs."""
    for name in os.listdir(directory):
        if name.startswith(f"{pid}-") and name.endswith(".table"):
            return os.stat(os.path.join(directory, name)).st_blocks * 512 / 1024 / 1024
    return None


def hot_paths(table, bench):
    seen = figures(f"{bench}_hot_paths")
    over = f"over an empty loop of {seen['nothing_ns']:.2g} ns"
    table.add("job begin + end", seen["job_ns"], "ns", 15, note=over)
    table.add("wait enter + leave", seen["wait_ns"], "ns", 15, note=over)
    table.add("handle begin + end", seen["handle_ns"], "ns", note=over)
    table.add("handle begin + run + end", seen["carried_handle_ns"], "ns", note=over)
    table.add("label begin + end", seen["label_ns"], "ns", note=f"a number, {over}")
    table.add("job, each of two threads", 100 * seen["job_kept"], "%", 85, True, "of one thread's rate, CPU time")
    table.add("wait, each of two threads", 100 * seen["wait_kept"], "%", 85, True, "of one thread's rate, CPU time")
    traced = "tasks::traced over plain"
    table.add("coroutine create + destroy", seen["coroutine_ns"], "ns", 12, note=traced)
    table.add("coroutine suspend + resume", seen["coroutine_turn_ns"], "ns", 12, note=f"{traced}, with its age")
    table.add("coroutine, each of two threads", 100 * seen["coroutine_kept"], "%", 85, True, "created and destroyed")
    table.add("suspend, each of two threads", 100 * seen["coroutine_turn_kept"], "%", 85, True, "suspended and resumed")
    table.add("tasks::count()", seen["count_us"], "us", 25, note="1,000 threads")


def idle(table, bench, directory):
    seen = figures(f"{bench}_idle")
    table.add("idle agent, context switches", seen["idle_switches"], "", 0, note="of its thread, in 3 s")
    table.add("idle agent, RSS", seen["idle_rss_kib"] / 1024, "MiB", 1, note="more than without, table apart")
    with Staying(f"{bench}_idle", "stay") as process:
        table.add("idle agent, table", 1024 * table_blocks_mib(directory, process.pid), "KiB", 512, note="tmpfs blocks")


def rss_kib(pid):
    """Of memory that is the process's own, and of files: the table is in shared memory, and counted apart."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["RssAnon"].split()[0]) + int(lines["RssFile"].split()[0])


def server(table, bench, directory):
    seen = figures(f"{bench}_http_pool", "pairs")
    cost = f"{seen['http_plain_us']:.2f} and {seen['http_marked_us']:.2f} us of CPU a request, best of runs by turns"
    table.add("server with Job, Label, Wait", 100 * seen["http_kept"], "%", 98, True, f"of its throughput without: {cost}")
    plain, observed, blocks = [], [], None
    for _ in range(5):
        with Staying(f"{bench}_http_pool", "stay", "plain") as process:
            plain.append(rss_kib(process.pid))
        with Staying(f"{bench}_http_pool", "stay", "observed") as process:
            observed.append(rss_kib(process.pid))
            blocks = table_blocks_mib(directory, process.pid)
    more = (statistics.median(observed) - statistics.median(plain)) / 1024
    table.add("  RSS", more, "MiB", 1, note="more than without, table apart, medians of 5")
    table.add("  table", 1024 * blocks, "KiB", 512, note="tmpfs blocks")


def asio_echo(table, bench):
    """Two programs, by turns, the best of each."""
    plain = instrumented = float("inf")
    for _ in range(6):
        plain = min(plain, figures(f"{bench}_asio_echo_plain")["echo_us"])
        instrumented = min(instrumented, figures(f"{bench}_asio_echo")["echo_us"])
    cost = f"{plain:.2f} and {instrumented:.2f} us of CPU an echo, 1,000 connections"
    table.add("Asio echo server, instrumented", 100 * plain / instrumented, "%", 97, True, f"of its throughput without: {cost}")


def start(table, bench):
    starts = [figures(f"{bench}_start")["start_us"] / 1000 for _ in range(200)]
    note = f"median of {len(starts)} processes, the quickest {min(starts):.2f} ms"
    table.add("start of an agent", statistics.median(starts), "ms", 1, note=note)


def leak_checks(table, bench):
    took = figures(f"{bench}_leak_checks")
    table.add("leak check, clean, beside 1,000 jobs", took["clean_jobs"] / 1e3, "us", 100)
    table.add("leak check, clean, beside 1,000 threads", took["clean_threads"] / 1e3, "us", 100)
    table.add("leak check, 100,000 leaked, after the grace time", took["leaked"] / 1e6, "ms", 300,
              note=f"{took['found']:,.0f} found")


def library(table, binaries):
    shared = f"{binaries}/agent/libtasks_agent.so"
    strip = shutil.which("strip")
    size = None
    if strip and os.path.exists(shared):
        with tempfile.NamedTemporaryFile() as stripped:
            subprocess.run([strip, "-o", stripped.name, shared], check=True)
            size = os.stat(stripped.name).st_size / 1024
    table.add("libtasks_agent.so, stripped", size, "KiB", 250)


def command(table, bench, tasks):
    table.add("/bin/true", best(["/bin/true"], 50).ms, "ms", note="what starting any process costs here")
    table.add("tasks version", best([tasks, "version"], 50).ms, "ms", 3)
    with Staying(f"{bench}_idle", "stay") as process:
        table.add("tasks vitals", best([tasks, "vitals", str(process.pid)], 50).ms, "ms", 5)
    processes = [Staying(f"{bench}_idle", "stay") for _ in range(200)]
    for process in processes:
        process.wait_ready()
    table.add("tasks list", best([tasks, "list"], 20).ms, "ms", 20, note="200 agents")
    for process in processes:
        process.__exit__()


def leaks(table, bench, tasks):
    """One look each, in turn: medians of ratios. An agent keeps the number that count asks it for; leaks reads each task's
    record, a third of a microsecond, and the functions on each stack."""
    for jobs, runs in ((1000, 15), (100_000, 15), (MILLION, 5)):
        with Staying(f"{bench}_waiting_jobs", str(jobs)) as process:
            pairs = [(Run([tasks, "leaks", str(process.pid), "--for", "0"]).ms, Run([tasks, "count", str(process.pid)]).ms)
                     for _ in range(runs)]
        ratio = statistics.median(ours / count for ours, count in pairs)
        ours, count = (statistics.median(each) for each in zip(*pairs))
        table.add(f"tasks leaks, {jobs:,} jobs", ratio, "times count", 1, note=f"{ours:.3g} ms to {count:.3g}, one look")


def every_process(table, tasks, target):
    """Of 1,000 C++ processes without an agent; a second look knows them by pid and start time."""
    processes = [Staying(target, "1") for _ in range(1000)]
    try:
        for process in processes:
            process.wait_ready()
        table.add("tasks list -a, first look", Run([tasks, "list", "-a"]).ms, "ms", 250, note="1,000 C++ processes")
        table.add("  next looks", best([tasks, "list", "-a"], 10).ms, "ms", 60, note="best of 10")
    finally:
        for process in processes:
            process.__exit__()


def blocked(table, tasks, target):
    with Staying(target) as process:
        pid = str(process.pid)
        ours = best([tasks, "stack", pid], 10)
        table.add("tasks stack", ours.ms, "ms", 150, note=f"1,000 blocked threads, lines and inlines, {ours.max_rss_mib:.0f} MiB")
        others = (
            ("eu-stack", ["-p", pid], 2, "functions only"),
            ("gdb", ["-nx", "-batch", "-p", pid, "-ex", "thread apply all bt"], 1, "with lines"),
        )
        for name, arguments, runs, note in others:
            program = shutil.which(name)
            run = best([program, *arguments], runs) if program else None
            ratio = f", {run.ms / ours.ms:.1f} times ours" if run else ""
            table.add(f"  {name}", run.ms if run else None, "ms", note=f"the same process, {note}{ratio}")


def without_agent(table, tasks, target):
    """The same in one run: eu-stack with lines and inlines takes half a minute."""
    with Staying(target) as process:
        pid = str(process.pid)
        ours = best([tasks, "stack", pid], 10)
        table.add("tasks stack, no agent", ours.ms, "ms", 200, note=f"1,000 blocked threads, lines and inlines, {ours.max_rss_mib:.0f} MiB")
        table.add("tasks deadlocks, no agent", best([tasks, "deadlocks", pid], 10).ms, "ms", 60, note="the same process")
        others = (
            ("gdb", ["-nx", "-batch", "-p", pid, "-ex", "thread apply all bt"], 10),
            ("eu-stack", ["-i", "-s", "-n", "0", "-p", pid], 50),
        )
        for name, arguments, times in others:
            program = shutil.which(name)
            run = Run([program, *arguments]) if program else None
            table.add(f"  {name} takes", run.ms / ours.ms if run else None, "times ours", times, True,
                      note=f"{run.ms:,.0f} ms, with lines" if run else "not installed")


def big(table, tasks, directory):
    """Cold: the first look, with the file out of the page cache."""
    program = big_program.build(directory)
    with Staying(program, "100") as process:
        pid = str(process.pid)
        drop_from_cache(program)
        first = Run([tasks, "stack", pid])
        again = best([tasks, "stack", pid], 5)
        note = f"100 threads, {os.stat(program).st_size / 1e6:.0f} MB, of debug information the most"
        table.add("big program, first look", first.ms, "ms", 400, note=f"{note}, dropped from the page cache")
        table.add("  next looks", again.ms, "ms", 400, note="best of 5")
        table.add("  max RSS of the command", first.max_rss_mib, "MiB", 150)


def drop_from_cache(path):
    """Its pages that nobody maps."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def running(table, binaries, tasks, directory):
    """Threads that spin, of a process whose agent does not answer: its socket is taken away."""
    with open("/proc/sys/kernel/perf_event_paranoid", encoding="ascii") as setting:
        paranoid = f"perf_event_paranoid {setting.read().strip()}, {os.cpu_count()} processors"
    facts, refusing = f"{binaries}/tests/checks/running_facts", f"{binaries}/tests/checks/refusing"
    ways = (("sampled", [], paranoid), ("held", [refusing, "perf", "--"], "perf events refused"))
    for threads, budget in ((8, 50), (64, 600)):
        with Staying(f"{binaries}/tests/targets/spinning", str(threads)) as process:
            for name in os.listdir(directory):
                if name.startswith(f"{process.pid}-") and name.endswith(".sock"):
                    os.unlink(os.path.join(directory, name))
            pid = str(process.pid)
            for way, prefix, note in ways:
                captured = [subprocess.run([*prefix, facts, pid], check=True, stdout=subprocess.PIPE, text=True).stdout
                            for _ in range(5)]
                took = min(float(one.split()[-1]) for one in captured)
                answered = min(one.count(" ran ") for one in captured)
                table.add(f"{threads} spinning threads, {way}", took, "ms", budget,
                          note=f"{answered} answered at the least, {note}")
                whole = best([*prefix, tasks, "stack", pid], 5)
                table.add("  tasks stack", whole.ms, "ms", note="from its start to its end, with lines")


def crash(table, binaries):
    """From the fault to the handler that was there before, which the program has tell it; the kernel's core apart."""
    def took(**asked):
        words = [f"{binaries}/tests/targets/crasher", "segv", asked.pop("tasks", "0")]
        environment = {**ENVIRONMENT, "TASKS_BINARY": "/nonexistent", "CRASHER_HANDLER": "returns", **asked}
        told = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment).stdout.decode()
        return re.search(r"(\d+) allocations, (\d+) us", told).groups()
    runs = [took(tasks="10000") for _ in range(5)]
    table.add("raw crash dump", min(int(us) for _, us in runs) / 1000, "ms", 200, note="10,000 tasks, best of 5")
    table.add("  allocations", max(int(count) for count, _ in runs), "", 0)
    threads = [took(CRASHER_THREADS="10000") for _ in range(3)]
    table.add("  of threads", min(int(us) for _, us in threads) / 1000, "ms", note="10,000 that wait, each with its stack")


def million(table, bench, tasks, directory):
    with Staying(f"{bench}_waiting_jobs", str(MILLION)) as process:
        run = best([tasks, "stack", str(process.pid)], 10)
        blocks = table_blocks_mib(directory, process.pid)
        table.add("tasks stack, 1,000,000 jobs", run.ms, "ms", 150, note="waiting jobs, grouped")
        table.add("  max RSS of the command", run.max_rss_mib, "MiB", 64, note="13 MiB less where libc6-dbg is not installed")
        table.add("  table of the process", blocks, "MiB", note="tmpfs blocks, 128 bytes a job")
        vitals = best([tasks, "vitals", str(process.pid)], 10)
        table.add("  tasks vitals", vitals.ms, "ms", note=f"the same process, {vitals.max_rss_mib:.0f} MiB")


def million_coroutines(table, bench, tasks):
    with Staying(f"{bench}_waiting_jobs", str(MILLION), "coroutines") as process:
        run = best([tasks, "stack", str(process.pid)], 10)
        note = f"registered, suspended, grouped, {run.max_rss_mib:.0f} MiB"
        table.add("tasks stack, 1,000,000 coroutines", run.ms, "ms", 200, note=note)
    with Staying(f"{bench}_waiting_coroutines", str(MILLION)) as process:
        whole = best([tasks, "stack", str(process.pid)], 3)
        note = f"each frame found in memory and joined with its record, {whole.max_rss_mib:.0f} MiB"
        table.add("  with their frames", whole.ms, "ms", note=note)


def coroutines(table, bench, tasks):
    """Of a process that knows nothing of us. Cold: its file out of the page cache, and never seen before."""
    program, mebibytes = f"{bench}_suspended_coroutines", "1024"
    copy = min(figures(program, "copy", mebibytes)["copy_ms"] for _ in range(3))
    with Staying(program, "20000", mebibytes) as process:
        pid = str(process.pid)
        drop_from_cache(program)
        first = Run([tasks, "stack", pid])
        again, count = best([tasks, "stack", pid], 10), best([tasks, "count", pid], 10)
        output = subprocess.run([tasks, "stack", pid, "--json"], check=True, stdout=subprocess.PIPE, env=ENVIRONMENT).stdout
        answer = json.loads(output)
        chains = sum(group["count"] for group in answer["groups"] if group["kind"] == "coroutine")
        note = f"{chains:,} chains of 5, 50 functions, among 1 GiB; a copy of that takes {copy:.0f} ms"
        table.add("coroutines, first look", first.ms, "ms", 1500, note=note)
        table.add("  next looks", again.ms, "ms", 600, note=f"{again.ms / copy:.1f} times the copy")
        table.add("  tasks count", count.ms, "ms", 300, note=f"{count.ms / copy:.1f} times the copy")
        table.add("  max RSS of the command", max(first.max_rss_mib, again.max_rss_mib), "MiB", 200)
        table.add("  the process is held", (answer["held_ns"] or 0) / 1e6, "ms", 0)


def main(binaries):
    binaries = os.path.abspath(binaries)
    tasks = f"{binaries}/cli/tasks"
    bench = f"{binaries}/tests/bench/bench"
    table = Table()
    with tempfile.TemporaryDirectory(prefix="tasks-bench-", dir="/dev/shm") as directory:
        ENVIRONMENT["TASKS_DIR"] = directory
        ENVIRONMENT["XDG_CACHE_HOME"] = os.path.join(directory, "cache")  # empty: what was seen before counts as new
        hot_paths(table, bench)
        idle(table, bench, directory)
        server(table, bench, directory)
        asio_echo(table, bench)
        start(table, bench)
        leak_checks(table, bench)
        library(table, binaries)
        command(table, bench, tasks)
        leaks(table, bench, tasks)
        every_process(table, tasks, f"{binaries}/tests/targets/blocked_plain")
        blocked(table, tasks, f"{binaries}/tests/targets/blocked")
        without_agent(table, tasks, f"{binaries}/tests/targets/blocked_plain")
        with tempfile.TemporaryDirectory(prefix="tasks-bench-", dir="/var/tmp") as scratch:
            big(table, tasks, scratch)
        running(table, binaries, tasks, directory)
        crash(table, binaries)
        million(table, bench, tasks, directory)
        million_coroutines(table, bench, tasks)
        coroutines(table, bench, tasks)
    table.print()


ENVIRONMENT = {**os.environ, "DEBUGINFOD_URLS": ""}

if __name__ == "__main__":
    main(sys.argv[1])
