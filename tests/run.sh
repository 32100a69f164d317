#!/bin/sh
# All that must hold before a change goes in: sh tests/run.sh
# Stops at the first failure. From nothing about 26 minutes on two cores, on Debian 12.
set -eu
cd "$(dirname "$0")/.."

started=$(date +%s)
step() {
    echo
    echo "== $1 ($(($(date +%s) - started)) s)"
}

# build PRESET: quiet unless it fails.
build() {
    mkdir -p build
    if ! { cmake --preset "$1" && cmake --build --preset "$1"; } >"build/$1.log" 2>&1; then
        tail -n 100 "build/$1.log" >&2
        echo "tests/run.sh: the build of preset $1 failed; all of its output is in build/$1.log" >&2
        exit 1
    fi
}

step "packages"
sh packaging/install-deps.sh test

step "dev: build"
build dev
step "lint"
sh tests/lint.sh

# The heavy tests, of torn stacks, of kills, of captures and of programs built in many ways, run in dev, last, with a third of
# what they do by themselves, and elsewhere with a tenth.
step "asan-ubsan: build"
build asan-ubsan
step "asan-ubsan: tests"
few="TASKS_TEST_STACKS=50000 TASKS_TEST_KILLS=10 TASKS_TEST_CAPTURES=10 TASKS_TEST_LOOKS=3 TASKS_TEST_PC_BUILDS=O2-frames-omitted"
env $few ctest --preset asan-ubsan
step "tsan: build"
build tsan
step "tsan: tests of the agent"
env $few ctest --preset tsan
step "clang: build"
build clang
step "clang: tests"
env $few ctest --preset clang
step "dev: tests"
env TASKS_TEST_STACKS=300000 TASKS_TEST_KILLS=30 TASKS_TEST_CAPTURES=40 ctest --preset dev
step "passed"
