#!/bin/bash
# Turns a fresh Debian tree into a system like that of Debian's image for clouds.
# Usage: customize.sh TREE SUITE
set -euo pipefail
tree=$1 suite=$2
here=$(dirname "$(realpath "$0")")

# What the building machine takes its packages from.
rm -f "$tree"/etc/apt/sources.list.d/0000*
cp --recursive --no-preserve=ownership "$here/root/." "$tree"
chmod 0600 "$tree/etc/netplan/90-default.yaml"
echo localhost >"$tree/etc/hostname"
printf '127.0.0.1\tlocalhost\n' >"$tree/etc/hosts"
sed -i "s/@SUITE@/$suite/g" "$tree/etc/apt/sources.list.d/debian.sources"
rm -f "$tree/etc/apt/sources.list"
ln -sfn ../run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
chroot "$tree" systemctl --quiet enable ssh.service systemd-networkd.service systemd-resolved.service
