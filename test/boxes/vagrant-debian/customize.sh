#!/bin/bash
# Turns a fresh Debian tree into a system like that of debian/bookworm64.
# Usage: customize.sh TREE SUITE
set -euo pipefail
tree=$1 suite=$2
here=$(dirname "$(realpath "$0")")

chroot "$tree" useradd --create-home --shell /bin/bash --groups sudo vagrant
echo vagrant:vagrant | chroot "$tree" chpasswd
# What the building machine takes its packages from.
rm -f "$tree"/etc/apt/sources.list.d/0000*
cp --recursive --no-preserve=ownership "$here/root/." "$tree"
chroot "$tree" chown -R vagrant:vagrant /home/vagrant
chmod 0700 "$tree/home/vagrant/.ssh"
chmod 0600 "$tree/home/vagrant/.ssh/authorized_keys"
chmod 0440 "$tree/etc/sudoers.d/vagrant"
echo "$suite" >"$tree/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$suite" >"$tree/etc/hosts"
sed -i "s/@SUITE@/$suite/" "$tree/etc/apt/sources.list"
# The DHCP client writes it.
rm -f "$tree/etc/resolv.conf"
: >"$tree/etc/resolv.conf"
chroot "$tree" systemctl --quiet enable ssh.service ssh-host-keys.service
