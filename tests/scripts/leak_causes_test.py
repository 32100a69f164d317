#!/usr/bin/python3
"""Test programs with leak checks: the leaking version of each cause, as threads and as coroutines, fails its test with
the right words and lines, the repaired one passes, under Catch2 and GoogleTest; what each listener does besides.

TASKS_TEST_LEAK_RUNS: how often each is run (a release: 100).
"""
# ctest: TIMEOUT 300
import concurrent.futures
import os
import re
import sys

from example_process import BINARY, SANITIZED, SOURCE, run

PROGRAMS = os.path.join(BINARY, "tests/targets")
PAYMENTS = os.path.join(SOURCE, "agent/examples/payments")
RUNS = int(os.environ.get("TASKS_TEST_LEAK_RUNS", 1))

# cause: what it does, tasks left; of threads the file, and a piece of the line that each is stuck in ("": none is
# known) and that began it
THREADS = {
    "send_without_receiver": ('chan send "results"', 2, "send_without_receiver.cpp", "results.send(backend", "results, id ="),
    "receive_without_sender": ('chan receive "results"', 1, "receive_without_sender.cpp", "results->receive()", "std::thread{"),
    "nil_channel": ('nil "results"', 1, "nil_channel.cpp", "receive_from(results.get()", "std::thread{"),
    "mutex": ('mutex "ledger"', 1, "mutex.cpp", "mutex.lock()", "std::thread{[reached"),
    "busy_loop": ("job, ", 1, "busy_loop.cpp", "", "std::thread{"),
    "sleep_loop": ("", 1, "sleep_loop.cpp", "sleep_for(", "std::thread{"),
    "io_without_timeout": ('io read "bank"', 1, "io_without_timeout.cpp", "::read(ends_", "std::thread{"),
    "abandoned_generator": ('chan send "numbers"', 1, "leak_causes.cpp", "// stuck: abandoned-generator", "// began: abandoned-generator"),
    "late_answer": ('chan send "answer"', 1, "leak_causes.cpp", "// stuck: late-answer", "// began: late-answer"),
}
COROUTINES = {
    "send_without_receiver": ("chan send", 2), "receive_without_sender": ("chan receive", 1), "nil_channel": ("nil", 1),
    "mutex": ("mutex", 1), "busy_loop": ("", 1), "sleep_loop": ("timer", 1), "io_without_timeout": ("io read", 1),
    "abandoned_generator": ("chan send", 1), "late_answer": ("chan send", 1),
}


def line_with(path, piece):
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if piece in line:
                return f"{os.path.basename(path)}:{number}"
    sys.exit(f"{path} has no line with '{piece}'")


def marked(mark, cause):
    folder = os.path.join(PAYMENTS, "coroutines")
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as file:
            if re.search(f"// {mark}: {cause}$", file.read(), re.M):
                return line_with(os.path.join(folder, name), f"// {mark}: {cause}")
    sys.exit(f"no coroutine has the mark '{mark}: {cause}'")


def words_of(test):
    """What must be in the message of that test."""
    kind, _, cause = test.partition("_")
    if kind == "coroutine":
        doing, left = COROUTINES[cause]
        places = [marked("stuck", cause.replace("_", "-")), marked("began", cause.replace("_", "-"))]
    else:
        doing, left, name, stuck, began = THREADS[cause]
        path = os.path.join(os.path.dirname(__file__), "../targets" if name == "leak_causes.cpp" else PAYMENTS, name)
        places = [line_with(path, piece) for piece in (stuck, began) if piece]
    return [f"found unexpected tasks: {left} task", doing, *places]


def told(*words, expect):
    """Standard output and error of a test program, without the line breaks that Catch2 makes."""
    result = run(os.path.join(PROGRAMS, words[0]), *words[1:])
    text = result.stdout + result.stderr
    assert (result.returncode != 0) == expect, f"{words}: status {result.returncode}\n{text}"
    return text


def has(text, *words):
    plain = re.sub(r"\s+", "", text)
    for word in words:
        assert re.sub(r"\s+", "", word) in plain, f"'{word}' is not in\n{text}"


def leaks(framework, test):
    words = (f"leaks_{framework}", f"leaks {test}" if framework == "catch2" else f"--gtest_filter=leaks.{test}")
    has(told(*words, expect=True), *words_of(test))


def repaired(framework):
    told(f"leaks_{framework}", "[repaired]" if framework == "catch2" else "--gtest_filter=repaired.*", expect=False)


def check_causes():
    tests = [f"thread_{cause}" for cause in THREADS] + [f"coroutine_{cause}" for cause in COROUTINES]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for each_run in range(RUNS):
            done = [pool.submit(repaired, framework) for framework in ("catch2", "gtest")]
            done += [pool.submit(leaks, framework, test) for framework in ("catch2", "gtest") for test in tests]
            for each in done:
                each.result()
            print(f"run {each_run + 1} of {RUNS} holds", flush=True)
    print(f"{RUNS} of {RUNS}: {len(tests)} leaking tests failed with their lines under Catch2 and GoogleTest, repaired ones passed")


def check_catch2():
    text = told("leaks_catch2", "sections", expect=True)
    has(text, "test cases: 1 | 1 failed", "assertions: 1 | 1 failed")  # one of its two sections
    text = told("leaks_catch2", "throws", expect=True)
    has(text, "due to unexpected exception")
    assert "found unexpected tasks" not in text, text
    text = told("leaks_catch2", "--abort", "leaks thread_late_answer,leaks thread_nil_channel", expect=True)
    has(text, "test cases: 1 | 1 failed")  # the run ends after it, as after any other failure
    text = told("leaks_catch2", "scope of its own", expect=True)
    has(text, "found unexpected tasks: 1 task still lives")


def check_catch2_v3():
    """Of version 3 there is a stand-in, which knows of no status but that of the listener."""
    for mode in ("", "--abort"):
        text = told("leaks_catch2_v3", mode, expect=False)
        has(text, "clean", "failed: found unexpected tasks: 1 task still lives", "[left]", "1 failed")
    text = told("leaks_catch2_v3", "--fatal", expect=False)
    assert text.split() == ["clean", "0", "failed"], text


def check_doctest():
    text = told("leaks_doctest", "-tc=leaks*", expect=True)
    has(text, 'test "leaks thread_late_answer": found unexpected tasks', "Status: SUCCESS!")
    told("leaks_doctest", "-tc=repaired*", expect=False)
    has(told("leaks_doctest", "-tc=scope*", expect=True), "ERROR: found unexpected tasks: 1 task still lives")


def check_whole_run():
    """What was started outside of all tests is told once, at the end."""
    os.environ["LEAK_OUTSIDE"] = "1"
    for words in (("leaks_catch2", "repaired thread_late_answer"), ("leaks_doctest", "-tc=repaired*"),
                  ("leaks_gtest", "--gtest_filter=repaired.thread_late_answer")):
        text = told(*words, expect=True)
        assert text.count("found unexpected tasks: 1 task still lives") == 1, text
    del os.environ["LEAK_OUTSIDE"]


def main():
    for check in (check_causes, check_catch2, check_catch2_v3, check_doctest, check_whole_run):
        check()
        print(f"{check.__name__} holds", flush=True)


main()
