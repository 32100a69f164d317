#!/usr/bin/python3
# ctest: TIMEOUT 600
"""Program counters of processes that nobody here wrote, captured from outside, equal those of eu-stack: python3, java and
node, and three multi-threaded C++ servers of Debian (nghttpx, dnsdist, pdns_recursor) while requests come in. Both look
at the same moment: the process is stopped by SIGSTOP for the two looks, at moments of its load; a thread that was then in
no system call ran, and is not counted. What eu-stack cannot go on from (JIT code) ends there for both; and eu-stack's
stack ends before an address at which there is no code: below a fiber of Boost.Context it tells four bytes of the code
of make_fcontext() as one more program counter, 0x841f0ff4. Not installed: said, and left out. With arguments: only the programs so named. TASKS_TEST_LOOKS: how many moments each, 5 unless set."""
import contextlib
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from example_process import until
from pc_equality_test import LEAST_EQUAL, first_difference, output, pcs_by_thread, TRACE_PCS

LOOKS = int(os.environ.get("TASKS_TEST_LOOKS", "5"))

PYTHON = """
import queue, select, threading, time
locks = [threading.Lock() for _ in range(8)]
def wait(i):
    [lambda: time.sleep(1000), lambda: locks[i % 8].acquire(), lambda: queue.Queue().get(),
     lambda: select.select([], [], [], 1000), lambda: threading.Event().wait(),
     lambda: sorted([2, 1], key=lambda _: time.sleep(1000))][i % 6]()
for lock in locks: lock.acquire()
for i in range(60): threading.Thread(target=wait, args=(i,)).start()
print("ready", flush=True)
"""
JAVA = """
import java.util.concurrent.*;
public class Waits {
    public static void main(String[] words) throws Exception {
        Object monitor = new Object();
        SynchronousQueue<Integer> queue = new SynchronousQueue<>();
        for (int i = 0; i < 60; i++) {
            int kind = i % 4;
            new Thread(() -> {
                try {
                    if (kind == 0) Thread.sleep(1000000);
                    else if (kind == 1) queue.take();
                    else if (kind == 2) synchronized (monitor) { monitor.wait(); }
                    else new CountDownLatch(1).await();
                } catch (InterruptedException e) { }
            }).start();
        }
        System.out.println("ready");
    }
}
"""
NODE = """
const { Worker } = require('worker_threads');
for (let i = 0; i < 6; i++)
    new Worker("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", { eval: true });
setInterval(() => {}, 100000);
setTimeout(() => console.log("ready"), 1500);
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def started(*words, ready=b"ready", **options):
    """`ready`: what its output begins with then; None: nothing is waited for."""
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if ready else subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        if ready:
            assert process.stdout.readline().startswith(ready), words
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def threads_of(pid):
    return os.listdir(f"/proc/{pid}/task")


def state(pid, tid):
    try:
        with open(f"/proc/{pid}/task/{tid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "T"


def in_system_call(pid, tid):
    try:
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
            return not file.read().startswith(("-1 ", "running"))
    except OSError:
        return False


def executable(pid):
    """[(start, end), ...] of the process's memory that can be run."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        rows = [line.split(None, 2)[:2] for line in file]
    return [tuple(int(end, 16) for end in span.split("-")) for span, rights in rows if "x" in rights]


def up_to_no_code(pcs, code):
    end = next((i for i, pc in enumerate(pcs) if not any(start <= pc < end for start, end in code)), len(pcs))
    return pcs[:end]


class Tally:
    def __init__(self, name):
        self.name, self.seen, self.equal, self.ran, self.frames, self.told = name, 0, 0, 0, 0, []

    def look(self, pid):
        os.kill(pid, signal.SIGSTOP)
        try:
            until("all threads stand", lambda: all(state(pid, tid) in "tT" for tid in threads_of(pid)))
            blocked = {int(tid) for tid in threads_of(pid) if in_system_call(pid, tid)}
            got = pcs_by_thread(output(TRACE_PCS, "--stack", str(1 << 20), str(pid)))
            told = pcs_by_thread(output("eu-stack", "-q", "-n", "0", "-p", str(pid)))
            code = executable(pid)
        finally:
            os.kill(pid, signal.SIGCONT)
        expected = {tid: up_to_no_code(pcs, code) for tid, pcs in told.items()}
        self.ran += len(expected) - len(blocked & set(expected))
        for tid in blocked & set(expected):
            self.seen += 1
            self.frames += len(expected[tid])
            if expected[tid] == got.get(tid):
                self.equal += 1
            else:
                self.told.append(first_difference(expected[tid], got.get(tid, [])))

    def end(self):
        share = 100 * self.equal / max(1, self.seen)
        print(f"{self.name}: {self.seen} blocked threads, {self.frames} frames, {self.equal} equal ({share:.2f} %), "
              f"{self.ran} ran", flush=True)
        for line in self.told[:3]:
            print("  " + line)
        return self.seen > 0 and self.equal >= LEAST_EQUAL * self.seen


def looked_at(name, pid, looks=LOOKS):
    tally = Tally(name)
    for _ in range(looks):
        tally.look(pid)
        time.sleep(0.05 + random.random() / 20)  # another moment of the load
    return tally.end()


