#!/bin/sh
# Shows the product: installs what the build needs (Debian 12), builds the command and the examples in build/try,
# starts a service that leaks tasks, looks at it, and ends it. Run it as: sh packaging/try.sh
set -eu
cd "$(dirname "$0")/.."

sh packaging/install-deps.sh
mkdir -p build
log=build/try.log
echo "building ..."
if ! { cmake --preset try && cmake --build --preset try; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi

service=
trap '[ -z "$service" ] || kill "$service" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM

said=build/try.said
build/try/agent/examples/payments --requests 20 >"$said" &
service=$!
tries=0
until grep -q ready "$said"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$service" 2>/dev/null; then
        echo "try.sh: payments did not start; it said: $(cat "$said")" >&2
        exit 1
    fi
    sleep 0.1
done

show() {
    printf '\n$ tasks %s\n' "$*"
    build/try/cli/tasks "$@"
}

show list
show vitals -p "$service"
show count -p "$service"
show stack -p "$service"
echo
echo "(leaks are found: exit status 1)"
show leaks -p "$service" || [ $? -eq 1 ]
