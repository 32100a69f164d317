#!/usr/bin/python3
"""The check of texts, names and includes finds each breach that it is there for, and passes what is right."""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = os.path.join(os.path.dirname(__file__), "../..")
CHECK = os.path.join(SOURCE, "tests/lint/sources.py")

RIGHT = {
    "protocol/include/tasks/protocol/frame.hpp": "#pragma once\n#include <tasks/protocol/result.hpp>\n",
    "protocol/src/frame.cpp": "#include <tasks/protocol/frame.hpp>\n#include <protozero/pbf_reader.hpp>\n",
    "agent/include/tasks/agent.hpp": "#include <tasks/export.h>\n",
    "agent/src/server.cpp": '#include "server.hpp"\n#include <unistd.h>\n',
    "agent/src/server.hpp": "#include <tasks/protocol/frame.hpp>\n",
    "cli/inspect/unwind/unwinder.cpp": "#include <elfutils/libdwfl.h>\n",
    "cli/render/list.cpp": "#include <fmt/format.h>\n",
    "tests/cli/list_test.cpp": "x\n" * 500,
}

# What is added to the tree, and what must be said of it.
BREACHES = [
    ("agent/src/long.cpp", "\n" * 501, "has 501 lines"),
    ("docs/long.txt", "x\n" * 501, "has 501 lines"),
    ("agent/src/string_util.cpp", "", "named 'util'"),
    ("cli/unwind/list.cpp", "", "same name as"),
    ("agent/src/x.cpp", '#include "../include/tasks/agent.hpp"\n', "without ../"),
    ("tests/agent/x_test.cpp", '#include "../fixture.hpp"\n', "without ../"),
    ("agent/src/x.cpp", '#include "capture/snapshot.hpp"\n', "is not in agent/src"),
    ("agent/src/x.cpp", "#include <fmt/format.h>\n", "a library that this layer may not use"),
    ("agent/src/x.cpp", "#include <elfutils/libdw.h>\n", "a library that this layer may not use"),
    ("agent/include/tasks/x.hpp", "#include <tasks/protocol/frame.hpp>\n", "may not include"),
    ("protocol/src/x.cpp", "#include <tasks/agent.hpp>\n", "may not include"),
    ("cli/inspect/unwind/x.cpp", "#include <tasks/agent.hpp>\n", "may not include"),
    ("cli/inspect/unwind/x.cpp", '#include "render/render.hpp"\n', "is not in cli/inspect"),
    ("cli/inspect/unwind/x.cpp", "#include <CLI/CLI.hpp>\n", "a library that this layer may not use"),
    ("cli/inspect/analysis/x.cpp", "#include <unistd.h>\n", "no input or output"),
    ("agent/src/x.cpp", "int x; \n", "blanks at the end"),
    ("README.md", "TODO: write this\n", "'TODO'"),
]


def check(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w") as file:
                file.write(text)
        result = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True)
        assert not result.stderr, result.stderr
        return result.returncode, result.stdout


def missing_names(page):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(page)
        file.flush()
        result = subprocess.run([sys.executable, os.path.join(SOURCE, "tests/lint/public_names.py"), SOURCE, file.name],
                                capture_output=True, text=True)
    assert not result.stderr, result.stderr
    return result.returncode, result.stdout


def check_public_names():
    """Names of each sort are missed where the page lacks them: a class, a member, an enumerator, a C function."""
    page = ""
    for name in ("man/tasks-agent.3", "man/tasks-crash-dump.3", "man/tasks-adapters.7"):
        with open(os.path.join(SOURCE, name)) as file:
            page += file.read()
    assert missing_names(page) == (0, ""), missing_names(page)
    for name in ("JobHandle", "waits", "table_cap_bytes", "most_text_bytes", "rwlock_write", "write_profile",
                 "tasks_handle_move", "TASKS_WAIT_NIL", "start_after_fork"):
        status, said = missing_names(re.sub(rf"\b{name}\b", "", page))
        assert status == 1 and f": {name}\n" in said, (name, said)


def main():
    status, said = check(RIGHT)
    assert (status, said) == (0, ""), said
    for path, text, sentence in BREACHES:
        status, said = check({**RIGHT, path: text})
        assert status == 1, f"{path} with {text!r:.60} passes"
        assert said.startswith(path + ":") and sentence in said and said.count("\n") == 1, said
    check_public_names()
    print(f"{len(BREACHES)} breaches found")


main()
