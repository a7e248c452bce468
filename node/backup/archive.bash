# shellcheck shell=bash
# What `backup` and `restore` share: archives, and asking this node's agent for work on the data. Sourced; needs
# settings.bash.
# shellcheck disable=SC2034,SC2154 # variables of those who source this
#
# An archive is a tar file with two files in this order:
#   manifest       lines KEY=VALUE: format (1), image, time, node, size and sha256 of data.tar.gz, bytes of it unpacked; as
#                  the last one check, the sha256 of the lines before it
#   data.tar.gz    the shared data, but for what is of the place: sentinel, copies of the datastore, k3s/agent
# Of a service that was dumped while it ran the format is 2, and in the place of the data there is
#   dump.gz        what its command wrote

readonly data_format=1 dump_format=2
# In the shared data: copies of the datastore, and a restore that is not over (node/agent/copies.py, restore.py).
readonly copies_name=.snap restore_name=.restore

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

sum_of() {
  local sum
  sum=$(sha256sum) && REPLY=${sum%% *}
}

# read_node: this node's name, data, datastore and container; how many words the commands have that dump it while it runs, and
# that take a dump in, 0: there is none; its agent's state, and whether it has the data mounted.
read_node() {
  read_settings node data.directory data.datastore service.container backup.command backup.restore backup.of paths.state ||
    fail 'this is no node, or not made ready yet'
  node=${settings[0]} data=${settings[1]} datastore=${settings[2]:-k3s/server/db} container=${settings[3]}
  dumps=${settings[4]:-0} restores=${settings[5]:-0} state_directory=${settings[7]:-/var/lib/ha-rancher}
  # The one that both commands run in; all of one release end alike (components/pod.ts).
  dumped=$container
  if [[ -n ${settings[6]} ]]; then dumped=${container%-*}-${settings[6]}-${container##*-}; fi
  ask_status agent.state agent.reason mounts.data || fail 'the agent of this node cannot be asked'
  state=${said[0]} reason=${said[1]} mounted=${said[2]}
}

# The image of the container $1 by its name in the settings, in REPLY.
image_here() {
  REPLY=$(timeout 20 docker container inspect --format '{{index .Config.Labels "ha-rancher.image"}}' "$1" 2>&1) ||
    fail "Docker says nothing of the container $1: ${REPLY:-no answer}"
  [[ -n $REPLY ]] || fail "the container $1 has no label that says which image it is of: \`npm run up\` makes it anew"
}

# An image's name without its registry, in REPLY: a mirror's image of the same name is of the same version.
version_of() {
  local first=${1%%/*}
  REPLY=$1
  if [[ $1 == */* && ($first == *[.:]* || $first == localhost) ]]; then REPLY=${1#*/}; fi
}

# One of these at a time on a node; held as long as this process lives.
one_at_a_time() {
  exec 9>"$run/work.lock"
  flock --nonblock 9 || fail 'a backup or a restore is under way on this node'
}

# ask_work VERB [FILE]: has the agent do it, and waits. REPLY says what went wrong. What has not begun when this script is killed
# does not begin any more.
ask_work() {
  REPLY=$(agent work --asker $$ "$@" 2>&1 9>&-)
}

# Waits until the service is well again, since when in REPLY, seconds; or why it is not.
wait_until_well() {
  REPLY=$(agent await-well 2>&1 9>&-)
}

# Bytes that are free in the directory $1, in REPLY.
free_in() {
  REPLY=$(df --output=avail --block-size=1 -- "$1" | tail -n 1) && REPLY=${REPLY// /}
  [[ $REPLY =~ ^[0-9]+$ ]] || fail "how much room there is in $1 cannot be found out"
}
