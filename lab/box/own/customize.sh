#!/bin/bash
# Turns a fresh Debian tree into the system of the lab's own box.
# Usage: customize.sh TREE SUITE REGISTRY-MIRROR
set -euo pipefail
tree=$1 mirror=$3
here=$(dirname "$(realpath "$0")")

chroot "$tree" useradd --create-home --shell /bin/bash --groups sudo,docker vagrant
cp --recursive --no-preserve=ownership "$here/root/." "$tree"
chroot "$tree" chown -R vagrant:vagrant /home/vagrant
chmod 0700 "$tree/home/vagrant/.ssh"
chmod 0600 "$tree/home/vagrant/.ssh/authorized_keys"
chmod 0440 "$tree/etc/sudoers.d/vagrant"
echo debian >"$tree/etc/hostname"
mkdir -p "$tree/etc/docker"
printf '{ "registry-mirrors": ["%s"] }\n' "$mirror" >"$tree/etc/docker/daemon.json"

# docker starts with its first client, which makes the boot 8 s shorter; keepalived when it has a configuration; rpcbind
# with a mount of NFSv3; the NFS server only on a machine that is told to serve. Timers would do their work at moments
# when something is measured.
chroot "$tree" systemctl --quiet disable docker.service containerd.service keepalived.service rpcbind.service \
  nfs-server.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
# Each takes a second or more of a boot in software emulation, for file systems that are loaded when they are mounted.
chroot "$tree" systemctl --quiet mask modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service \
  modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service \
  sys-fs-fuse-connections.mount sys-kernel-config.mount
chroot "$tree" systemctl --quiet enable docker.socket ssh.service ssh-host-key.service systemd-networkd.service \
  host-name-told.path
chroot "$tree" systemctl --quiet disable systemd-networkd-wait-online.service
