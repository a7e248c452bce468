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
