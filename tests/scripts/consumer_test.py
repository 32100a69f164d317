#!/usr/bin/python3
"""Installed to a prefix, the agent is found, compiled, linked and run in every way that a program may have, is seen by
the installed command, and uninstalled without a trace."""
# ctest: TIMEOUT 600
import contextlib
import glob
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from example_process import BINARY, PATIENCE, SANITIZED, SOURCE, run

CONSUMER = Path(SOURCE) / "tests/consumer"
HEADERS = sorted(path.name for path in (Path(SOURCE) / "agent/include/tasks").iterdir())
CXX20_HEADERS = {"coroutine.hpp"}  # the others are C++17's too
LEAK_HEADERS = sorted(path.name for path in (Path(SOURCE) / "agent/leak_check/include/tasks").iterdir())
# ompt.hpp includes a header that LLVM keeps among a compiler's own.
OMP_TOOLS = [word for place in sorted(glob.glob("/usr/lib/llvm-*/lib/clang/*/include")) for word in ("-idirafter", place)
             if os.path.exists(os.path.join(place, "omp-tools.h"))]
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
PROGRAMS = ["cpp_agent", "cpp_agent_shared", "c_agent", "c_agent_shared"]
C11 = ["-std=c11", *STRICT]
CXX17 = ["-std=c++17", *STRICT]
RECORDS = ["install_manifest.txt", "install_made_directories.txt"]  # of the build directory


def done(*words, **options):
    """A finished command that must succeed; its output."""
    result = run(*map(str, words), patience=280, **options)
    assert result.returncode == 0, f"{' '.join(map(str, words))}: status {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout


def is_here(program):
    if shutil.which(program):
        return True
    print(f"{program} is not here: left out")
    return False


@contextlib.contextmanager
def kept_records():
    """What the build directory knows of another install is the same afterwards."""
    kept = {name: (Path(BINARY) / name).read_bytes() for name in RECORDS if (Path(BINARY) / name).exists()}
    for name in kept:
        (Path(BINARY) / name).unlink()
    try:
        yield
    finally:
        for name in RECORDS:
            (Path(BINARY) / name).unlink(missing_ok=True)
        for name, data in kept.items():
            (Path(BINARY) / name).write_bytes(data)


class Place:
    """A directory with a prefix that is installed to, and room for what is built."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.prefix = self.directory / "prefix"
        self.prefix.mkdir()
        self.number = 0
        pkgconfig = self.prefix / "lib/pkgconfig"
        self.environment = {**os.environ, "PKG_CONFIG_PATH": str(pkgconfig), "CMAKE_PREFIX_PATH": str(self.prefix)}

    def flags(self, *words):
        return done("pkg-config", *words, "tasks-agent", env=self.environment).split()

    def compiled(self, *words):
        """The program that a compiler's command makes."""
        self.number += 1
        program = self.directory / f"program{self.number}"
        done(*words, "-o", program)
        return program

    def built(self, name, *options):
        """The directory in which tests/consumer was built."""
        build = self.directory / name
        launcher = []
        if shutil.which("ccache"):
            launcher = [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("C", "CXX")]
        done("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", *launcher, *options, env=self.environment)
        done("cmake", "--build", build, env=self.environment)
        return build

    def inspect(self, program, **environment):
        """Runs the program, and looks at it with the installed command."""
        table = self.directory / "tasks"
        table.mkdir(mode=0o700, exist_ok=True)
        environment = {**os.environ, "TASKS_DIR": str(table), **environment}
        process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=environment)
        try:
            ready = select.select([process.stdout, process.stderr], [], [], PATIENCE)[0] == [process.stdout]
            assert ready and process.stdout.readline() == b"ready %d\n" % process.pid, process.communicate(b"")[1]
            self.look_at(process.pid, environment)
            output = process.communicate(b"", timeout=PATIENCE)
            assert (process.returncode, *output) == (0, b"", b""), (program, process.returncode, output)
        finally:
            process.kill()
            process.wait()
        assert not list(table.iterdir()), f"{program} leaves {list(table.iterdir())}"

    def look_at(self, pid, environment):
        tasks = self.prefix / "bin/tasks"
        assert done(tasks, "count", "-p", pid, env=environment) == "2\n"
        report = json.loads(done(tasks, "stack", "-p", pid, "--json", env=environment))
        assert report["name"] == "consumer", report
        groups = {group["name"]: group for group in report["groups"]}
        assert groups.keys() == {"consume", "queued"}, report
        group = groups["consume"]
        assert (group["wait_reason"], group["wait_name"]) == ("io read", "standard input"), group
        (task,) = group["tasks"]
        assert (task["label"]["key"], task["label"]["text"]) == ("order", "4711"), task
        queues = json.loads(done(tasks, "vitals", "-p", pid, "--json", env=environment))["queues"]
        assert queues == [{"name": "orders", "depth": 3}], queues
        if not group["no_stack"]:  # some machine may not tell what its threads do
            assert any(frame["function"] == "main" for frame in group["frames"]), group


