#!/usr/bin/python3
# ctest: TIMEOUT 400
"""Each adapter of agent/include/tasks compiles alone, as C++20, with every compiler that is promised and without a
warning; also as the first of two that are included. The other headers do so together, that each is complete is the
linter's rule. A compiler that is not installed is said to be left out."""
import glob
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from example_process import SOURCE

COMPILERS = ["g++-12", "clang++-14", "clang++-16", "clang++-19"]
# Of each adapter: a header of its framework, without which it is left out, and what else the compiler is given.
OMP_TOOLS = sorted(glob.glob("/usr/lib/llvm-19/lib/clang/*/include"))
ADAPTERS = {
    "asio.hpp": ("boost/asio.hpp", []),
    "coroutine.hpp": ("coroutine", []),
    "fiber.hpp": ("boost/fiber/fiber.hpp", []),
    "future.hpp": ("future", []),
    "ompt.hpp": ("omp-tools.h", [word for place in OMP_TOOLS for word in ("-idirafter", place)]),
    "task_handle.hpp": ("string_view", []),
    "tbb.hpp": ("tbb/task_arena.h", []),
}


HEADERS = {os.path.basename(path) for path in glob.glob(os.path.join(SOURCE, "agent/include/tasks/*.hpp"))}


def plain():
    """Headers that are no adapter and no part of one (asio_queue.hpp is one of asio.hpp)."""
    stems = tuple(adapter.removesuffix(".hpp") + "_" for adapter in ADAPTERS)
    return sorted(header for header in HEADERS - set(ADAPTERS) if not header.startswith(stems))


def syntax(compiler, text, options):
    words = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++",
             "-I", os.path.join(SOURCE, "agent/include"), *options, "-"]
    return subprocess.run(words, input=text, capture_output=True, text=True, check=False)


def alone(job):
    compiler, adapter = job
    needed, options = ADAPTERS[adapter]
    text = (f"#if !__has_include(<{needed}>)\n#error left out\n#endif\n"
            f"#include <tasks/{adapter}>\n#include <tasks/{adapter}>\n")
    result = syntax(compiler, text, options)
    if result.returncode != 0 and "left out" in result.stderr:
        return f"{adapter}: left out: there is no <{needed}> here"
    assert result.returncode == 0, f"{compiler} {adapter}:\n{result.stderr[:4000]}"
    return None


def together(compiler):
    text = "".join(f"#include <tasks/{header}>\n" for header in plain())
    result = syntax(compiler, text, [])
    assert result.returncode == 0, f"{compiler} {plain()}:\n{result.stderr[:4000]}"


def main():
    there = [compiler for compiler in COMPILERS if shutil.which(compiler)]
    assert there, f"none of {COMPILERS} is installed"
    missing = set(ADAPTERS) - HEADERS
    assert not missing, f"there is no {missing}"
    jobs = [(compiler, adapter) for adapter in ADAPTERS for compiler in there]
    with ThreadPoolExecutor(2) as pool:
        said = {words for words in pool.map(alone, jobs) if words}
        list(pool.map(together, there))
    said |= {f"{compiler}: left out, it is not installed" for compiler in COMPILERS if compiler not in there}
    print(f"{len(ADAPTERS)} adapters, {len(plain())} other headers, {len(there)} compilers: {', '.join(there)}")
    print("\n".join(sorted(said)))


if __name__ == "__main__":
    sys.exit(main())
