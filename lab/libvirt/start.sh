#!/bin/bash
# Starts the lab's own libvirtd. It runs in the lab's network namespace and in its own mount namespace.
# Usage: start.sh FOLDER kvm|tcg
#   FOLDER has etc/libvirtd.conf and gets libvirtd.pid and the daemon's state.
# A libvirtd of root knows only its fixed paths (/etc/libvirt and so on), so the lab's folders are mounted there; the
# machine's own libvirt, if there is one, sees nothing of it.
set -euo pipefail
PATH=/usr/sbin:/usr/bin:/sbin:/bin
folder=$1 accelerator=$2

mount --make-rprivate /

# Only what QEMU needs: with a /dev/kvm that does not work, each definition of a machine takes 52 s.
dev=$folder/dev
mkdir -p "$dev"
mount -t tmpfs -o mode=755 dev "$dev"
cp --archive /dev/{null,zero,full,random,urandom,tty,ptmx} "$dev"
mkdir "$dev"/{net,pts,shm}
cp --archive /dev/net/tun "$dev/net/"
if [ "$accelerator" = kvm ]; then
  cp --archive /dev/kvm "$dev"
  [ ! -e /dev/vhost-net ] || cp --archive /dev/vhost-net "$dev"
fi
ln -s /proc/self/fd "$dev/fd"
mount --move "$dev" /dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
ln -sf pts/ptmx /dev/ptmx
mount -t tmpfs -o mode=1777 shm /dev/shm

# Hides this machine's D-Bus and systemd: libvirtd would register machines there.
mount -t tmpfs -o mode=755 run /run
# The folders below them stay, also when the lab is removed: to remove one would unmount another lab's.
for pair in etc:/etc/libvirt run:/run/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt; do
  mkdir -p "$folder/${pair%%:*}" "${pair#*:}"
  mount --bind "$folder/${pair%%:*}" "${pair#*:}"
done

install -D "$(dirname "$(realpath "$0")")/machine-started" /etc/libvirt/hooks/qemu

# libvirt needs the user with which it was built to run QEMU, even if qemu.conf names another one.
for file in passwd:libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin group:libvirt-qemu:x:64055:; do
  table=${file%%:*}
  if ! grep -q '^libvirt-qemu:' "/etc/$table"; then
    { cat "/etc/$table" && echo "${file#*:}"; } >"$folder/$table"
    mount --bind "$folder/$table" "/etc/$table"
  fi
done

exec libvirtd -d -f "$folder/etc/libvirtd.conf" -p "$folder/libvirtd.pid"