def check_installed(place):
    """What is there, and nothing else."""
    done("cmake", "--install", BINARY, "--prefix", place.prefix)
    installed = {str(path.relative_to(place.prefix)) for path in place.prefix.rglob("*") if not path.is_dir()}
    library = {f"lib/libtasks_agent.{end}" for end in ("a", "so", "so.0", "so.0.1.0")}
    library |= {"lib/libtasks_leak_check.a"}
    headers = {f"include/tasks/{name}" for name in HEADERS + LEAK_HEADERS}
    package = {f"lib/cmake/Tasks/{name}" for name in
               ("TasksConfig.cmake", "TasksConfigVersion.cmake", "TasksTargets.cmake", "TasksInstrument.cmake",
                "TasksLeakCheckTargets.cmake",
                "standalone/asio/awaitable.hpp")}
    pages = {f"share/man/man{page.suffix[1:]}/{page.name}" for page in (Path(SOURCE) / "man").glob("*.[1-9]")}
    needed = library | headers | package | pages | {
        "bin/tasks", "lib/tasks/libtasks_preload.so", "lib/pkgconfig/tasks-agent.pc",
        "share/doc/tasks/README.md", "share/doc/tasks/LICENSE",
        "share/bash-completion/completions/tasks", "share/zsh/site-functions/_tasks",
        "share/fish/vendor_completions.d/tasks.fish"}
    assert needed <= installed, f"not installed: {needed - installed}"
    others = {name for name in installed - needed if not name.startswith((
        "lib/cmake/Tasks/TasksTargets-", "lib/cmake/Tasks/TasksLeakCheckTargets-", "share/doc/tasks/"))}
    assert not others, f"installed too: {others}"
    here = [str(path) for path in place.prefix.rglob("*") if path.suffix in (".cmake", ".pc")
            if SOURCE in path.read_text() or BINARY in path.read_text() or str(place.prefix) in path.read_text()]
    assert not here, f"{here} name a directory of this machine"


def check_headers(place):
    """Each header compiles alone, with every warning, in C++17 (where it does not need C++20) and C++20, and agent.h in C11."""
    include = place.prefix / "include"
    compilers = [words for words in (["g++", "-std=c++17"], ["g++", "-std=c++20"], ["clang++-14", "-std=c++17"],
                                     ["clang++-19", "-std=c++20"]) if is_here(words[0])]
    for header in HEADERS:
        if header.endswith(".h"):
            unit = place.directory / "unit.c"
            unit.write_text(f"#include <tasks/{header}>\nint main(void) {{ return 0; }}\n")
            done("gcc", "-std=c11", *STRICT, "-fsyntax-only", "-I", include, unit)
        for compiler, standard in compilers:
            wanted = "-std=c++20" if header in CXX20_HEADERS else standard
            done(compiler, wanted, *STRICT, "-fsyntax-only", "-I", include, *OMP_TOOLS, "-x", "c++", "-include",
                 include / "tasks" / header, os.devnull)


def check_package(place):
    """By find_package."""
    build = place.built("package")
    for name in PROGRAMS:
        place.inspect(build / name)


