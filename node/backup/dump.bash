# shellcheck shell=bash
# What `backup` and `restore` do where the service has commands for it (`container.backup`): it goes on meanwhile. Sourced;
# needs archive.bash.
# shellcheck disable=SC2154,SC2034 # what archive.bash and those who source this have read, and what they read here

# dump_archive WORK: the service writes its data into WORK/dump.gz. Sets packed, format, and bytes.
dump_archive() {
  bytes=$(agent dump "$1/dump.gz" 2>&1 9>&-) || fail "the service cannot be dumped: ${bytes##*$'\n'}"
  free_in "$1"
  ((REPLY > $(stat --format %s -- "$1/dump.gz"))) || fail "$directory has room for $REPLY bytes, and the backup needs as many again"
  packed=dump.gz format=$dump_format
}

# An image's name without registry, tag and digest, in REPLY.
software_of() {
  version_of "$1"
  REPLY=${REPLY%%@*}
  if [[ ${REPLY##*/} == *:* ]]; then REPLY=${REPLY%:*}; fi
}

# load_archive WORK: the service takes in WORK/dump.gz. Needs manifest, refuse. What it had is dumped first: if the command
# fails, that is taken in again.
load_archive() {
  local work=$1 size
  gzip --test "$work/dump.gz" 2>/dev/null || refuse 'its dump is broken'
  image_here "$dumped"
  software_of "$REPLY"
  local software=$REPLY
  software_of "${manifest[image]-}"
  [[ $REPLY == "$software" ]] || refuse "it is a dump of ${manifest[image]-}, and the stack runs $software"
  ((restores)) || refuse "it is a dump, and no command is set that takes it in. Way out: set \`container.backup.restore\`, \
and run \`npm run up\`; or take the dump out with \`tar -xOf ARCHIVE dump.gz | gzip -d\`, and give it to the service yourself"
  [[ $state == active ]] || refuse "it is a dump, which the running service takes in, and the agent of this node is $state: $reason"
  if ! size=$(agent dump "$work/before.gz" 2>&1 9>&-); then
    fail "nothing was touched: what the service has now cannot be saved first (${size##*$'\n'})"
  fi
  if REPLY=$(agent load "$work/dump.gz" 2>&1 9>&-); then
    echo "the dump of ${manifest[time]-} is restored, and the service went on"
    return
  fi
  local words=${REPLY##*$'\n'}
  if REPLY=$(agent load "$work/before.gz" 2>&1 9>&-); then
    fail "the service did not take the dump in ($words): what it had before was given to it again"
  fi
  words+="), nor what it had before (${REPLY##*$'\n'}"
  local kept
  kept=$state_directory/before-restore-$(date -u +%Y%m%dT%H%M%SZ).gz
  mv -T -- "$work/before.gz" "$kept" || fail "the service did not take the dump in ($words), which cannot be kept"
  fail "the service did not take the dump in ($words): that is in $kept on this node"
}
