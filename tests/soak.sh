#!/bin/sh
# The counts that are too big for every change: sh tests/soak.sh [DIR]
# 40,000 forks under 10 clients, 1,000 kills at random moments, 100,000 dumps and 1,000 clients at once, every system call
# refused once, 100 runs of each deadlock, 100 of each way to crash, a wait of 61 s; about 45 minutes on two cores. With
# DIR, where fuzzers are built or will be, 20 minutes for each of them besides. What is already set in the environment (TASKS_TEST_...) holds instead. Stops at the first failure.
set -eu
cd "$(dirname "$0")/.."

export TASKS_SOURCE_DIR="$PWD"
export TASKS_BINARY_DIR="${TASKS_BINARY_DIR:-$PWD/build/dev}"
export TASKS_TEST_FORKS="${TASKS_TEST_FORKS:-40000}"
export TASKS_TEST_FORK_CLIENTS="${TASKS_TEST_FORK_CLIENTS:-10}"
export TASKS_TEST_KILLS="${TASKS_TEST_KILLS:-1000}"
export TASKS_TEST_DUMPS="${TASKS_TEST_DUMPS:-100000}"
export TASKS_TEST_CLIENTS="${TASKS_TEST_CLIENTS:-1000}"
export TASKS_TEST_FAULTS="${TASKS_TEST_FAULTS:-all}"
export TASKS_TEST_DEADLOCKS="${TASKS_TEST_DEADLOCKS:-100}"
export TASKS_TEST_CRASHES="${TASKS_TEST_CRASHES:-100}"
export TASKS_TEST_LONG_WAIT="${TASKS_TEST_LONG_WAIT:-61}"
fuzz_seconds=${TASKS_TEST_FUZZ_SECONDS:-1200}

if [ ! -x "$TASKS_BINARY_DIR/tests/targets/life_storm" ]; then
    echo "tests/soak.sh: $TASKS_BINARY_DIR has no targets; build preset dev first, or set TASKS_BINARY_DIR" >&2
    exit 2
fi

started=$(date +%s)
step() {
    echo "== $1 ($(($(date +%s) - started)) s)"
}

for name in deadlocks crash_dump ages host_fork_storm random_kill many_dumps fault_injection; do
    step "$name"
    status=0
    /usr/bin/python3 "tests/scripts/${name}_test.py" || status=$?
    if [ "$status" = 77 ]; then
        echo "$name: left out, it cannot run here"
    elif [ "$status" != 0 ]; then
        echo "tests/soak.sh: $name failed" >&2
        exit 1
    fi
done

# fuzz DIR: each fuzzer, from the corpus on; what it finds stays in DIR/found.
fuzz() {
    fuzzers="frame_decoder messages table profile request_reader answers perf_records module"
    cmake -S . -B "$1" -G Ninja -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER=clang-19 -DTASKS_FUZZERS=ON >/dev/null
    for name in $fuzzers; do
        cmake --build "$1" --target "fuzz_$name" >/dev/null
        step "fuzz_$name, $fuzz_seconds s"
        mkdir -p "$1/found/$name"
        leaks=1
        [ "$name" != module ] || leaks=0 # libelf's own, see tests/fuzz/README.md
        "$1/tests/fuzz/fuzz_$name" -detect_leaks="$leaks" -max_total_time="$fuzz_seconds" -artifact_prefix="$1/found/$name-" -verbosity=0 \
            -print_final_stats=1 "$1/found/$name" "tests/fuzz/corpus/$name"
    done
}

if [ $# = 0 ]; then
    echo "fuzzers: left out, no directory is named to build them in"
elif ! command -v clang++-19 >/dev/null; then
    echo "fuzzers: left out, clang++-19 is not here"
else
    fuzz "$(mkdir -p "$1" && cd "$1" && pwd)"
fi
step "passed"
