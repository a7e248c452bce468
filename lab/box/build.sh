#!/bin/bash
# Builds the lab's box for vagrant-libvirt.
# Usage: build.sh FOLDER SUITE REGISTRY-MIRROR
#   FOLDER holds sources.list and apt.conf for the box's packages, and gets machine.box and nothing else.
# Needs a mount and process namespace of its own: whatever ends it also unmounts the disk and frees the loop device.
set -euo pipefail
PATH=/usr/sbin:/usr/bin:/sbin:/bin
folder=$1 suite=$2 mirror=$3
here=$(dirname "$(realpath "$0")")
gibibytes=10
first_sector=2048
disk=$folder/disk.raw
tree=$folder/tree

packages=$(sed -e '/^#/d' -e '/^$/d' "$here/packages.txt" | paste --serial --delimiters=,)

truncate --size "${gibibytes}G" "$disk"
echo "start=$first_sector, type=83, bootable" | sfdisk --quiet --label dos "$disk"
dd if=/usr/lib/EXTLINUX/mbr.bin of="$disk" conv=notrunc status=none
# extlinux cannot read 64bit; lazy initialisation would go on inside every machine.
mkfs.ext4 -q -L root -m 0 -e remount-ro -O ^64bit -E "offset=$((first_sector * 512)),lazy_itable_init=0,lazy_journal_init=0" \
  "$disk" "$(((gibibytes * 1024 * 1024) - (first_sector / 2)))k"
mkdir "$tree"
# Flushes to the building machine's disk would double the time and protect nothing.
mount -o "loop,offset=$((first_sector * 512)),noatime,barrier=0,data=writeback" "$disk" "$tree"

echo "installing Debian $suite"
export FILES=$here/root CUSTOMIZE=$here/customize.sh MIRROR=$mirror
# shellcheck disable=SC2016 # mmdebstrap's shell expands the hooks
mmdebstrap --mode=root --variant=minbase --include="$packages" --aptopt="$folder/apt.conf" \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --essential-hook='cp --recursive "$FILES/etc/initramfs-tools" "$1/etc/"' \
  --customize-hook='"$CUSTOMIZE" "$1" "$MIRROR"' \
  "$suite" "$tree" "$folder/sources.list"
extlinux --install "$tree/boot/extlinux"
# What was deleted would be compressed otherwise.
fstrim "$tree"
umount "$tree"

echo "compressing the disk"
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd -m 8 -W "$disk" "$folder/box.img"
rm "$disk"
printf '{"provider":"libvirt","format":"qcow2","virtual_size":%d}\n' "$gibibytes" >"$folder/metadata.json"
tar --create --file "$folder/machine.box" --directory "$folder" metadata.json box.img
rm -r "$folder"/{box.img,metadata.json,sources.list,apt.conf,tree}
