# shellcheck shell=bash
# Looks at this node: VIP, mounts, container, processes. Sourced, never run; needs the settings.
# Nothing here touches NFS.
# shellcheck source-path=SCRIPTDIR
# shellcheck source=../lib/guard-state.bash
source "${BASH_SOURCE[0]%/*}/../lib/guard-state.bash"

# Milliseconds since boot, in NOW. The wall clock may jump.
now() {
  read -r NOW _ </proc/uptime
  NOW=$((10#${NOW/./} * 10))
}

# Makes the guard look at things now instead of at its next round. Opened for both, so that it never blocks without one.
wake_guard() {
  if [[ -p $RUN_DIRECTORY/wake ]]; then echo 1<>"$RUN_DIRECTORY/wake"; fi
}

# Does PID 1 hold this node's watchdog? One that it holds is fed by it.
watchdog_held() {
  local open
  [[ -e $WATCHDOG_DEVICE ]] || return
  for open in "$INIT_FILES"/*; do
    # The first watchdog has two names, and two device numbers.
    [[ ! $open -ef $WATCHDOG_DEVICE && ! $open -ef ${WATCHDOG_DEVICE%0} ]] || return 0
  done
  return 1
}

# The NFS server's lease time in seconds, as the client of the mount on the directory $1 was told it, in REPLY; empty if
# that is not known.
server_lease_time() {
  local line here=0
  REPLY=
  while IFS= read -r line; do
    case $line in
      "device "*) if [[ $line == *" mounted on $1 with fstype nfs4"* ]]; then here=1; else here=0; fi ;;
      *nfsv4:*) if ((here)) && [[ $line =~ ,lease_time=([0-9]+) ]]; then REPLY=${BASH_REMATCH[1]}; fi ;;
    esac
  done 2>/dev/null <"$MOUNT_STATISTICS"
}

# Is the VIP on an interface of this node? Asked every second: reads the kernel's table instead of starting `ip`.
holds_vip() {
  local table=
  IFS= read -r -d '' table <"$ADDRESS_TABLE"
  [[ $table == *"|-- $VIP"$'\n'+([[:blank:]])'/32 host LOCAL'* ]]
}

# The type of the file system mounted on the directory $1, or nothing, in REPLY. Reads the kernel's table, not the
# directory, which may hang.
filesystem_of() {
  local line point=${1//\\/\\134}
  local -a lines
  point=${point// /\\040}
  REPLY=
  mapfile -t lines <"$MOUNT_TABLE"
  for line in "${lines[@]}"; do
    # proc_pid_mountinfo(5): the fifth field is the mount point, the type follows a lone dash; the last one counts.
    line=${line#* * * * }
    if [[ ${line%% *} == "$point" ]]; then
      line=${line#* - }
      REPLY=${line%% *}
    fi
  done
}

# docker_api SECONDS METHOD PATH: asks Docker's engine, leaves its answer in REPLY; fails with 22 if the engine refused,
# with something else if it did not answer in time. Not the `docker` program: that takes four times as long to start,
# which counts once every few seconds and before each start of the service.
docker_api() {
  local status
  REPLY=$(curl --silent --show-error --max-time "$1" --request "$2" --unix-socket /run/docker.sock \
    --write-out '\n%{http_code}' "http://docker/containers/$3" 2>&1) || return
  status=${REPLY##*$'\n'}
  REPLY=${REPLY%$'\n'*}
  [[ $status == [23]?? ]] && return
  # {"message":"..."}
  REPLY=${REPLY#*:\"}
  REPLY=${REPLY%\"\}*}
  return 22
}

# The container as Docker sees it within $1 seconds (default 10): "STATE PID", STATE one of running, exited, created,
# missing, unknown. Notes its id.
container_state() {
  local id=''
  docker_api "${1-10}" GET "$CONTAINER/json"
  case $? in
    0) [[ $REPLY =~ \"State\":\{\"Status\":\"([a-z]+)\"[^\}]*\"Pid\":([0-9]+) ]] || { echo 'unknown 0'; return; } ;;
    22) if [[ ${REPLY,,} == *'no such'* ]]; then echo 'missing 0'; else echo 'unknown 0'; fi; return ;;
    *) echo 'unknown 0'; return ;;
  esac
  local status=${BASH_REMATCH[1]} process=${BASH_REMATCH[2]}
  read -r id 2>/dev/null <"$RUN_DIRECTORY/container-id" || true
  if [[ $REPLY =~ \"Id\":\"([0-9a-f]+)\" && ${BASH_REMATCH[1]} != "$id" ]]; then
    echo "${BASH_REMATCH[1]}" >"$RUN_DIRECTORY/container-id"
  fi 2>/dev/null
  case $status in
    running | paused | restarting) echo "running $process" ;;
    exited | dead | removing) echo 'exited 0' ;;
    created) echo 'created 0' ;;
    *) echo 'unknown 0' ;;
  esac
}

# What this node's guard says, in the words state, since (milliseconds since boot) and reason; state is empty if no guard
# runs.
# shellcheck disable=SC2034 # for those who source this
guard_says() {
  read_guard_state "$RUN_DIRECTORY/state"
  state=${guard[state]-} since=${guard[since]-0} reason=${guard[reason]-}
}

# The control group of the container's processes, in REPLY; fails if there is none. Docker names it by the container's id:
# so they are found without Docker, also while it still starts them and has not told their numbers.
container_group() {
  local id='' group
  read -r id 2>/dev/null <"$RUN_DIRECTORY/container-id" || true
  [[ $id =~ ^[0-9a-f]+$ ]] || return
  # Made by systemd, or by Docker itself; below `systemd` where each controller has groups of its own.
  for group in {,systemd/}{system.slice/docker-"$id".scope,docker/"$id"}; do
    REPLY=$CONTROL_GROUPS/$group
    [[ ! -e $REPLY/cgroup.procs ]] || return 0
  done
  return 1
}

# Does a process of the container live?
container_lives() {
  local REPLY process events=''
  recorded_process
  # shellcheck disable=SC2086 # two words
  if process_lives $REPLY; then return; fi
  container_group || return
  # Of the groups below it, too: Rancher makes some.
  if IFS= read -r -d '' events 2>/dev/null <"$REPLY/cgroup.events" || [[ -n $events ]]; then
    [[ $events == *'populated 1'* ]]
    return
  fi
  while read -r process; do
    process_ended "$process" || return 0
  done 2>/dev/null <"$REPLY/cgroup.procs"
  return 1
}

# Kills the container. Without Docker, and without starting anything, which takes seconds on a node that gets hardly any
# processor time.
kill_container() {
  local REPLY process
  recorded_process
  # The kernel then ends all in its PID namespace.
  # shellcheck disable=SC2086 # two words
  if process_lives $REPLY; then kill -KILL "${REPLY%% *}" 2>/dev/null; fi
  container_group || return 0
  if [[ -e $REPLY/cgroup.kill ]]; then
    # cgroup(7): of the groups below it, too.
    echo 1 >"$REPLY/cgroup.kill"
  else
    while read -r process; do kill -KILL "$process"; done <"$REPLY/cgroup.procs"
  fi 2>/dev/null
}

# cut_off UNTIL: kills the container, and takes its data away once it is gone, or after 2 s, or at UNTIL (milliseconds since
# boot): what hangs in NFS may not go before its mount does. Forced, since the server may be away, and lazy, since somebody
# may stand in it: after this nobody finds it. Without the helper for NFS, which has nothing to do that matters here, and may
# hang.
cut_off() {
  local end
  kill_container
  filesystem_of "$DATA_DIRECTORY"
  [[ -n $REPLY ]] || return 0
  now
  end=$((NOW + 2000 < $1 ? NOW + 2000 : $1))
  while container_lives && now && ((NOW < end)); do sleep 0.1; done
  timeout -s KILL 2 umount --internal-only --force --lazy --no-canonicalize "$DATA_DIRECTORY"
}

# The process that was recorded when the container was last started: "NUMBER START", or nothing.
recorded_process() {
  REPLY=
  read -r REPLY 2>/dev/null <"$RUN_DIRECTORY/container" || true
}
