#!/usr/bin/python3
# ctest: TIMEOUT 300
"""Of healthy programs `tasks leaks` says nothing: of Debian's own multi-threaded servers, idle and under load, and of
payments --fixed under load. Those that are not installed are said, and left out; of the servers some must be there, or
only payments is looked at. With arguments: only the programs so named.
TASKS_TEST_HEALTHY   seconds that each is looked at, idle, and again under load (6; 600 shows what the manual claims)"""
import concurrent.futures
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from example_process import Example, TASKS, run, until
from pc_equality_programs_test import answers, asked_nghttpx, free_port, question, recursor_words, repeated, started

SECONDS = int(os.environ.get("TASKS_TEST_HEALTHY", "6"))
SHORT = 10  # seconds of one of several watches within a long time: what `tasks leaks` does by itself


def talk(port, words, until_word):
    """A connection of its own: says each of the words and reads the answer to each."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        for word in words:
            one.sendall(word)
            answer = b""
            while until_word not in answer:
                piece = one.recv(65536)
                if not piece:
                    raise OSError("closed")
                answer += piece


@contextlib.contextmanager
def kept(port, word, until_word, count=40):
    """Connections that are kept, and on each of which something is said now and then."""
    over = threading.Event()
    every = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(count)]

    def keep():
        while not over.is_set():
            for one in every:
                with contextlib.suppress(OSError):
                    one.sendall(word)
                    answer = b""
                    while until_word not in answer:
                        answer += one.recv(65536) or until_word
            over.wait(0.2)

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for one in every:
            one.close()


@contextlib.contextmanager
def loaded(port, word, until_word):
    with kept(port, word, until_word), repeated(lambda: talk(port, [word] * 20, until_word)):
        yield


@contextlib.contextmanager
def memcached(_):
    port = free_port()
    words = ("memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "4", *(["-u", "root"] if os.geteuid() == 0
                                                                                        else []))
    with started(*words, ready=None) as pid:
        answers(lambda at: talk(at, [b"version\r\n"], b"\n") or True, port)
        yield pid, lambda: loaded(port, b"set a 0 0 1\r\n1\r\nget a\r\n", b"END\r\n")


@contextlib.contextmanager
def redis_server(directory):
    port = free_port()
    with started("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", directory, "--io-threads", "4",
                 "--save", "", ready=None) as pid:
        answers(lambda at: talk(at, [b"PING\r\n"], b"PONG\r\n") or True, port)
        yield pid, lambda: loaded(port, b"PING\r\n", b"PONG\r\n")


@contextlib.contextmanager
def pdns_recursor(directory):
    port = free_port()
    with started(*recursor_words(directory, port), ready=None) as pid:
        answers(question, port)
        yield pid, lambda: repeated(lambda: question(port))


ZONE = "@ 60 IN SOA ns hostmaster 1 2 3 4 5\n@ 60 IN NS ns\n* 60 IN A 192.0.2.1\nns 60 IN A 192.0.2.2\n"


@contextlib.contextmanager
def knotd(directory):
    port = free_port()
    configuration = os.path.join(directory, "knot.conf")
    with open(os.path.join(directory, "example.com.zone"), "w", encoding="ascii") as file:
        file.write(ZONE)
    with open(configuration, "w", encoding="ascii") as file:
        file.write(f"server:\n    rundir: {directory}\n    listen: 127.0.0.1@{port}\n    udp-workers: 4\n"
                   f"database:\n    storage: {directory}\ntemplate:\n  - id: default\n    storage: {directory}\n"
                   "zone:\n  - domain: example.com\n")
    with started("knotd", "-c", configuration, ready=None) as pid:
        answers(question, port)
        yield pid, lambda: repeated(lambda: question(port))


@contextlib.contextmanager
def unbound(directory):
    port = free_port()
    configuration = os.path.join(directory, "unbound.conf")
    with open(configuration, "w", encoding="ascii") as file:
        file.write(f'server:\n  interface: 127.0.0.1\n  port: {port}\n  num-threads: 4\n  chroot: ""\n  username: ""\n'
                   f'  directory: "{directory}"\n  pidfile: ""\n  use-syslog: no\n  do-daemonize: no\n'
                   '  local-zone: "example.com." redirect\n  local-data: "example.com. A 192.0.2.1"\n'
                   "remote-control:\n  control-enable: no\n")
    with started("unbound", "-d", "-c", configuration, ready=None) as pid:
        answers(question, port)
        yield pid, lambda: repeated(lambda: question(port))


@contextlib.contextmanager
def mariadbd(directory):
    """Each load is a client of its own: connections come and go, and threads with them."""
    share = os.path.join(os.path.dirname(os.path.dirname(shutil.which("mariadbd"))), "share/mysql")
    data, place = os.path.join(directory, "data"), os.path.join(directory, "s")
    os.mkdir(data)
    own = ["--user=root"] if os.geteuid() == 0 else []
    begin = subprocess.run(["mariadbd", "--no-defaults", "--bootstrap", f"--datadir={data}",
                            f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets", *own],
                           input=b"create database mysql;\n", capture_output=True, timeout=120, check=False)
    assert begin.returncode == 0, begin.stderr[-500:]
    with started("mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={place}", "--skip-networking",
                 "--skip-grant-tables", f"--lc-messages-dir={share}", f"--character-sets-dir={share}/charsets", *own,
                 ready=None) as pid:
        def ask():
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(5)
                one.connect(place)
                return one.recv(256)
        until("mariadbd greets", lambda: os.path.exists(place) and ask())
        yield pid, lambda: repeated(ask)


@contextlib.contextmanager
def nghttpd(directory):
    port = free_port()
    with open(os.path.join(directory, "page"), "w", encoding="ascii") as file:
        file.write("page\n")
    with started("nghttpd", "--no-tls", "-n8", "-d", directory, str(port), ready=None) as pid:
        until("nghttpd listens", lambda: subprocess.run(["h2load", "-n1", f"http://127.0.0.1:{port}/page"],
                                                        capture_output=True, check=False, timeout=60).returncode == 0)
        yield pid, lambda: repeated(lambda: subprocess.run(
            ["h2load", "-n2000", "-c8", "-t1", f"http://127.0.0.1:{port}/page"], capture_output=True, check=False,
            timeout=60))


def fixed(*words):
    @contextlib.contextmanager
    def payments(_):
        with Example("payments", *words, "--fixed", "--requests", "100", "--rate", "200") as example:
            yield example.pid, contextlib.nullcontext
    return payments


SERVERS = {"nghttpd": nghttpd, "nghttpx": asked_nghttpx, "memcached": memcached, "redis-server": redis_server,
           "pdns_recursor": pdns_recursor, "knotd": knotd, "unbound": unbound, "mariadbd": mariadbd}
PROGRAMS = {"payments": fixed(), "payments --coroutines": fixed("--coroutines"),
            "payments --cause sleep-loop": fixed("--cause", "sleep-loop"),
            "payments --coroutines --cause busy-loop": fixed("--coroutines", "--cause", "busy-loop"), **SERVERS}


def looked_at(pid, seconds):
    """What one `tasks leaks` of that many seconds finds, as it would be read."""
    result = run(TASKS, "leaks", "-p", str(pid), "--json", "--timeout", "20s", "--for", f"{seconds}s",
                 patience=seconds + 120)
    assert result.returncode in (0, 1), result.stdout + result.stderr
    return [f"{one['verdict']}: {one['count']} x {one['why']}: {one['groups'][:1]}"
            for one in json.loads(result.stdout)["leaks"]]


def watch(name, pid, how):
    """One watch for the whole time, and short ones beside it as long as it lasts."""
    found, end, watches = [], time.monotonic() + SECONDS, 1
    with concurrent.futures.ThreadPoolExecutor() as pool:
        whole = pool.submit(looked_at, pid, SECONDS)
        while SECONDS >= 2 * SHORT and time.monotonic() + SHORT < end:
            found += looked_at(pid, SHORT)
            watches += 1
        found += whole.result()
    print(f"{name}, {how}: {watches} watches in {SECONDS} s, {len(found)} leaks told", flush=True)
    return [f"{name}, {how}: {one}" for one in found]


def look_at(name, make):
    with tempfile.TemporaryDirectory(prefix="tasks-healthy-") as directory, make(directory) as (pid, load):
        found = watch(name, pid, "idle")
        with load():
            return found + watch(name, pid, "under load")


def main(wanted):
    chosen = {name: make for name, make in PROGRAMS.items()
              if (not wanted or name in wanted) and (name not in SERVERS or shutil.which(name))}
    for name in SERVERS:
        if name not in chosen and (not wanted or name in wanted):
            print(f"{name}: not installed, left out")
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(chosen)) as pool:
        found = [one for some in pool.map(lambda name: look_at(name, chosen[name]), chosen) for one in some]
    assert not found, "\n".join(["leaks told of healthy programs:", *found])


if __name__ == "__main__":
    main(sys.argv[1:])
