#!/usr/bin/python3
"""Records the sessions of a version: python3 tests/python_client/record.py TASKS PID DIRECTORY [HOST]

Runs TASKS, the command, against the process PID, whose socket is in DIRECTORY, and writes what goes over the socket to
protocol/vectors/v1/sessions; with HOST only the stacks and vitals of another host, to HOST_stack and HOST_vitals. Stands
between the two meanwhile: the socket is moved aside, and put back.
The recorded process must have nothing in its memory that should not be published: start it with an empty environment.
"""
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from python_client.connection import frame  # noqa: E402
from python_client.session import AGENT, CLIENT, write_session  # noqa: E402

SESSIONS = Path(__file__).parents[2] / "protocol/vectors/v1/sessions"
HELLO = frame(1, bytes([8, 1]), 1)
RAW = {  # what no command asks
    "unknown_request": HELLO + frame(99, b"", 2),
    "unsupported_version": frame(1, bytes([8, 2]), 1),
    "bad_encoding": HELLO + frame(22, b"\x80", 2) + frame(18, b"", 3),
    "hello_expected": frame(18, b"", 1),
}


def carried(client, real):
    """What goes over a connection until one side ends it: [(side, bytes)]."""
    agent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    agent.connect(real)
    turns = []
    ways = {client: (CLIENT, agent), agent: (AGENT, client)}
    with client, agent:
        while True:
            for ready in select.select([client, agent], [], [])[0]:
                side, other = ways[ready]
                data = ready.recv(1 << 20)
                if not data:
                    return turns
                if turns and turns[-1][0] == side:
                    turns[-1][1] += data
                else:
                    turns.append([side, data])
                other.sendall(data)


def recorded(path, real, say):
    """say() starts a client of the socket at `path`, and gives what to wait for; what it and the agent said."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        try:
            client = say()
            turns = carried(listener.accept()[0], real)
            client.wait()
            return turns
        finally:
            os.unlink(path)


def main():
    tasks, pid, directory, host = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:]
    verbs = {f"{host[0]}_{verb}": verb for verb in ("vitals", "stack")} if host else {
        verb: verb for verb in ("count", "vitals", "stack", "list")}
    path = str(next(directory.glob(f"{pid}-*.sock")))
    real, table = path + ".real", path.removesuffix("sock") + "table"
    version = subprocess.run([tasks, "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    environment = {"PATH": os.environ["PATH"], "TASKS_DIR": str(directory)}
    SESSIONS.mkdir(parents=True, exist_ok=True)
    os.rename(path, real)
    os.rename(table, table + ".real")  # without it the command asks the agent for the tasks
    try:
        for name, verb in verbs.items():
            target = [] if verb == "list" else ["-p", pid]
            turns = recorded(path, real, lambda: subprocess.Popen([tasks, verb, *target], env=environment,
                                                                  stdout=subprocess.DEVNULL))
            write_session(SESSIONS / f"{name}.hex", " of ".join([f"tasks {version}: tasks {verb}", *host]), turns)
        for name, data in RAW.items() if not host else ():
            sender = [sys.executable, "-c", "import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(1)\n"
                      "s.connect(sys.argv[1]); s.sendall(bytes.fromhex(sys.argv[2]))\n"
                      "try:\n  while s.recv(4096): pass\nexcept TimeoutError: pass", path, data.hex()]
            turns = recorded(path, real, lambda: subprocess.Popen(sender))
            write_session(SESSIONS / f"{name}.hex", f"tasks {version}: {name}", turns)
    finally:
        os.rename(real, path)
        os.rename(table + ".real", table)


main()
