#!/usr/bin/python3
"""Programs that nobody here wrote, the C++20 examples of Boost.Asio and of standalone Asio, compiled unmodified: their
await chains and the operations that they wait for are told."""
# ctest: TIMEOUT 300
import collections
import concurrent.futures
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from example_process import BINARY, SANITIZED, tasks_json, until

BOOST = "/usr/share/doc/libboost1.81-doc/examples/libs/asio/example/cpp20"
ASIO = "/usr/share/doc/libasio-dev/examples/cpp17/coroutines_ts"  # Debian's libasio-doc
FIXED_PORT = 55555  # of the echo servers
CLIENTS = 3

# program: source, words for its command line ("" a free port), its port (None: the first free one), tasks by the
# functions of their chains, innermost first, and the wait reason; NUMBER times CLIENTS and one more for each program
CHAT = {("reader", "io read"): CLIENTS, ("writer", "timer"): CLIENTS, ("listener", "io accept"): 1}
ECHO = {("echo_once echo", "io read"): CLIENTS, ("listener", "io accept"): 1}
PROGRAMS = {
    "chat_server": (f"{BOOST}/coroutines/chat_server.cpp", [""], CHAT),
    "refactored_echo_server": (f"{BOOST}/coroutines/refactored_echo_server.cpp", [], ECHO),
    "throttling_proxy": (f"{BOOST}/channels/throttling_proxy.cpp", ["127.0.0.1", "", "127.0.0.1", "TARGET"], {
        ("listen", "io accept"): 1,
        ("transfer", "io read"): 2 * CLIENTS,
    }),
    "standalone_chat_server": (f"{ASIO}/chat_server.cpp", [""], CHAT),
}


def compiler():
    with open(os.path.join(BINARY, "CMakeCache.txt")) as file:
        return re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", file.read(), re.M).group(1)


def compiled(name, directory):
    """The program's path."""
    path = os.path.join(directory, name)
    command = [compiler(), "-std=c++20", "-O1", "-g", "-w", "-o", path, PROGRAMS[name][0], "-lpthread"]
    if shutil.which("ccache") and os.access(os.path.expanduser("~"), os.W_OK):
        objects = path + ".o"
        subprocess.run(["ccache", *command[:6], objects, "-c", command[7]], check=True, stdin=subprocess.DEVNULL)
        command[7] = objects
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_busy(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return True
    return False


def connected(port):
    try:
        return socket.create_connection(("127.0.0.1", port), 5)
    except OSError:
        return None


def function_name(function):
    """chat_session::reader() as reader."""
    bare = re.sub(r"<.*>", "", function.split("(")[0])
    return bare.split("::")[-1].split()[-1]


def found(pid):
    """How many coroutines there are of each chain and wait reason."""
    counts = collections.Counter()
    for group in tasks_json("stack", "-p", pid)["groups"]:
        if group["kind"] == "coroutine":
            chain = " ".join(function_name(frame["function"] or "?") for frame in group["frames"])
            counts[chain, group["wait_reason"]] += group["count"]
    return counts


def has_all(counts, expected):
    return all(counts[key] == count for key, count in expected.items())


def check(name, path, target):
    _, words, expected = PROGRAMS[name]
    port = free_port() if "" in words else FIXED_PORT
    if port == FIXED_PORT and is_busy(port):
        print(f"{name}: left out, something listens on its port {port}")
        return
    words = [{"": str(port), "TARGET": str(target)}.get(word, word) for word in words]
    process = subprocess.Popen([path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    clients = []
    try:
        clients.append(until(f"{name} listens", lambda: connected(port)))
        clients += [connected(port) for _ in range(CLIENTS - 1)]
        until(f"{name}: {expected} in what was found",
              lambda: has_all(found(process.pid), expected) or print(found(process.pid)))
        print(f"{name}: {dict(found(process.pid))}")
    finally:
        for client in clients:
            client.close()
        process.terminate()
        process.wait()


def main():
    missing = [source for source, _, _ in PROGRAMS.values() if not os.path.exists(source)]
    if SANITIZED or missing:
        print(f"cannot run here: {'built with sanitizers' if SANITIZED else missing}")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory, socket.create_server(("127.0.0.1", 0)) as target:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            paths = dict(zip(PROGRAMS, pool.map(lambda name: compiled(name, directory), PROGRAMS)))
        for name, path in paths.items():
            check(name, path, target.getsockname()[1])


main()
