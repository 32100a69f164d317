"""Recorded connections: the frames of both sides in the order in which they went.

A file of protocol/vectors/*/sessions holds hex; `#` begins a comment, a line begins with `>` for bytes of the client or
`<` for bytes of the agent. Recorded once, with a released version, and never changed.
"""
from .connection import HEADER, require

CLIENT, AGENT = ">", "<"
BYTES_A_LINE = 56


def frames_of(data):
    """The frames that bytes consist of."""
    while data:
        require(len(data) >= HEADER.size, "a header is cut")
        end = HEADER.size + HEADER.unpack_from(data)[1]
        require(len(data) >= end, "a payload is cut")
        yield data[:end]
        data = data[end:]


def read_session(path):
    """[(side, frame)]"""
    turns = []  # [side, bytes]
    for line in path.read_text().splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        side, data = line[0], bytes.fromhex(line[1:])
        if not turns or turns[-1][0] != side:
            turns.append([side, b""])
        turns[-1][1] += data
    return [(side, frame) for side, data in turns for frame in frames_of(data)]


def write_session(path, words, turns):
    """`words` become the comment above; turns: [(side, bytes)]."""
    lines = [f"# {line}" for line in words.splitlines()]
    for side, data in turns:
        for frame in frames_of(data):
            _, length, frame_type, flags, request_id = HEADER.unpack_from(frame)
            who = {CLIENT: "client", AGENT: "agent"}[side]
            lines += ["", f"# {who}: type {frame_type}, {length} bytes, flags {flags}, id {request_id}"]
            lines += [f"{side} {frame[at:at + BYTES_A_LINE].hex()}" for at in range(0, len(frame), BYTES_A_LINE)]
    path.write_text("\n".join(lines) + "\n")
