#!/bin/bash
# Turns a fresh Debian tree into the box's system.
# Usage: customize.sh TREE REGISTRY-MIRROR
set -euo pipefail
tree=$1 mirror=$2
here=$(dirname "$(realpath "$0")")

chroot "$tree" useradd --create-home --shell /bin/bash --groups sudo,docker vagrant
cp --recursive --no-preserve=ownership,mode "$here/root/." "$tree"
chroot "$tree" chown -R vagrant:vagrant /home/vagrant
chmod 0700 "$tree/home/vagrant/.ssh"
chmod 0600 "$tree/home/vagrant/.ssh/authorized_keys"
chmod 0440 "$tree/etc/sudoers.d/vagrant"
echo debian >"$tree/etc/hostname"
mkdir -p "$tree/etc/docker"
printf '{ "registry-mirrors": ["%s"] }\n' "$mirror" >"$tree/etc/docker/daemon.json"

# docker starts with its first client, which makes the boot 8 s shorter; keepalived when it has a configuration.
chroot "$tree" systemctl --quiet disable docker.service containerd.service keepalived.service
chroot "$tree" systemctl --quiet enable docker.socket ssh.service ssh-host-key.service systemd-networkd.service
chroot "$tree" systemctl --quiet disable systemd-networkd-wait-online.service

# Each machine makes its own identity.
rm -f "$tree"/etc/ssh/ssh_host_*
: >"$tree/etc/machine-id"
rm -f "$tree/var/lib/dbus/machine-id"
# How the building machine reaches its package source is not the box's business.
rm -f "$tree/etc/apt/apt.conf.d/99mmdebstrap"