def check_leak_check(place):
    """The test library, as a component."""
    build = place.directory / "leaks"
    done("cmake", "-S", CONSUMER / "leaks", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={place.prefix}")
    done("cmake", "--build", build)
    environment = {**os.environ, "TASKS_DIR": str(place.directory / "leaks")}
    for name in ("leaks_agent", "leaks_gtest"):
        result = run(str(build / name), env=environment)
        text = result.stdout + result.stderr
        assert result.returncode == 1 and "1 task, job, runnable" in text and "leaking" in text, (result.returncode, text)


def check_directory(place):
    """By add_subdirectory, in a project whose own flags are at odds with ours."""
    build = place.built("directory", f"-DTASKS_DIRECTORY={SOURCE}", "-DCMAKE_CXX_FLAGS=-fno-exceptions -fno-rtti",
                        "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON")
    for name in PROGRAMS:
        place.inspect(build / name)
    made = {path.name for path in build.rglob("*") if path.is_file() and os.access(path, os.X_OK)}
    unwanted = made & {"tasks", "payments", "agent_tests", "protocol_tests"}
    assert not unwanted, f"a project that links the agent builds {unwanted}"


def check_pkg_config(place):
    """By pkg-config: shared, and fully static."""
    assert done("pkg-config", "--modversion", "tasks-agent", env=place.environment) == "0.1.0\n"
    for words in (["g++", *CXX17, CONSUMER / "main.cpp"], ["gcc", *C11, CONSUMER / "main.c"]):
        shared = place.compiled(*words, *place.flags("--cflags", "--libs"))
        place.inspect(shared, LD_LIBRARY_PATH=str(place.prefix / "lib"))
        place.inspect(place.compiled(*words, "-static", *place.flags("--static", "--cflags", "--libs")))


def check_compilers(place):
    """The archive alone, by other compilers and with other options."""
    archive = [f"-I{place.prefix}/include", CONSUMER / "main.cpp", place.prefix / "lib/libtasks_agent.a"]
    ways = [["g++", *CXX17, "-no-pie", "-fno-pie"], ["g++", *CXX17, "-O2", "-flto"], ["g++", "-std=c++20", *STRICT],
            ["g++", *CXX17, "-fno-exceptions", "-fno-rtti", "-Wl,--gc-sections"],
            ["clang++-14", *CXX17], ["clang++-14", *CXX17, "-fno-exceptions", "-fno-rtti"], ["clang++-19", *CXX17]]
    for words in ways:
        if is_here(words[0]):
            place.inspect(place.compiled(*words, *archive))


def check_run(place):
    """The installed command finds its library."""
    script = "grep -c libtasks_preload /proc/$$/maps; echo $LD_PRELOAD"
    text = done(place.prefix / "bin/tasks", "run", "--", "sh", "-c", script)
    assert int(text.split()[0]) > 0 and len(text.split()) == 1, text


def check_uninstalled(place):
    """What is not ours stays; of ours nothing."""
    other = place.prefix / "share/man/man1/other.1"
    other.write_text("not ours\n")
    uninstall = ["cmake", "-P", Path(BINARY) / "packaging/uninstall.cmake"]
    done(*uninstall)
    left = [path for path in place.prefix.rglob("*") if not path.is_dir()]
    assert left == [other], f"left behind: {left}"
    assert run(*map(str, uninstall)).returncode != 0, "nothing is installed, and uninstall does not say so"

    shutil.rmtree(place.prefix)
    place.prefix.mkdir()
    for _ in range(2):  # an install over another one
        done("cmake", "--install", BINARY, "--prefix", place.prefix)
    done(*uninstall)
    assert not list(place.prefix.iterdir()), f"left behind: {list(place.prefix.rglob('*'))}"


def main():
    if SANITIZED:
        print("the libraries of a sanitized build are not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory, kept_records():
        place = Place(directory)
        for check in (check_installed, check_headers, check_package, check_leak_check, check_pkg_config, check_compilers,
                      check_directory, check_run, check_uninstalled):
            check(place)
            print(check.__name__, flush=True)
    return 0


sys.exit(main())
