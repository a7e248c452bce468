# shellcheck shell=bash
# Faults that take processors, memory or the disk away. Sourced by `fault`.

fill=/var/tmp/ha-rancher-drill.fill

# Runs a command as a unit of its own: begin NAME SECONDS [PROPERTY...] -- COMMAND...
begin() {
  local name=$1 limit=$2
  local -a properties=()
  shift 2
  while [[ $1 != -- ]]; do
    properties+=(--property "$1")
    shift
  done
  shift
  end "$name"
  systemd-run --quiet --collect --unit "ha-rancher-drill-$name" --property "RuntimeMaxSec=$limit" "${properties[@]}" "$@"
}

end() {
  if systemctl is-active --quiet "ha-rancher-drill-$1"; then systemctl stop "ha-rancher-drill-$1"; fi
}

fill_disk() {
  local blocks size
  read -r blocks size < <(stat --file-system --format '%f %S' "${fill%/*}")
  # fallocate is fast, but leaves some space; dd fills that, and the space reserved for root.
  fallocate --length $((blocks * size - 64 * 1024 * 1024)) "$fill"
  dd if=/dev/zero of="$fill" oflag=append conv=notrunc bs=1M status=none 2>/dev/null
  # dd fails on a full disk, which is the purpose.
  return 0
}

# Ends by itself soon after its time: on a slow node nobody can log in to end it.
keep_busy() {
  local count
  count=$((2 * $(nproc)))
  # shellcheck disable=SC2016 # for the shell in the unit
  begin busy $(($1 + 10)) Nice=-20 CPUWeight=10000 -- \
    bash -c 'for ((i = 0; i < $0; i++)); do while :; do :; done & done; wait' "$count"
}

# The file of the container's control group that limits its share of the processors, and no limit in its words.
throttle() {
  local id group
  id=$(docker inspect --type container --format '{{.Id}}' "$(container_name)") || return
  for group in /sys/fs/cgroup/{system.slice/docker-"$id".scope,docker/"$id"}/cpu.max; do
    if [[ -e $group ]]; then
      echo "$1 100000" >"$group"
      return
    fi
  done
  group=/sys/fs/cgroup/cpu/docker/$id/cpu.cfs_quota_us
  # A container that does not run has no group, and no limit.
  [[ ! -e $group ]] || echo "${1/max/-1}" >"$group"
}

# What the NFS client has to send stands before a heartbeat, if both go by one connection.
flood() {
  local directory
  directory=$(data_directory) || return
  # shellcheck disable=SC2016 # for the shell in the unit
  begin flood "$(($1 + 10))" "ExecStopPost=-/bin/rm -f $directory/.drill-flood" -- \
    bash -c 'SECONDS=0; while ((SECONDS < $0)); do dd if=/dev/zero of="$1" bs=1M count=256 conv=fsync status=none; done' \
    "$1" "$directory/.drill-flood"
}

# It begins when this script has ended: what comes after may hang. Whatever becomes of the unit, it thaws the disk.
freeze() {
  # shellcheck disable=SC2016 # for the shell in the unit
  begin freeze $(($1 + 30)) 'ExecStopPost=-/sbin/fsfreeze --unfreeze /' -- \
    bash -c 'sleep 1; /sbin/fsfreeze --freeze / && sleep "$0"' "$1"
}

# tail keeps all of what has no line break. It is what the kernel ends first, and then another one begins.
thrash() {
  local key value rest available=0
  while read -r key value rest; do
    if [[ $key == MemAvailable: ]]; then available=$value; fi
  done </proc/meminfo
  # shellcheck disable=SC2016 # for the shell in the unit
  begin thrash "$1" OOMScoreAdjust=1000 OOMPolicy=continue -- \
    bash -c 'while :; do head --bytes "$0K" /dev/zero | tail --lines 1 >/dev/null; done' $((available + available / 5))
}
