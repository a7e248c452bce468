# shellcheck shell=bash
# Looks at this node: VIP, mounts, container, processes. Sourced, never run; needs the settings.
# What can hang (Docker) is for the caller to bound in time; nothing here touches NFS.

# Milliseconds since boot, in NOW. The wall clock may jump.
now() {
  read -r NOW _ </proc/uptime
  NOW=$((10#${NOW/./} * 10))
}

# Is the VIP on an interface of this node?
holds_vip() {
  [[ -n $(ip -o -4 address show to "$VIP/32" 2>/dev/null) ]]
}

# The file system type mounted on the directory $1, or nothing. Reads the kernel's table, not the directory.
filesystem_of() {
  findmnt --kernel --nocanonicalize --noheadings --first-only --output FSTYPE --mountpoint "$1" 2>/dev/null || true
}

# The container as Docker sees it within $1 seconds (default 10): "STATE PID", STATE one of running, exited, created,
# missing, unknown.
container_state() {
  local said
  said=$(timeout -s KILL "${1-10}" docker inspect --type container --format '{{.State.Status}} {{.State.Pid}}' \
    "$CONTAINER" 2>&1)
  case $? in
    0) ;;
    1) if [[ ${said,,} == *'no such'* ]]; then said='missing 0'; fi ;;
    *) said= ;;
  esac
  case $said in
    paused\ * | restarting\ *) echo "running ${said#* }" ;;
    dead\ * | removing\ *) echo 'exited 0' ;;
    'running '* | 'exited '* | 'created '* | 'missing 0') echo "$said" ;;
    *) echo 'unknown 0' ;;
  esac
}

# When the process $1 was started (ticks since boot), in REPLY; fails if it is gone or dead (a zombie).
# With the number it names a process for good: numbers are used again.
process_start() {
  local line
  local -a fields
  { IFS= read -r -d '' line || [[ -n $line ]]; } 2>/dev/null <"/proc/$1/stat" || return
  # The second field is the program's name in brackets, which may hold anything: count from behind it.
  read -r -a fields <<<"${line##*) }"
  [[ ${fields[0]-Z} != [ZX] ]] || return
  REPLY=${fields[19]}
}

# Does the process recorded as number $1, started at $2, still live?
process_lives() {
  [[ ${1-} =~ ^[1-9][0-9]*$ ]] && process_start "$1" && [[ $REPLY == "${2-}" ]]
}

# The process that was recorded when the container was last started: "NUMBER START", or nothing.
recorded_process() {
  REPLY=
  read -r REPLY 2>/dev/null <"$RUN_DIRECTORY/container" || true
}
