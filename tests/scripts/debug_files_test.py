#!/usr/bin/python3
# ctest: TIMEOUT 600
"""Names and lines from the files of a process, whatever became of them: DWARF 4 and 5, compressed, split (.dwo and
.dwp), moved by dwz, in separate debug files that are found by build-id and by link, here and in the process's own root;
replaced on disk by another program, or deleted, while it runs. A debug file of another build is refused. Servers are
asked with --debuginfod only. Never a wrong name: every frame in the program's own files has its true one, or none.
TASKS_TEST_DEBUG_FORMATS=all: every compiler with every format; some of them unless set."""
import contextlib
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

from example_process import SOURCE, TASKS, run

PROGRAM = os.path.join(SOURCE, "tests/targets/layered.cpp")
LIBRARY = os.path.join(SOURCE, "tests/targets/layered_library.cpp")
COMPILERS = [name for name in ("g++", "clang++-19") if shutil.which(name)]
ALL = os.environ.get("TASKS_TEST_DEBUG_FORMATS") == "all"
CALM = ("--timeout", "60s")


def marked():
    lines = {}
    for path in (PROGRAM, LIBRARY):
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if mark := re.search(r"// line: (\w+)", line):
                    lines[mark[1]] = (os.path.basename(path), number)
    return lines


LINES = marked()
BUILT = {}  # where the files of each way to compile are kept
KEPT = tempfile.TemporaryDirectory(prefix="tasks-debug-kept-")
MAIN = ["layered::wait_inlined", "layered::hidden", "layered::shown", "main"]
THREAD = ["library_hidden", "library_entry"]


def compiled(directory, compiler="g++", words=("-gdwarf-5",), program=(), library=(), name="layered"):
    """The program and its library, compiled in that directory as split debug information wants it."""
    key = (compiler, *words, *program, *library)
    if key in BUILT and "-gsplit-dwarf" not in words:
        shutil.copytree(BUILT[key], directory, dirs_exist_ok=True)
        return os.path.join(directory, name)
    os.makedirs(directory, exist_ok=True)
    common = [compiler, "-std=c++20", "-O2", *words]
    so, out = os.path.join(directory, "liblayered.so"), os.path.join(directory, name)
    for command in ([*common, "-fPIC", *library, "-c", LIBRARY, "-o", "library.o"],
                    [*common, "-Wl,--build-id", "-shared", "-Wl,-soname,liblayered.so", "library.o", *library, "-o", so],
                    [*common, *program, "-c", PROGRAM, "-o", "program.o"],
                    [*common, "-Wl,--build-id", *program, "-rdynamic", "program.o", so, "-pthread",
                     "-Wl,-rpath,$ORIGIN", "-o", out]):
        subprocess.run(command, check=True, cwd=directory)
    BUILT[key] = f"{tempfile.mkdtemp(dir=KEPT.name)}/built"
    shutil.copytree(directory, BUILT[key])
    return out


@contextlib.contextmanager
def running(program, **options):
    process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options)
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def report(pid, *words, **options):
    result = run(TASKS, "stack", str(pid), "--json", *CALM, *words, **options)
    assert result.returncode == 0, result
    return json.loads(result.stdout)


def frames(told):
    """Of both files, innermost first, by thread: [(function, file, line, inlined), ...]."""
    stacks = []
    for group in told["groups"]:
        stack = [frame for frame in group["frames"] if "layered" in (frame["module"] or "")]
        if stack:
            stacks.append(stack)
    return stacks


def name_of(frame):
    return None if frame["function"] is None else frame["function"].split("(")[0]


def right(told, inlined=True, prefix=""):
    """All names and lines are there, and right."""
    stacks = {len(THREAD) if name_of(stack[-1]) == "library_entry" else 0: stack for stack in frames(told)}
    wanted = MAIN if inlined else MAIN[1:]
    for expected, stack in ((wanted, stacks[0]), (THREAD, stacks[len(THREAD)])):
        stack = [frame for frame in stack if name_of(frame) not in ("_start", "std::thread")]
        names = [name_of(frame) for frame in stack][:len(expected)]
        assert names == expected, (names, expected, told["incomplete"])
        for frame, name in zip(stack, names):
            mark = name.split("::")[-1]
            file, line = LINES[mark]
            if not inlined and mark == "hidden":
                file, line = LINES["wait_inlined"]
            assert (os.path.basename(frame["file"] or ""), frame["line"]) == (file, line), (frame, told["incomplete"])
    return told


