#!/usr/bin/python3
"""Every line of SECURITY.md that says what may or cannot be names a test that holds it, and each named test exists.
Prints a line for each breach; status 1 if any.

usage: security.py ROOT
"""
import os
import re
import sys

# The sections whose lines are claims.
CLAIMS = re.compile(r"## (Who may ask|What .*can(not)? do.*)$")
REFERENCE = re.compile(r'`(tests/[\w/]+\.(?:cpp|py|sh))`:\s+"([^"]+)"')


def items(lines):
    """The line number and the text of each claim: an item of a list with what is indented below it."""
    current, claims = None, False
    for number, line in enumerate(lines, 1):
        if current and not line.startswith("  "):
            yield current
            current = None
        if line.startswith("#"):
            claims = bool(CLAIMS.match(line))
        elif claims and line.startswith("- "):
            current = (number, line)
        elif current:
            current = (current[0], current[1] + "\n" + line)
    if current:
        yield current


def has_test(path, text, name):
    if path.endswith(".cpp"):
        return re.search(r'TEST_CASE\("' + re.escape(name) + '"', text) is not None
    return re.search(rf"^def (test_)?{re.escape(name)}\(", text, re.MULTILINE) is not None


def main():
    root = sys.argv[1]
    breaches = []
    with open(os.path.join(root, "SECURITY.md")) as file:
        lines = file.read().splitlines()
    claims = list(items(lines))
    if not claims:
        breaches.append("SECURITY.md:1: has no claims")
    for number, text in claims:
        references = REFERENCE.findall(text)
        if not references:
            breaches.append(f"SECURITY.md:{number}: names no test that holds it")
        for path, name in references:
            try:
                with open(os.path.join(root, path)) as file:
                    found = has_test(path, file.read(), name)
            except FileNotFoundError:
                found = False
            if not found:
                breaches.append(f'SECURITY.md:{number}: there is no test "{name}" in {path}')
    print("\n".join(breaches), end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
