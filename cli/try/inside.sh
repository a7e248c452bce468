#!/bin/sh
# The first process in the namespaces of `npm run try`: a /run of their own, whose files end with them, and then the program. It
# stays, and reaps whoever is left behind there.
#
# Usage: inside.sh PROGRAM [ARGUMENT...]
set -eu
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/try
ip link set lo up
TMPDIR=/run/try "$@"