def nothing_wrong(told, exported=("layered::shown", "main", "library_entry")):
    """Exported names, module+0x.. for the rest; no lines."""
    seen = []
    for stack in frames(told):
        for frame in stack:
            name = name_of(frame)
            assert name is None or name in (*exported, "_start", "std::thread") or name.startswith("_"), frame
            assert frame["line"] is None and frame["file"] is None, frame
            assert frame["module"] and frame["address"], frame
            seen.append(name)
    assert None in seen, seen
    assert set(exported) <= set(seen), seen
    return told


def check(directory, compiler, *words, test=right, program=(), library=()):
    path = compiled(directory, compiler, words, program, library)
    with running(path) as pid:
        test(report(pid))
    return path


def separated(path, link=None, strip=("--strip-all",), compress=()):
    """The debug file of a program, which is stripped; `link`: its name beside it."""
    debug = path + ".debug" if link is None else os.path.join(os.path.dirname(path), link)
    subprocess.run(["objcopy", "--only-keep-debug", *compress, path, debug], check=True)
    subprocess.run(["strip", *strip, path], check=True)
    if link is not None:
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", path], check=True, cwd=os.path.dirname(path))
    return debug


def build_id(path):
    told = subprocess.run(["readelf", "-n", path], check=True, capture_output=True, text=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", told)[1]


def both(path):
    return path, os.path.join(os.path.dirname(path), "liblayered.so")


def test_formats(directory):
    formats = [(compiler, *words) for compiler in COMPILERS
               for words in (["-gdwarf-4"], ["-gdwarf-5"], ["-gdwarf-4", "-gz=zlib"], ["-gdwarf-5", "-gz=zlib"])]
    for compiler, *words in formats if ALL else formats[::3]:
        check(directory, compiler, *words)
    check(directory, "g++", "-gdwarf-4", "-gz=zlib-gnu")
    if not ALL:
        return
    check(directory, "g++", "-gdwarf-5", "-fdebug-types-section")
    check(directory, "g++", "-gdwarf-5", "-fno-omit-frame-pointer", program=["-flto"])
    if "clang++-19" in COMPILERS:
        check(directory, "clang++-19", "-gdwarf-5", "-gz=zstd", test=right_or_said)


def right_or_said(told):
    """elfutils before 0.189 has no zstd: symbols name the functions then, and it is said."""
    if not any("cannot be read" in str(one) for one in told["incomplete"]):
        right(told)
        return
    for stack in frames(told):
        for frame in stack:
            assert frame["line"] is None, frame


def split_words(compiler, version):
    return [f"-gdwarf-{version}", "-gsplit-dwarf"]


def test_split(directory):
    packers = {"g++": shutil.which("dwp"), "clang++-19": shutil.which("llvm-dwp-19") or shutil.which("llvm-dwp")}
    for compiler in COMPILERS:
        for version in (4, 5) if ALL else (4,) if compiler == "g++" else (5,):
            place = os.path.join(directory, f"{compiler}-{version}")
            path = check(place, compiler, *split_words(compiler, version))
            objects = [os.path.join(place, name) for name in os.listdir(place) if name.endswith(".dwo")]
            assert objects, os.listdir(place)
            packed = False
            if packers[compiler]:
                done = [subprocess.run([packers[compiler], "-e", one, "-o", one + ".dwp"], cwd=place,
                                       capture_output=True).returncode == 0 for one in both(path)]
                packed = all(done)
            print(f"  {compiler} DWARF {version}: packed by {packers[compiler]}: {packed}", flush=True)
            for one in objects:
                os.rename(one, one + ".away")
            if packed:
                with running(path) as pid:
                    right(report(pid))
                for one in both(path):
                    os.unlink(one + ".dwp")
            with running(path) as pid:
                told = right(report(pid), inlined=False)
                assert any("split debug information" in str(one) for one in told["incomplete"]), told["incomplete"]
                os.mkfifo(objects[0])  # opening it would hang
                right(report(pid), inlined=False)
                os.unlink(objects[0])
    other = os.path.join(directory, "other")
    path = check(other, "g++", "-gdwarf-5", "-gsplit-dwarf")
    with running(path) as pid:
        shutil.copy(os.path.join(directory, "g++-4/library.dwo.away"), os.path.join(other, "library.dwo"))
        shutil.copy(os.path.join(directory, "clang++-19-5/program.dwo.away"), os.path.join(other, "program.dwo"))
        right(report(pid), inlined=False)


def test_dwz(directory):
    if not shutil.which("dwz"):
        print("  dwz is not installed: skipped")
        return
    more = [word for header in ("map", "string", "functional", "vector") for word in ("-include", header)]
    path = compiled(directory, "g++", ["-gdwarf-4", "-fno-eliminate-unused-debug-types", *more])
    shared = os.path.join(directory, "shared.debug")
    subprocess.run(["dwz", "-m", shared, "-M", shared, *both(path)], check=True)
    names = subprocess.run(["readelf", "-SW", path], check=True, capture_output=True, text=True).stdout
    print("  .gnu_debugaltlink:", ".gnu_debugaltlink" in names, flush=True)
    with running(path) as pid:
        right(report(pid))
        if ".gnu_debugaltlink" in names:
            os.rename(shared, shared + ".away")
            told = report(pid)
            assert all(frame["line"] is None for stack in frames(told) for frame in stack), told
            assert "dwz" in str(told["incomplete"]), told["incomplete"]


def test_stripped(directory):
    path = compiled(os.path.join(directory, "bare"))
    for one in both(path):
        subprocess.run(["strip", "--strip-all", one], check=True)
    with running(path) as pid:
        nothing_wrong(report(pid))

    path = compiled(os.path.join(directory, "linked"))
    debug = [separated(one, os.path.basename(one) + ".dbg") for one in both(path)]
    with running(path) as pid:
        right(report(pid))
        for one in debug:
            os.makedirs(os.path.join(os.path.dirname(one), ".debug"), exist_ok=True)
            os.rename(one, os.path.join(os.path.dirname(one), ".debug", os.path.basename(one)))
        right(report(pid))

    # Without build-ids the link's checksum decides.
    words = ["-gdwarf-5"]
    path = compiled(os.path.join(directory, "checked"), "g++", words, ["-Wl,--build-id=none"], ["-Wl,--build-id=none"])
    debug = [separated(one, os.path.basename(one) + ".dbg") for one in both(path)]
    with running(path) as pid:
        right(report(pid))
        for one in debug:
            with open(one, "ab") as file:
                file.write(b"x")
        nothing_wrong(report(pid))

    # A debug file of another build.
    other = compiled(os.path.join(directory, "other"), "g++", words, ["-DLAYERED_SECOND"], ["-DLAYERED_SECOND"])
    for one in both(other):
        separated(one, os.path.basename(one) + ".dbg")
    path = compiled(os.path.join(directory, "wrong"))
    for one, wrong in zip(both(path), both(other)):
        separated(one, os.path.basename(one) + ".dbg")
        shutil.copy(wrong + ".dbg", one + ".dbg")
    with running(path) as pid:
        nothing_wrong(report(pid))


def test_by_build_id(directory):
    """Below /usr/lib/debug/.build-id; needs root for our own place."""
    if os.geteuid() != 0:
        print("  not root: /usr/lib/debug is not written to: skipped")
        return
    path = compiled(directory)
    placed = []
    try:
        for one in both(path):
            debug = separated(one)
            number = build_id(one)
            folder = f"/usr/lib/debug/.build-id/{number[:2]}"
            os.makedirs(folder, exist_ok=True)
            placed.append(shutil.move(debug, f"{folder}/{number[2:]}.debug"))
        with running(path) as pid:
            right(report(pid))
            for one in placed:  # compressed too
                subprocess.run(["objcopy", "--compress-debug-sections=zlib", one], check=True)
            right(report(pid))
            for one in placed:
                os.unlink(one)
            nothing_wrong(report(pid))
    finally:
        for one in placed:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(one)
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(one))


