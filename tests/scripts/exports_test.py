#!/usr/bin/python3
"""The agent's libraries hold what agent/include declares, and no other name that could meet one of the host's."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from example_process import BINARY, SANITIZED, SOURCE

INCLUDE = os.path.join(SOURCE, "agent/include")
SHARED = os.path.join(BINARY, "agent/libtasks_agent.so")
STATIC = os.path.join(BINARY, "agent/libtasks_agent.a")
MOST_BYTES = 250 * 1024
VERSION = "TASKS_0"
LIBRARIES = {"libstdc++.so.6", "libgcc_s.so.1", "libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
FUNCTIONS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl", "CXXConversionDecl"}


def output(*words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True).stdout


def syntax_trees():
    """What clang reads in the headers: a tree for each outermost declaration that has `tasks` in its name."""
    headers = sorted(os.listdir(os.path.join(INCLUDE, "tasks")))
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
        source.writelines(f"#include <tasks/{header}>\n" for header in headers)
        source.flush()
        text = output("clang++-19", "-std=c++20", "-fsyntax-only", f"-I{INCLUDE}", "-Xclang", "-ast-dump=json",
                      "-Xclang", "-ast-dump-filter=tasks", source.name)
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        tree, at = decoder.raw_decode(text, at)
        yield tree
        at = text.find("{", at)


def functions(tree):
    """The functions that are declared in it, those of templates aside, which the host's compiler makes."""
    kind = tree.get("kind", "")
    if kind in FUNCTIONS:
        yield tree
    elif not kind.endswith(("TemplateDecl", "TemplatePartialSpecializationDecl")):
        for inner in tree.get("inner", []):
            yield from functions(inner)


def names_of(function):
    """Its symbols: a constructor or destructor has one for complete objects and one for bases."""
    name = function["mangledName"]
    for complete, base in (("C1E", "C2E"), ("D1E", "D2E")):
        if function["kind"] in ("CXXConstructorDecl", "CXXDestructorDecl") and complete in name:
            return {name, name.replace(complete, base, 1)}
    return {name}


def declared():
    """Symbols that the libraries must have, and those of functions that headers define, which they may have."""
    needed, allowed = set(), set()
    for tree in syntax_trees():
        for function in functions(tree):
            if function.get("explicitlyDeleted") or "explicitlyDefaulted" in function:
                continue
            kinds = {inner["kind"] for inner in function.get("inner", [])}
            in_header = "CompoundStmt" in kinds or function.get("inline") or function.get("constexpr")
            (allowed if in_header else needed).update(names_of(function))
    assert len(needed) > 20, needed
    return needed, allowed


def global_symbols(*words):
    """Names that `nm` calls global and defined; a version node is no symbol."""
    lines = [line.split() for line in output("nm", "--defined-only", "--extern-only", *words).splitlines()]
    return {words[-1] for words in lines if len(words) == 3 and words[1] != "A"}


def readable(names):
    return subprocess.run(["c++filt"], input="\n".join(sorted(names)), capture_output=True, text=True).stdout


def compare(what, found, needed, allowed):
    missing, others = needed - found, found - needed - allowed
    assert not missing, f"{what} lacks, though agent/include declares them:\n{readable(missing)}"
    assert not others, f"{what} has, though agent/include does not declare them:\n{readable(others)}"


def check_shared(needed, allowed):
    versions = {name.partition("@@") for name in global_symbols("--dynamic", "--with-symbol-versions", SHARED)}
    assert {version for _, _, version in versions} == {VERSION}, versions
    compare("the shared library", {name for name, _, _ in versions}, needed, allowed)
    facts = output("readelf", "--dynamic", "--wide", SHARED)
    assert "[libtasks_agent.so.0]" in facts and "NODELETE" in facts and "TEXTREL" not in facts, facts
    libraries = {line.split("[")[1].rstrip("]") for line in facts.splitlines() if "(NEEDED)" in line}
    assert libraries <= LIBRARIES, libraries


def check_static(needed, allowed):
    compare("the archive", global_symbols(STATIC), needed, allowed)
    with tempfile.TemporaryDirectory() as directory:  # complete: nothing that it needs is missing
        output("g++", "-shared", "-Wl,-z,defs", "-Wl,--whole-archive", STATIC, "-Wl,--no-whole-archive", "-o",
               f"{directory}/whole.so")


def check_size():
    with tempfile.NamedTemporaryFile() as stripped:
        output("strip", "--strip-all", SHARED, "-o", stripped.name)
        size = os.stat(stripped.name).st_size
    print(f"libtasks_agent.so, stripped: {size} bytes of {MOST_BYTES}")
    assert size <= MOST_BYTES


def main():
    if SANITIZED:
        print("the libraries of a sanitized build hold the sanitizer's names")
        return 77
    if not shutil.which("clang++-19"):
        print("clang++-19 is not here to read the headers")
        return 77
    needed, allowed = declared()
    check_size()
    check_shared(needed, allowed)
    check_static(needed, allowed)
    print(f"{len(needed)} symbols are exported, as agent/include declares them")
    return 0


sys.exit(main())
