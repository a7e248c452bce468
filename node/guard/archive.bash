# shellcheck shell=bash
# What `backup` and `restore` share: archives, and asking this node's guard for work on the data. Sourced; needs the
# settings and node.bash.
# shellcheck disable=SC2034,SC2153,SC2154 # variables of those who source this
#
# An archive is a tar file with two files in this order:
#   manifest       lines KEY=VALUE: format (1), image, time, node, size and sha256 of data.tar.gz, bytes of it unpacked; as
#                  the last one check, the sha256 of the lines before it
#   data.tar.gz    the shared data, but for what is of the place: sentinel, copies of the datastore, k3s/agent

readonly archive_format=1

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

sum_of() {
  local sum
  sum=$(sha256sum) && REPLY=${sum%% *}
}

# The image of this node's container by its name in the settings, in REPLY.
image_here() {
  docker_api 10 GET "$CONTAINER/json" || fail "Docker says nothing of the container $CONTAINER: $REPLY"
  [[ $REPLY =~ \"ha-rancher\.image\":\"([^\"]+)\" ]] ||
    fail "the container $CONTAINER has no label that says which image it is of: \`npm run up\` makes it anew"
  REPLY=${BASH_REMATCH[1]}
}

# An image's name without its registry, in REPLY: a mirror's image of the same name is of the same version.
version_of() {
  local first=${1%%/*}
  REPLY=$1
  if [[ $1 == */* && ($first == *[.:]* || $first == localhost) ]]; then REPLY=${1#*/}; fi
}

# One of these at a time on a node; held as long as this process lives.
one_at_a_time() {
  exec 9>"$RUN_DIRECTORY/work.lock"
  flock --nonblock 9 || fail 'a backup or a restore is under way on this node'
}

# ask_guard VERB [FILE]: has the guard do it, and waits. REPLY says what went wrong.
ask_guard() {
  local id line answer words begun='' begin limit
  id=$(</proc/sys/kernel/random/uuid)
  process_start $$ || return
  printf '%s\n' "$id $$ $REPLY $*" >"$RUN_DIRECTORY/work.new" || return
  mv -f -- "$RUN_DIRECTORY/work.new" "$RUN_DIRECTORY/work" || return
  wake_guard
  now
  begin=$NOW
  # A node that is not active yet may have to wait for the VIP and for the lease.
  limit=$((STOP_GRACE * 1000 + HOLD_OFF + GRACE_TIME + 2 * START_LIMIT))
  while :; do
    line=
    read -r line 2>/dev/null <"$RUN_DIRECTORY/work.done" || true
    if [[ $line == "$id "* ]]; then
      read -r _ answer words <<<"$line"
      REPLY=$words
      [[ $answer != ok ]] || return 0
      return 1
    fi
    now
    read -r begun 2>/dev/null <"$RUN_DIRECTORY/work.begun" || true
    guard_says
    # How long the work itself may take, the guard sees to.
    if [[ $begun == "$id" && $state == PREPARE ]]; then begin=$NOW; fi
    if [[ -z $state ]] && ((NOW - begin > 3 * WATCHDOG)); then
      REPLY='no guard runs on this node'
      break
    elif [[ $1 == pack && $state == @(STANDBY|STOPPING|INIT) ]]; then
      # Another node serves by now, or will.
      REPLY="the service left this node: $reason"
      break
    elif ((NOW - begin > limit)); then
      REPLY="the guard did not do it in $((limit / 1000)) s; it is $state ($reason)"
      break
    fi
    sleep 0.1
  done
  withdraw
  return 1
}

# What has not begun does not begin any more.
withdraw() {
  rm -f -- "$RUN_DIRECTORY/work"
}

# Waits until the service is well again; REPLY says why it is not.
wait_until_well() {
  local deadline
  now
  deadline=$((NOW + START_DEADLINE + START_LIMIT + COPY_LIMIT))
  while :; do
    guard_says
    REPLY=$reason
    case $state in
      ACTIVE) return 0 ;;
      PREPARE | STARTING) ;;
      *) return 1 ;;
    esac
    now
    ((NOW < deadline)) || return
    sleep 0.2
  done
}

# Bytes that are free in the directory $1, in REPLY.
free_in() {
  REPLY=$(df --output=avail --block-size=1 -- "$1" | tail -n 1) && REPLY=${REPLY// /}
  [[ $REPLY =~ ^[0-9]+$ ]] || fail "how much room there is in $1 cannot be found out"
}