def test_in_its_root(directory):
    """The process's files and debug files are in a mount namespace of its own."""
    if os.geteuid() != 0 or run("unshare", "-m", "true").returncode != 0:
        print("  no mount namespace may be made: skipped")
        return
    inside, hidden = os.path.join(directory, "seen"), os.path.join(directory, "kept")
    path = compiled(hidden)
    for one in both(path):
        separated(one, os.path.basename(one) + ".dbg")
    os.makedirs(inside)
    script = f"mount --bind {hidden} {inside} && exec {inside}/layered"
    process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"ready\n"
        assert not os.listdir(inside)
        right(report(process.pid))
    finally:
        process.kill()
        process.communicate()


def replaced(path, other):
    """As package managers do: another file takes the name."""
    shutil.copy(other, path + ".new")
    os.rename(path + ".new", path)


def test_replaced(directory):
    second = compiled(os.path.join(directory, "second"), "g++", ["-gdwarf-5"], ["-DLAYERED_SECOND"],
                      ["-DLAYERED_SECOND"])
    may_read_mapped = os.geteuid() == 0
    for what in ("program", "library", "both", "deleted"):
        path = compiled(os.path.join(directory, what))
        with running(path) as pid:
            right(report(pid))
            if what in ("program", "both"):
                replaced(both(path)[0], both(second)[0])
            if what in ("library", "both"):
                replaced(both(path)[1], both(second)[1])
            if what == "deleted":
                for one in both(path):
                    os.unlink(one)
            told = report(pid)
            for stack in frames(told):
                assert not any("second_" in (frame["function"] or "") for frame in stack), stack
            if may_read_mapped:
                right(told)
            elif what != "program":
                assert told["incomplete"], told


