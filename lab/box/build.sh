#!/bin/bash
# Builds a Debian system for virtual machines: a box for vagrant-libvirt, or a disk alone.
# Usage: build.sh FOLDER VARIANT SUITE GIBIBYTES box|disk REGISTRY-MIRROR
#   FOLDER holds sources.list and apt.conf for the system's packages, and gets machine.box or disk.qcow2 and nothing else.
#   VARIANT is the folder of what makes the system: packages.txt, root/ with files of its own, and customize.sh, which gets
#   the tree, the suite and REGISTRY-MIRROR, and copies root/ when its users are there.
# Needs a mount and process namespace of its own: whatever ends it also unmounts the disk and frees the loop device.
set -euo pipefail
PATH=/usr/sbin:/usr/bin:/sbin:/bin
folder=$1 variant=$2 suite=$3 gibibytes=$4 form=$5 mirror=$6
here=$(dirname "$(realpath "$0")")
first_sector=2048
disk=$folder/disk.raw
tree=$folder/tree

packages=$(sed -e '/^#/d' -e '/^$/d' "$variant/packages.txt" | paste --serial --delimiters=,)

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
export VARIANT=$variant SUITE=$suite MIRROR=$mirror FORGET=$here/forget-builder.sh
# Where the variant has settings for the initrd, they must be there before the kernel's package makes it.
# shellcheck disable=SC2016 # mmdebstrap's shell expands the hooks
mmdebstrap --mode=root --variant=minbase --include="$packages" --aptopt="$folder/apt.conf" \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --essential-hook='[ ! -e "$VARIANT/root/etc/initramfs-tools" ] || cp --recursive "$VARIANT/root/etc/initramfs-tools" "$1/etc/"' \
  --customize-hook='"$VARIANT/customize.sh" "$1" "$SUITE" "$MIRROR"' \
  --customize-hook='"$FORGET" "$1"' \
  "$suite" "$tree" "$folder/sources.list"
extlinux --install "$tree/boot/extlinux"
# What was deleted would be compressed otherwise.
fstrim "$tree"
umount "$tree"

echo "compressing the disk"
if [[ $form == disk ]]; then
  # As distributions publish them: everything that reads qcow2 reads zlib.
  qemu-img convert -f raw -O qcow2 -c -m 8 -W "$disk" "$folder/disk.qcow2"
else
  qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd -m 8 -W "$disk" "$folder/box.img"
  printf '{"provider":"libvirt","format":"qcow2","virtual_size":%d}\n' "$gibibytes" >"$folder/metadata.json"
  tar --create --file "$folder/machine.box" --directory "$folder" metadata.json box.img
  rm "$folder"/{box.img,metadata.json}
fi
rm -r "$disk" "$folder"/{sources.list,apt.conf,tree}
