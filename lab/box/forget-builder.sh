#!/bin/bash
# Takes from a fresh tree what belongs to the machine that built it, and what each machine makes for itself.
# Usage: forget-builder.sh TREE
set -euo pipefail
tree=$1

rm -f "$tree"/etc/ssh/ssh_host_*
: >"$tree/etc/machine-id"
rm -f "$tree/var/lib/dbus/machine-id"
# How the building machine reaches its package source.
rm -f "$tree/etc/apt/apt.conf.d/99mmdebstrap"
