#!/bin/bash
# Turns a fresh Debian tree into a host that somebody uses for something else.
# Usage: customize.sh TREE SUITE
set -euo pipefail
tree=$1 suite=$2
here=$(dirname "$(realpath "$0")")

chroot "$tree" useradd --create-home --shell /bin/bash --groups sudo owner
# What the building machine takes its packages from.
rm -f "$tree"/etc/apt/sources.list.d/0000*
cp --recursive --no-preserve=ownership "$here/root/." "$tree"
chmod 0440 "$tree/etc/sudoers.d/owner"
chmod 0755 "$tree/usr/local/sbin/owners-app"
echo "$suite" >"$tree/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$suite" >"$tree/etc/hosts"
sed -i "s/@SUITE@/$suite/" "$tree/etc/apt/sources.list"
# NetworkManager writes it.
rm -f "$tree/etc/resolv.conf"
: >"$tree/etc/resolv.conf"
chroot "$tree" systemctl --quiet enable ssh.service ssh-host-keys.service NetworkManager.service docker.service \
  nftables.service owners-app.service
