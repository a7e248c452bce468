# shellcheck shell=bash
# What the stand-ins for a node's programs share. FAKE_NODE: folder with the node's state; FAKE_LOG: what happened,
# one line each, of all nodes; FAKE_NAME: the node's name.

happened() {
  printf '%s %s\n' "$FAKE_NAME" "$*" >>"$FAKE_LOG"
}

# A test makes the file hang-NAME: then the program NAME hangs.
hang_if_told() {
  while [[ -e $FAKE_NODE/hang-$1 ]]; do sleep 0.05; done
}

# The node's mount table: mount_on DIRECTORY TYPE, unmount_from DIRECTORY, is_mounted DIRECTORY.
mount_on() {
  echo "40 27 0:33 / $1 rw,relatime shared:1 - $2 192.168.56.1:/share rw" >>"$FAKE_NODE/mounts"
}

unmount_from() {
  is_mounted "$1" && sed -i "\\: $1 :d" "$FAKE_NODE/mounts"
}

is_mounted() {
  grep -q " $1 " "$FAKE_NODE/mounts"
}

container=$FAKE_NODE/container

# Does the container's process live? Its number is in `process` then.
alive() {
  [[ -e $container ]] || return
  process=$(<"$container")
  # A dead one may wait for long until somebody reaps it.
  [[ $process != 0 && -e /proc/$process/stat && $(<"/proc/$process/stat") != *') Z '* ]] 2>/dev/null
}
