#!/bin/sh
# Installs what this project is built with, on Debian 12: sh packaging/install-deps.sh
# With the word "test" also what its tests and checks need. This is the only list of packages.
set -eu

build_packages="
    g++ cmake ninja-build pkg-config
    libcli11-dev libfmt-dev libboost1.81-dev libprotozero-dev libdw-dev libelf-dev libcapstone-dev rapidjson-dev zlib1g-dev"
test_packages="
    catch2 doctest-dev libgtest-dev ccache git procps util-linux
    clang-14 clang-19 clang-format-19 libclang-rt-19-dev
    libboost-fiber1.81-dev libboost-context1.81-dev libtbb-dev libomp-19-dev
    dwz e2fsprogs gdb elfutils libdebuginfod1 valgrind mandoc
    nghttp2-client nghttp2-proxy
    python3 python3-jsonschema python3-protobuf protobuf-compiler
    zsh fish"

case ${1-} in
"") packages=$build_packages ;;
test) packages="$build_packages $test_packages" ;;
*)
    echo "usage: sh packaging/install-deps.sh [test]" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "install-deps.sh: this system has no apt-get; on Debian 12 these packages are needed:" $packages >&2
    exit 1
fi

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1) || true
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "install-deps.sh: become root, or install sudo; these packages are missing:$missing" >&2
    exit 1
fi

echo "installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