class Server(http.server.BaseHTTPRequestHandler):
    files, asked, silent = {}, [], threading.Event()

    def do_GET(self):
        Server.asked.append(self.path)
        if Server.silent.is_set():
            threading.Event().wait(20)
            return
        content = Server.files.get(self.path)
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_):
        pass


def test_debuginfod(directory):
    if run("ldconfig", "-p").stdout.find("libdebuginfod.so.1") < 0:
        print("  libdebuginfod is not installed: skipped")
        return
    path = compiled(directory)
    for one in both(path):
        debug = separated(one)
        with open(debug, "rb") as file:
            Server.files[f"/buildid/{build_id(one)}/debuginfo"] = file.read()
        os.unlink(debug)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "DEBUGINFOD_URLS": f"http://127.0.0.1:{server.server_port}/",
                   "DEBUGINFOD_CACHE_PATH": os.path.join(directory, "cache"), "no_proxy": "127.0.0.1"}
    with running(path) as pid:
        nothing_wrong(report(pid, env=environment))
        assert not Server.asked, Server.asked
        right(report(pid, "--debuginfod", env=environment))
        assert Server.asked
        unset = {key: value for key, value in environment.items() if key != "DEBUGINFOD_URLS"}
        assert "DEBUGINFOD_URLS" in str(nothing_wrong(report(pid, "--debuginfod", env=unset))["incomplete"])
        Server.silent.set()
        environment["DEBUGINFOD_CACHE_PATH"] += "2"
        result = run(TASKS, "stack", str(pid), "--json", "--debuginfod", "--timeout", "2s", env=environment, patience=15)
        assert result.returncode == 0, result
        assert "no answer" in str(nothing_wrong(json.loads(result.stdout))["incomplete"]), result.stdout
    server.shutdown()


def main(wanted):
    if not COMPILERS:
        print("no compiler is installed: skipped")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="tasks-debug-") as directory:
        for name, test in list(globals().items()):
            if not name.startswith("test_") or (wanted and not any(part in name for part in wanted)):
                continue
            print(name, flush=True)
            test(os.path.join(directory, name))


if __name__ == "__main__":
    main(sys.argv[1:])
