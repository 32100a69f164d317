#!/bin/sh
# Shows that the README's words hold on a clean Debian 12: makes a minimal root in DIR with debootstrap (kept, and used
# again by the next run), copies the committed tree into it, and runs packaging/try.sh and tests/run.sh there.
# As root: sh tests/clean_root.sh DIR
# MIRROR names another Debian mirror. ONLY=try leaves tests/run.sh out.
set -eu
cd "$(dirname "$0")/.."

if [ $# -ne 1 ]; then
    echo "usage: sh tests/clean_root.sh DIR" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "clean_root.sh: needs root, for chroot and mounts" >&2
    exit 2
fi
mkdir -p "$1"
root=$(cd "$1" && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}

if [ ! -e "$root/.made" ]; then
    debootstrap --variant=minbase bookworm "$root" "$mirror"
    touch "$root/.made"
fi

# The root reaches the network as this machine does.
for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cp -L "$file" "$root$file"
done
for directory in apt.conf.d auth.conf.d; do
    for file in /etc/apt/"$directory"/*; do
        [ ! -f "$file" ] || grep -qi docker "$file" || cp -L "$file" "$root/etc/apt/$directory/"
    done
done

unmount() {
    for place in dev/shm dev proc; do
        ! mountpoint -q "$root/$place" || umount -l "$root/$place"
    done
}
trap unmount EXIT
trap 'exit 130' INT TERM
unmount
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
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
