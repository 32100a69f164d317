#!/usr/bin/python3
"""Rules about the text of the tree: lengths, names, includes, words. Prints a line for each breach; status 1 if any.

usage: sources.py ROOT
"""
import os
import re
import sys

LONGEST_FILE = 500
SKIPPED_DIRECTORIES = {".git", "build", "__pycache__"}
BANNED_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}
BANNED_WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK|[Hh]elpers?|[Ii]ssue #?[0-9]+)\b")
SOURCES = (".cpp", ".hpp", ".c", ".h")

# What each layer may include, the first line that matches a file's path counts. "quoted" are the directories in which
# a quoted include may be found, "tasks" the <tasks/...> headers, "foreign" other projects' headers.
LIBRARY = r"protozero/|boost/interprocess/|CLI/|fmt/|rapidjson/|elfutils/|dwarf\.h|gelf\.h|libelf\.h|zlib\.h|capstone/|catch2/"
ELFUTILS = r"elfutils/|dwarf\.h|gelf\.h|libelf\.h|zlib\.h"
PROTOCOL = r"protocol/"
LAYERS = [
    ("protocol/include/", {"quoted": [], "tasks": PROTOCOL, "foreign": r"$^"}),
    ("protocol/", {"quoted": ["protocol/src"], "tasks": PROTOCOL, "foreign": r"protozero/"}),
    ("agent/include/", {"quoted": [], "tasks": r"([a-z_]+\.hpp|export\.h)$", "foreign": r"$^"}),
    ("agent/examples/", {"quoted": ["agent/examples", "agent/examples/payments"], "tasks": r"[a-z_]+\.hpp$",
                         "foreign": r"$^"}),
    ("agent/preload/", {"quoted": ["agent/src", "agent/preload"], "tasks": r"", "foreign": r"$^"}),
    ("agent/leak_check/include/", {"quoted": [], "tasks": r"[a-z_0-9]+\.hpp$", "foreign": r"catch2/"}),
    ("agent/leak_check/", {"quoted": ["agent/leak_check/src", "agent/src", "agent/preload", "cli", "cli/inspect"],
                           "tasks": r"", "foreign": r"$^"}),
    ("agent/", {"quoted": ["agent/src"], "tasks": r"", "foreign": r"boost/interprocess/"}),
    ("cli/inspect/saved/", {"quoted": ["cli/inspect"], "tasks": PROTOCOL, "foreign": r"protozero/"}),
    ("cli/inspect/coroutines/", {"quoted": ["cli/inspect"], "tasks": PROTOCOL, "foreign": ELFUTILS + r"|capstone/"}),
    ("cli/inspect/", {"quoted": ["cli/inspect"], "tasks": PROTOCOL, "foreign": ELFUTILS}),
    ("cli/render/", {"quoted": ["cli", "cli/inspect"], "tasks": PROTOCOL, "foreign": r"fmt/|rapidjson/"}),
    ("cli/", {"quoted": ["cli", "cli/inspect"], "tasks": PROTOCOL, "foreign": r"CLI/|fmt/|rapidjson/"}),
]
# Analysis and rendering do no input or output.
PURE = ("cli/render/", "cli/inspect/analysis/")
SYSTEM_HEADERS = re.compile(r"(fstream|iostream|cstdio|fcntl\.h|unistd\.h|poll\.h|dirent\.h|sys/.*)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

breaches = []


def breach(path, line, sentence):
    breaches.append(f"{path}:{line}: {sentence}")


def files_of(root):
    for directory, directories, names in os.walk(root):
        directories[:] = sorted(set(directories) - SKIPPED_DIRECTORIES)
        for name in sorted(names):
            yield os.path.relpath(os.path.join(directory, name), root)


def text_of(root, path):
    """The file's lines; None for what is no text."""
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None


def check_text(path, lines):
    if len(lines) > LONGEST_FILE:
        breach(path, len(lines), f"has {len(lines)} lines, {LONGEST_FILE} are the most")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and path.endswith(SOURCES + (".py", ".sh", "CMakeLists.txt")):
            breach(path, number, "blanks at the end of the line")
        word = BANNED_WORDS.search(line)
        if word and not path.startswith("tests/lint/") and path != "tests/scripts/lint_test.py":
            breach(path, number, f"'{word.group()}': not a word for this project's texts")


def check_name(path):
    stem = os.path.splitext(os.path.basename(path))[0]
    for word in re.split(r"[^A-Za-z]+", stem):
        if word.lower() in BANNED_NAMES:
            breach(path, 1, f"a file named '{word}' says nothing about what is in it")


def check_twins(paths):
    seen = {}
    for path in paths:
        parts = path.split("/")
        if not path.endswith(SOURCES) or len(parts) < 2:
            continue
        layer = "/".join(parts[:2]) if parts[0] == "tests" or path.startswith("agent/examples/") else parts[0]
        first = seen.setdefault((layer, parts[-1]), path)
        if first != path:
            breach(path, 1, f"has the same name as {first}")


def check_include(root, path, number, kind, header, layer):
    if header.startswith("../") or "/../" in header:
        breach(path, number, f'"{header}": name it from the layer\'s root, without ../')
    elif kind == '"':
        found = any(os.path.exists(os.path.join(root, place, header)) for place in layer["quoted"])
        if not found:
            breach(path, number, f'"{header}" is not in {", ".join(layer["quoted"]) or "this layer"}')
    elif header.startswith("tasks/"):
        if not re.match(layer["tasks"], header[len("tasks/"):]):
            breach(path, number, f"<{header}> belongs to a layer that this one may not include")
    elif re.match(LIBRARY, header) and not re.match(layer["foreign"], header):
        breach(path, number, f"<{header}> is a library that this layer may not use")
    if path.startswith(PURE) and SYSTEM_HEADERS.match(header):
        breach(path, number, f"<{header}>: analysis and rendering do no input or output")


def check_includes(root, path, lines):
    rules = next((rules for prefix, rules in LAYERS if path.startswith(prefix)), None)
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include and rules:
            check_include(root, path, number, include.group(1), include.group(2), rules)
        elif include and "../" in include.group(2):
            breach(path, number, f'"{include.group(2)}": name it from an include directory, without ../')


def main():
    root = sys.argv[1]
    paths = list(files_of(root))
    for path in paths:
        check_name(path)
        lines = text_of(root, path)
        if lines is None:
            continue
        check_text(path, lines)
        if path.endswith(SOURCES):
            check_includes(root, path, lines)
        if path.endswith(".py"):
            compile("\n".join(lines), path, "exec")
    check_twins(paths)
    print("\n".join(breaches), end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
