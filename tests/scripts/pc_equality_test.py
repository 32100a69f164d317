#!/usr/bin/python3
# ctest: TIMEOUT 900
"""Program counters of all threads, captured from outside without a stop, equal those of eu-stack, which stops each
thread and reads its registers: for 1,001 blocked threads and for threads in odd frames, built by g++ and clang++ in many
ways. The *second* eu-stack run counts: the first one's stops make epoll_wait return with EINTR. With arguments, or words
in TASKS_TEST_PC_BUILDS: only the builds whose name contains one of them."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("TASKS_SOURCE_DIR", os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
BINARY = os.environ.get("TASKS_BINARY_DIR", os.path.join(SOURCE, "build/dev"))
TRACE_PCS = os.path.join(BINARY, "tests/checks/trace_pcs")
LEAST_EQUAL = 0.999
PATIENCE = 300  # seconds, for what takes two: a sanitized program on a loaded machine


def builds():
    """Name, source, compiler words, program words."""
    frames = {"frames-omitted": "-fomit-frame-pointer", "frame-pointers": "-fno-omit-frame-pointer"}
    for compiler in ("g++", "clang++-19"):
        for optimization in ("-O0", "-O2"):
            for frame_name, frame in frames.items():
                words = [compiler, optimization, frame]
                name = f"{compiler}{optimization}-{frame_name}"
                yield f"blocked-{name}", "tests/targets/blocked.cpp", words, ["1000"]
                yield f"odd-{name}", "tests/checks/odd_frames.cpp", words, ["10"]
    for frame_name, frame in frames.items():
        words = ["g++", "-O3", "-flto", frame]
        yield f"blocked-g++-O3-lto-{frame_name}", "tests/targets/blocked.cpp", words, ["1000"]
        yield f"odd-g++-O3-lto-{frame_name}", "tests/checks/odd_frames.cpp", words, ["10"]
    yield "odd-g++-static", "tests/checks/odd_frames.cpp", ["g++", "-O2", "-static"], ["10"]
    yield "odd-g++-stripped", "tests/checks/odd_frames.cpp", ["g++", "-O2", "-s", "-fno-omit-frame-pointer"], ["10"]


def compile_target(source, words, program):
    result = subprocess.run([*words, "-std=c++20", "-g", "-pthread", os.path.join(SOURCE, source), "-o", program],
                            capture_output=True, text=True, timeout=PATIENCE)
    assert result.returncode == 0, f"{' '.join(words)} {source}:\n{result.stderr}"


def pcs_by_thread(text):
    """{tid: [pc, ...]} from the lines "TID 12:" and "#0  0x..."."""
    threads, pcs = {}, None
    for line in text.splitlines():
        if thread := re.match(r"TID (\d+):", line):
            pcs = threads.setdefault(int(thread[1]), [])
        elif (pc := re.match(r"#\d+\s+(0x[0-9a-f]+)", line)) and pcs is not None:
            pcs.append(int(pc[1], 16))
    return threads


def output(*words):
    result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    return result.stdout


def ours(pid):
    text = output(TRACE_PCS, str(pid))
    ended_early = [line for line in text.splitlines() if re.match(r"TID \d+: ", line)]
    return pcs_by_thread(text), ended_early


def theirs(pid):
    return pcs_by_thread(output("eu-stack", "-q", "-n", "0", "-p", str(pid)))


def first_difference(expected, got):
    same = next((i for i, pair in enumerate(zip(expected, got)) if pair[0] != pair[1]), min(len(expected), len(got)))
    told = [[hex(pc) for pc in pcs[max(0, same - 1):same + 3]] for pcs in (expected, got)]
    return f"eu-stack {len(expected)} frames, here {len(got)}; from frame {max(0, same - 1)} {told[0]}, here {told[1]}"


def where_all_stand(pid):
    """{tid: what its syscall file says}; a thread that ends meanwhile counts as running."""
    stands = {}
    for tid in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
                stands[tid] = file.read()
        except OSError:
            stands[tid] = "running"
    return stands


def settle(pid):
    """Returns when all threads stand still at the same places at two looks, 50 ms apart."""
    end = time.monotonic() + PATIENCE
    before = None
    while True:
        now = where_all_stand(pid)
        if now == before and not any(text.startswith("running") for text in now.values()):
            return
        assert time.monotonic() < end, f"process {pid} does not come to rest"
        before = now
        time.sleep(0.05)


def compare(name, pid):
    settle(pid)
    got, ended_early = ours(pid)
    expected = theirs(pid)
    different = [tid for tid in expected if expected[tid] != got.get(tid)]
    print(f"{name}: {len(expected)} threads, {len(different)} different, {len(ended_early)} not whole", flush=True)
    for tid in different[:3]:
        print("  " + first_difference(expected[tid], got.get(tid, [])))
    for line in ended_early[:3]:
        print("  " + line)
    assert len(expected) >= 50, f"{name}: eu-stack saw {len(expected)} threads only"
    return max(len(different), len(ended_early)) <= len(expected) * (1 - LEAST_EQUAL)


def check(name, program, words):
    process = subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline().decode()
        assert line.startswith("ready"), f"{name}: said {line!r} instead of ready"
        undisturbed = compare(name, process.pid)
        return compare(name + ", again", process.pid) and undisturbed
    finally:
        process.kill()
        process.communicate()


def main(wanted):
    for tool in ("eu-stack", "g++", "clang++-19"):
        if not shutil.which(tool):
            print(f"{tool} is not installed: skipped")
            sys.exit(77)
    failed = []
    with tempfile.TemporaryDirectory(prefix="tasks-pcs-") as directory:
        for name, source, compiler, words in builds():
            if wanted and not any(part in name for part in wanted):
                continue
            program = os.path.join(directory, name)
            compile_target(source, compiler, program)
            if not check(name, program, words):
                failed.append(name)
            os.unlink(program)
    assert not failed, f"program counters differ from eu-stack's: {failed}"


if __name__ == "__main__":
    main(sys.argv[1:] or os.environ.get("TASKS_TEST_PC_BUILDS", "").split())
