#!/bin/sh
# Measures what the design budgets, and prints one table. Builds nothing:
#     TASKS_BINARY_DIR=build/release sh tests/bench/run.sh
# TASKS_BINARY_DIR is build/dev unless given. Exit status 0 also where a budget is passed: a busy machine is no error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binaries=${TASKS_BINARY_DIR:-$here/../../build/dev}
for program in cli/tasks tests/bench/bench_hot_paths tests/bench/bench_idle tests/bench/bench_waiting_jobs \
    tests/bench/bench_waiting_coroutines tests/bench/bench_http_pool tests/bench/bench_asio_echo tests/bench/bench_asio_echo_plain \
    tests/bench/bench_start tests/bench/bench_suspended_coroutines tests/bench/bench_leak_checks \
    tests/targets/blocked tests/targets/blocked_plain tests/targets/spinning tests/targets/crasher \
    tests/checks/running_facts tests/checks/refusing; do
    if [ ! -x "$binaries/$program" ]; then
        echo "run.sh: $binaries/$program is not built; build it, or say where with TASKS_BINARY_DIR" >&2
        exit 2
    fi
done
exec python3 "$here/measure.py" "$binaries"