@contextlib.contextmanager
def repeated(action):
    """The action again and again in 4 threads, until the end."""
    over = threading.Event()

    def again():
        while not over.is_set():
            with contextlib.suppress(OSError):
                action()

    threads = [threading.Thread(target=again) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def question(port):
    """One DNS question, and its answer."""
    name = b"\x05www%02d\x07example\x03com\x00" % random.randrange(100)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(1)
        one.sendto(random.randbytes(2) + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + name + b"\x00\x01\x00\x01",
                   ("127.0.0.1", port))
        return one.recv(512)


def request(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return one.recv(4096)


def answers(action, port):
    def asked():
        try:
            return action(port)
        except OSError:
            return None
    until(f"answers at port {port}", asked)


def python3(_):
    with started("/usr/bin/python3", "-c", PYTHON) as pid:
        return looked_at("python3", pid)


FIBER = """
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
struct Transfer { void* context; void* data; };
extern "C" void* make_fcontext(void* top, std::size_t size, void (*run)(Transfer));
extern "C" Transfer jump_fcontext(void* context, void* data);
void run(Transfer) { std::puts("ready"); std::fflush(stdout); for (;;) pause(); }
int main() {
    const std::size_t size = 1 << 18;
    char* stack = static_cast<char*>(std::aligned_alloc(4096, size));
    jump_fcontext(make_fcontext(stack + size, size, run), nullptr);
}
"""


def fiber(directory):
    """What pdns_recursor's threads seldom are in when they are looked at: a fiber, blocked."""
    source, program = (os.path.join(directory, name) for name in ("fiber.cpp", "fiber"))
    with open(source, "w", encoding="ascii") as file:
        file.write(FIBER)
    library = glob.glob("/usr/lib/*/libboost_context.so.1.*")[0]
    subprocess.run(["g++", "-O2", source, library, "-o", program], check=True)
    with started(program) as pid:
        return looked_at("fiber", pid, looks=1)


def java(directory):
    source = os.path.join(directory, "Waits.java")
    with open(source, "w", encoding="ascii") as file:
        file.write(JAVA)
    with started("java", source) as pid:
        return looked_at("java", pid)


def node(_):
    with started("node", "-e", NODE) as pid:
        return looked_at("node", pid)


@contextlib.contextmanager
def asked_nghttpx(directory):
    """Its pid, and what asks it."""
    front, back = free_port(), free_port()
    with started("/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", str(back), ready=None, cwd=directory):
        answers(request, back)
        with started("nghttpx", f"-f127.0.0.1,{front};no-tls", f"-b127.0.0.1,{back}", "-n8", "--single-process",
                     "--conf=/dev/null", "--errorlog-file=/dev/null", ready=None) as pid:
            answers(request, front)
            yield pid, lambda: repeated(lambda: request(front))


def nghttpx(directory):
    with asked_nghttpx(directory) as (pid, asked), asked():
        return looked_at("nghttpx", pid)


def recursor_words(directory, port):
    zone = os.path.join(directory, "example.zone")
    with open(zone, "w", encoding="ascii") as file:
        file.write("@ 60 IN SOA ns hostmaster 1 2 3 4 5\n@ 60 IN NS ns\n* 60 IN A 192.0.2.1\nns 60 IN A 192.0.2.2\n")
    return ("pdns_recursor", f"--config-dir={directory}", f"--socket-dir={directory}", f"--local-port={port}",
            "--local-address=127.0.0.1", "--threads=8", f"--auth-zones=example.com={zone}", "--daemon=no",
            "--disable-syslog", "--quiet", "--setuid=", "--setgid=", "--write-pid=no", "--security-poll-suffix=")


def pdns_recursor(directory):
    port = free_port()
    with started(*recursor_words(directory, port), ready=None) as pid:
        answers(question, port)
        with repeated(lambda: question(port)):
            return looked_at("pdns_recursor", pid)


def dnsdist(directory):
    front, back = free_port(), free_port()
    configuration = os.path.join(directory, "dnsdist.conf")
    with open(configuration, "w", encoding="ascii") as file:
        file.write("".join(f'addLocal("127.0.0.1:{front}", {{reusePort=true}})\n' for _ in range(4)) +
                   f'newServer{{address="127.0.0.1:{back}"}}\nsetSecurityPollSuffix("")\n')
    with started(*recursor_words(directory, back), ready=None):
        answers(question, back)
        with started("dnsdist", "-C", configuration, "--supervised", "--disable-syslog", ready=None) as pid:
            answers(question, front)
            with repeated(lambda: question(front)):
                return looked_at("dnsdist", pid)


PROGRAMS = {"python3": (python3, "/usr/bin/python3"), "java": (java, "java"), "node": (node, "node"),
            "nghttpx": (nghttpx, "nghttpx"), "pdns_recursor": (pdns_recursor, "pdns_recursor"),
            "dnsdist": (dnsdist, "dnsdist"), "fiber": (fiber, "pdns_recursor")}  # the library comes with pdns_recursor


def main(wanted):
    if not shutil.which("eu-stack"):
        print("eu-stack is not installed: skipped")
        sys.exit(77)
    os.environ["DEBUGINFOD_URLS"] = ""  # eu-stack would ask
    failed, done = [], 0
    for name, (check, program) in PROGRAMS.items():
        if wanted and name not in wanted:
            continue
        if not shutil.which(program):
            print(f"{name}: {program} is not installed: left out")
            continue
        done += 1
        with tempfile.TemporaryDirectory(prefix="tasks-pcs-") as directory:
            if not check(directory):
                failed.append(name)
    assert not failed, f"program counters differ from eu-stack's: {failed}"
    if done == 0:
        sys.exit(77)


if __name__ == "__main__":
    main(sys.argv[1:])
