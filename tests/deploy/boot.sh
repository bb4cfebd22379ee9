#!/bin/bash
# Boots the Debian in a folder: its own systemd as process 1 of namespaces of its own, on this machine's network.
set -euo pipefail
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs tmpfs "$root/dev/shm"
# Read-only: packages that this machine has already (PACKAGES), at a place of their own: what lies below /tmp here is hidden there.
number=0
while IFS= read -r folder; do
    [[ -n $folder ]] || continue
    place="$root/srv/packages/$number"
    mkdir -p "$place"
    mount --bind "$folder" "$place"
    mount -o remount,bind,ro "$place"
    number=$((number + 1))
done <<<"${PACKAGES:-}"
cd "$root"
mkdir -p old
pivot_root . old
exec chroot . /usr/bin/env -i container=mazemesh PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /bin/bash -c 'umount -l /old; exec /lib/systemd/systemd --log-target=journal --show-status=0 </dev/null'
