#!/bin/sh
# Shows that the README's words hold on a clean Debian 12: makes a minimal root in DIR with debootstrap, copies the
# committed tree into it, and runs packaging/try.sh and tests/run.sh there. About 20 minutes, 5 GB.
# As root: sh tests/clean_root.sh DIR
# DIR is made anew; one that an earlier run made is removed first. ONLY=try leaves tests/run.sh out; MIRROR names
# another Debian mirror.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: sh tests/clean_root.sh DIR" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "clean_root.sh: needs root, for chroot and mounts" >&2
    exit 2
fi
# A mount namespace of its own: however this ends, the mounts end with it.
if [ -z "${OWN_MOUNTS-}" ]; then
    OWN_MOUNTS=1 exec unshare --mount sh "$0" "$1"
fi

mkdir -p "$1"
root=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
mark=.made-by-clean-root
if [ -e "$root/$mark" ]; then
    rm -rf --one-file-system "$root"
    mkdir "$root"
elif [ -n "$(ls -A "$root")" ]; then
    echo "clean_root.sh: $root holds something else; name an empty directory" >&2
    exit 2
fi
touch "$root/$mark"
debootstrap --variant=minbase bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}"

# The root reaches the network as this machine does.
for file in /etc/resolv.conf /etc/hosts $(grep -sil 'acquire::.*proxy' /etc/apt/apt.conf.d/* || true); do
    [ ! -e "$file" ] || cp -L "$file" "$root$file"
done

mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

rm -rf "$root/src"
mkdir "$root/src"
git archive HEAD | tar -x -C "$root/src"

enter() {
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        /bin/sh -c "cd /src && $1" </dev/null
}
enter "sh packaging/try.sh"
[ "${ONLY-}" = try ] || enter "sh tests/run.sh"
