#!/usr/bin/python3
"""The golden snapshot is what protocol/snapshot.proto says, by another protobuf implementation: protoc prints it as
protocol/vectors/snapshot/v1.txt, and each field of each message is in it. The bytes that SNAPSHOT.md shows are its own.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

PROTOCOL = Path(os.environ.get("TASKS_SOURCE_DIR", Path(__file__).parents[2])) / "protocol"
GOLDEN = PROTOCOL / "vectors/snapshot/v1.tasks"


def decoded():
    try:
        return subprocess.run(["protoc", f"--proto_path={PROTOCOL}", "--decode=tasks.snapshot.SnapshotFile",
                               "snapshot.proto"], stdin=open(GOLDEN, "rb"), capture_output=True, check=True,
                              cwd=PROTOCOL, text=True).stdout
    except FileNotFoundError:
        print("skipped: protoc is not installed")
        sys.exit(77)


def main():
    text = decoded()
    assert text == (PROTOCOL / "vectors/snapshot/v1.txt").read_text(), text
    assert not re.search(r"^\s*\d+:", text, re.M), "a field that the schema does not know"
    schema = (PROTOCOL / "snapshot.proto").read_text()
    fields = re.findall(r"^  (?:optional |repeated )?\w+ (\w+) = \d+;", schema, re.M)
    assert len(fields) > 90, fields
    missing = [name for name in fields if not re.search(rf"^\s*{name}(:| \{{)", text, re.M)]
    assert not missing, f"in no golden record: {missing}"
    example = re.search(r"^## An example$(.*?)^## ", (PROTOCOL / "SNAPSHOT.md").read_text(), re.M | re.S)
    lines = re.findall(r"^    ((?: *[0-9a-f]{2} )+) +\S", example[1], re.M)
    shown = bytes.fromhex("".join(lines))
    assert GOLDEN.read_bytes().startswith(shown) and len(shown) > 30, shown
    print(f"{len(fields)} fields, {len(shown)} bytes shown")
    return 0


if __name__ == "__main__":
    sys.exit(main())
