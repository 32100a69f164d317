#!/usr/bin/python3
"""Every public name of the agent's headers stands in man/tasks-agent.3 or tasks-crash-dump.3, or, of adapters, in
man/tasks-adapters.7.
Prints those that do not; status 1 if any.

usage: public_names.py ROOT PAGES_AS_TEXT
"""
import glob
import os
import re
import sys

# Words before a parenthesis that name nothing public, and macros that only mark declarations.
NOT_NAMES = {"noexcept", "decltype", "sizeof", "static_cast", "defined", "alignas", "if", "return", "explicit", "default",
             "move", "requires"}


def without_inner_namespaces(text):
    """What is in tasks::something is the adapters' own."""
    return re.sub(r"namespace tasks::(\w+) \{.*?\} // namespace tasks::\1", "", text, flags=re.S)


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def without_bodies(text):
    """Function bodies and initializers are no declarations: `) ... { ... }` and default arguments go."""
    text = re.sub(r"\{\}", "", text)
    while True:
        shorter = re.sub(r"(\)[\w\s]*(?::[^{};]*)?)\{[^{}]*\}", r"\1;", text)
        if shorter == text:
            return text
        text = shorter


def public_only(text):
    """Classes without their private and protected parts."""
    return re.sub(r"\b(?:private|protected):.*?(?=\bpublic:|\n\};)", "", text, flags=re.S)


def names_of_cpp(text):
    text = without_comments(without_inner_namespaces(text))
    text = public_only(without_bodies(re.sub(r"^#.*", "", text, flags=re.M)))
    names = set(re.findall(r"\b(?:class|struct|enum class)\s+(?:TASKS_EXPORT\s+)?(\w+)\s*(?::[^{;]*)?\{", text))
    for body in re.findall(r"enum class \w+[^{]*\{([^}]*)\}", text):
        names |= set(re.findall(r"^\s*(\w+)\s*(?:=[^,]*)?,?\s*$", body, re.M))
    for body in re.findall(r"struct \w+ \{(.*?)\n\};", text, re.S):
        names |= set(re.findall(r"(\w+)\s*(?:=[^;()]*)?;", body))
    names |= set(re.findall(r"static constexpr [\w:]+ (\w+) =", text))
    # A function's name follows its type, and is the first before a parenthesis of its declaration.
    for declaration in re.split(r"[;{}]", text):
        called = re.search(r"[\w>&*]\s+[&*]*(\w+)\(", declaration)
        if called and called[1] not in NOT_NAMES:
            names.add(called[1])
    return names


def names_of_c(text):
    text = without_comments(text)
    names = set(re.findall(r"\b(tasks_\w+)\(", text)) | set(re.findall(r"^\} (tasks_\w+);", text, re.M))
    names |= set(re.findall(r"^\s+(TASKS_\w+) = ", text, re.M)) | set(re.findall(r"#define (TASKS_HERE)\b", text))
    for options in re.findall(r"typedef struct tasks_agent_options \{(.*?)\}", text, re.S):
        names |= set(re.findall(r"(\w+)(?:\[\d+\])?;", options))
    return names


def main():
    root, page = sys.argv[1:]
    with open(page) as file:
        words = set(re.findall(r"\w+", file.read()))
    headers = sorted(glob.glob(os.path.join(root, "agent/include/tasks/*.h*")))
    missing, found = [], 0
    for header in headers:
        with open(header) as file:
            text = file.read()
        names = names_of_c(text) if header.endswith(".h") else names_of_cpp(text)
        found += len(names)
        missing += [f"{os.path.relpath(header, root)}: {name}" for name in sorted(names - words)]
    if found < 100:  # as many as there were when this was written: else the headers are not read as they should be
        missing.append(f"only {found} names were found in {len(headers)} headers of agent/include/tasks")
    for name in missing:
        print(f"neither man/tasks-agent.3 nor tasks-crash-dump.3 nor tasks-adapters.7 names {name}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
