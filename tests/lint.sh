#!/bin/sh
# The rules that a script can check: sh tests/lint.sh
# --fix formats the sources instead of complaining about their format. What needs the built program looks for it in
# $TASKS_BINARY_DIR, or build/dev, and is left out, with a word, where nothing is built.
set -u
cd "$(dirname "$0")/.."

binaries=${TASKS_BINARY_DIR:-build/dev}
failed=0

# rule NAME COMMAND...: says which rule was broken, and goes on with the next one.
rule() {
    name=$1
    shift
    if ! "$@"; then
        echo "lint: $name: failed" >&2
        failed=1
    fi
}

sources() {
    find protocol agent cli tests \( -name '*.[ch]pp' -o -name '*.[ch]' \) -print0
}

format() {
    if [ "$1" = --fix ]; then
        sources | xargs -0 clang-format-19 -i
    else
        sources | xargs -0 clang-format-19 --dry-run --Werror
    fi
}

# Where a header's own includes are found, by its place in the tree.
includes_for() {
    case $1 in
    protocol/*) echo -Iprotocol/include -Iprotocol/src ;;
    agent/examples/*) echo -Iagent/include -Iagent/examples -Iagent/examples/payments ;;
    agent/include/tasks/ompt.hpp) echo -Iagent/include -idirafter /usr/lib/llvm-19/lib/clang/19/include ;;
    agent/leak_check/*)
        echo -Iagent/leak_check/include -Iagent/leak_check/src -Iagent/include -Iagent/src -Iagent/preload \
            -Iprotocol/include -Icli/inspect -Icli ;;
    agent/*) echo -Iagent/include -Iagent/src -Iprotocol/include ;;
    cli/inspect/*) echo -Iprotocol/include -Icli/inspect ;;
    cli/*) echo -Iprotocol/include -Icli/inspect -Icli ;;
    tests/*)
        layer=${1#tests/}
        echo -Iprotocol/include -Iprotocol/src -Iagent/include -Iagent/src -Icli/inspect -Icli "-Itests/${layer%%/*}" \
            -Iagent/examples -Iagent/examples/payments -Iagent/leak_check/include
        ;;
    esac
}

# True: the header's own source includes it before all else, so that the build shows that it compiles alone.
is_first_in_its_source() {
    own=${1%.hpp}.cpp
    [ -e "$own" ] || own=$(echo "$own" | sed 's|/include/tasks/\(protocol/\)\{0,1\}|/src/|')
    [ -e "$own" ] && grep -m 1 '^#include' "$own" | grep -qF "${1##*/}"
}

# Each header compiles alone. Two compilers work at a time.
self_contained() {
    find protocol agent cli tests -name '*.hpp' | while read -r header; do
        is_first_in_its_source "$header" && continue
        echo "-std=c++20 -fsyntax-only -w -x c++ $(includes_for "$header") $header"
    done | xargs -P 2 -L 1 g++
}

scripts_parse() {
    for script in .ci/run $(find packaging tests -name '*.sh'); do
        sh -n "$script" || return 1
    done
}

pages_are_clean() {
    for page in man/*.[1-9]; do
        [ -e "$page" ] || continue
        mandoc -Tlint -Wwarning "$page" || return 1
    done
}

# Every option of every verb stands in the page.
options_are_described() {
    tasks=$binaries/cli/tasks
    if [ ! -x "$tasks" ] || [ ! -e man/tasks.1 ]; then
        echo "lint: options in man/tasks.1: left out, $tasks or the page is not there" >&2
        return 0
    fi
    page=$(mandoc -Tascii -Owidth=200 man/tasks.1 | sed "s/.$(printf '\b')//g")
    missing=
    for verb in '' list vitals count stack version; do
        for option in $("$tasks" $verb --help | grep -oE -- '(^|[ ,])--?[a-z][a-z-]*' | tr -d ' ,' | sort -u); do
            printf '%s\n' "$page" | grep -qE -- "(^|[^a-z-])$option([^a-z-]|\$)" || missing="$missing $verb:$option"
        done
    done
    [ -z "$missing" ] || echo "man/tasks.1 does not name:$missing" >&2
    [ -z "$missing" ]
}

# Every public name of the agent stands in its pages.
names_are_described() {
    page=$(mktemp) || return 1
    for name in man/tasks-agent.3 man/tasks-crash-dump.3 man/tasks-adapters.7; do
        mandoc -Tascii -Owidth=200 "$name"
    done | sed "s/.$(printf '\b')//g" >"$page"
    python3 tests/lint/public_names.py . "$page"
    status=$?
    rm -f "$page"
    return "$status"
}

rule "format (sh tests/lint.sh --fix)" format "${1-}"
rule "texts, names and includes" python3 tests/lint/sources.py .
rule "system calls in SECURITY.md" python3 tests/scripts/system_call_list.py --check
rule "tests that SECURITY.md names" python3 tests/lint/security.py .
rule "shell scripts" scripts_parse
rule "manual pages" pages_are_clean
rule "options in man/tasks.1" options_are_described
rule "names in the pages of the agent" names_are_described
rule "each header compiles alone" self_contained
exit "$failed"
