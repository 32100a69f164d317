#!/usr/bin/python3
"""An include upward does not compile: shown with each layer's real compiler command."""
import json
import os
import shlex
import subprocess
import sys
import tempfile

SOURCE = os.environ["TASKS_SOURCE_DIR"]
BINARY = os.environ["TASKS_BINARY_DIR"]

# A file of this folder gives the command; the first include must compile with it, the others must not be found.
LAYERS = [
    ("protocol/src/", "<tasks/protocol/frame.hpp>",
     ["<tasks/agent.hpp>", '"registry.hpp"', '"capture/snapshot.hpp"', '"render/render.hpp"']),
    ("agent/src/", "<tasks/agent.hpp>", ["<tasks/leak_check.hpp>", '"capture/snapshot.hpp"', '"unwind/unwinder.hpp"', '"render/render.hpp"']),
    ("agent/examples/", "<tasks/agent.hpp>", ["<tasks/protocol/frame.hpp>", '"registry.hpp"']),
    ("cli/inspect/", '"capture/snapshot.hpp"', ['"render/render.hpp"', "<tasks/agent.hpp>", '"registry.hpp"']),
    ("cli/render/", '"render/render.hpp"', ["<tasks/agent.hpp>", '"registry.hpp"']),
]


def command_of(folder):
    with open(os.path.join(BINARY, "compile_commands.json")) as file:
        for entry in json.load(file):
            if os.path.relpath(entry["file"], SOURCE).startswith(folder):
                return entry
    sys.exit(f"compile_commands.json has no file of {folder}")


def compiled(entry, include, directory):
    """Status and errors of the layer's compiler on a file with that include alone."""
    probe = os.path.join(directory, "probe.cpp")
    with open(probe, "w") as file:
        file.write(f"#include {include}\n")
    words = shlex.split(entry["command"])
    words = words[:words.index("-o")] + ["-fsyntax-only", probe]
    result = subprocess.run(words, cwd=entry["directory"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return result.returncode, result.stderr


def main():
    with tempfile.TemporaryDirectory() as directory:
        for folder, allowed, upward in LAYERS:
            entry = command_of(folder)
            status, errors = compiled(entry, allowed, directory)
            assert status == 0, f"{folder}: {allowed} does not compile:\n{errors}"
            for include in upward:
                status, errors = compiled(entry, include, directory)
                assert status != 0, f"{folder} can include {include}"
                missing = f"{include[1:-1]}: No such file" in errors or f"'{include[1:-1]}' file not found" in errors
                assert missing, f"{folder}: {include} fails for another reason:\n{errors}"
            print(f"{folder}: {allowed} compiles, {', '.join(upward)} not found")


main()
