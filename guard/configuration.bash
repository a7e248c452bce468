# shellcheck shell=bash
# The guard's settings: read from guard.conf, checked, all mistakes said at once. Sourced, never run.
#
# guard.conf holds lines KEY=VALUE, each value quoted for a shell. Times are seconds, decimals allowed.
#
#   NODE              this node's name; unique in the stack
#   VIP               the floating IP, an IPv4 address without prefix
#   CONTAINER         name of the container to run
#   DATA_DIRECTORY    mount point of the shared data
#   DATA_UNIT         systemd mount unit of DATA_DIRECTORY; only the guard starts it
#   LEASE_DIRECTORY   mount point of the lease directory, NFSv4, mounted all the time
#   LEASE_UNIT        systemd mount unit of LEASE_DIRECTORY
#   IDENTITY          this node's NFSv4 client identity; unique among all clients of the NFS server
#   SENTINEL          first line of the file .ha-rancher-sentinel in the data: tells the right directory from any other
#
# and, if the defaults do not fit:
#   BEAT        1     one round of the guard, and the time between two heartbeats
#   GIVE_UP     6     without a heartbeat for this long the container is stopped hard; also the systemd watchdog's time
#   KILLED_BY  10     after this long without a heartbeat it is certain not to run: a successor waits for that
#   LEASE_TIME 15     lease time of the NFS server
#   VIP_LOSS    2     without the VIP for this long the service is stopped
#   GIVE_BACK  20     with the VIP, while another live node has the lease, for this long: give the VIP back
#   HOLD       10     how long a VIP given back is refused
#   HOLD_OFF   60     how long the VIP is refused after starts that failed
#   RESTARTS    3     starts of a container that ends by itself, before the node steps down
#   START_LIMIT 60    how long mounting, and starting the container, may take
#   STOP_GRACE 30     between SIGTERM and SIGKILL when the container is stopped in order
#   RUN_DIRECTORY     /run/ha-rancher
#   IDENTITY_FILE     /sys/fs/nfs/net/nfs_client/identifier
#   ADDRESS_TABLE     /proc/net/fib_trie
#   MOUNT_TABLE       /proc/self/mountinfo
#   KEEPALIVED_FILE   /etc/keepalived/keepalived.conf
#   MAINTENANCE_FILE  /etc/ha-rancher/maintenance
#
# Why those times are safe: an owner that cannot write its heartbeat kills its container after GIVE_UP, and is sure
# of that (or resets itself) by KILLED_BY; a guard that hangs is killed by the watchdog in the same time. Nobody
# else may start before KILLED_BY, and after a cut connection the server gives the lease to nobody before LEASE_TIME.

# shellcheck disable=SC2034 # for those who source this
readonly sentinel_name=.ha-rancher-sentinel
readonly config_error=78 # EX_CONFIG of sysexits.h: the unit does not restart after it

# Turns seconds with decimals into milliseconds, in REPLY.
milliseconds() {
  local whole=${1%%.*} fraction=
  [[ $1 == *.* ]] && fraction=${1#*.}
  fraction=${fraction}000
  REPLY=$((10#$whole * 1000 + 10#${fraction:0:3}))
}

# Reads and checks the settings in the file $1. Afterwards all times are whole milliseconds, but for STOP_GRACE,
# which Docker takes in seconds.
load_configuration() {
  local file=$1 key pattern value
  local -a mistakes=()
  local -A required=(
    [NODE]='^[A-Za-z0-9][A-Za-z0-9.-]*$'
    [VIP]='^[0-9]{1,3}(\.[0-9]{1,3}){3}$'
    [CONTAINER]='^[A-Za-z0-9][A-Za-z0-9_.-]*$'
    [DATA_DIRECTORY]='^/[^[:cntrl:]]*[^/[:cntrl:]]$'
    [DATA_UNIT]='^[^[:space:]/]+\.mount$'
    [LEASE_DIRECTORY]='^/[^[:cntrl:]]*[^/[:cntrl:]]$'
    [LEASE_UNIT]='^[^[:space:]/]+\.mount$'
    [IDENTITY]='^[[:graph:]]+$'
    [SENTINEL]='^[^[:cntrl:]]+$'
  )
  local -A times=([BEAT]=1 [GIVE_UP]=6 [KILLED_BY]=10 [LEASE_TIME]=15 [VIP_LOSS]=2 [GIVE_BACK]=20 [HOLD]=10
    [HOLD_OFF]=60 [START_LIMIT]=60)
  local -A counts=([RESTARTS]=3 [STOP_GRACE]=30)

  # Nothing may come from the environment.
  unset -v "${!required[@]}" "${!times[@]}" "${!counts[@]}" RUN_DIRECTORY IDENTITY_FILE ADDRESS_TABLE MOUNT_TABLE \
    KEEPALIVED_FILE MAINTENANCE_FILE
  if [[ ! -r $file ]]; then
    refuse_configuration "$file cannot be read: it is written by \`pulumi up\`"
  fi
  # shellcheck disable=SC1090 # its path is only known now
  if ! source "$file"; then
    refuse_configuration "$file is not a list of KEY='value' lines"
  fi

  for key in "${!required[@]}"; do
    pattern=${required[$key]} value=${!key-}
    if [[ -z $value ]]; then
      mistakes+=("\`$key\` is missing")
    elif [[ ! $value =~ $pattern ]]; then
      mistakes+=("\`$key\` is '$value', which does not match $pattern")
    fi
  done
  for key in "${!times[@]}"; do
    value=${!key-${times[$key]}}
    if [[ $value =~ ^[0-9]{1,6}(\.[0-9]{1,3})?$ ]]; then
      milliseconds "$value"
      printf -v "$key" %s "$REPLY"
      ((REPLY)) || mistakes+=("\`$key\` must be more than 0 seconds")
    else
      mistakes+=("\`$key\` is '$value', not a number of seconds")
    fi
  done
  for key in "${!counts[@]}"; do
    value=${!key-${counts[$key]}}
    if [[ $value =~ ^[1-9][0-9]{0,3}$ ]]; then
      printf -v "$key" %s "$value"
    else
      mistakes+=("\`$key\` is '$value', not a whole number from 1")
    fi
  done
  : "${RUN_DIRECTORY:=/run/ha-rancher}" "${IDENTITY_FILE:=/sys/fs/nfs/net/nfs_client/identifier}" \
    "${ADDRESS_TABLE:=/proc/net/fib_trie}" "${MOUNT_TABLE:=/proc/self/mountinfo}" \
    "${KEEPALIVED_FILE:=/etc/keepalived/keepalived.conf}" "${MAINTENANCE_FILE:=/etc/ha-rancher/maintenance}"

  if ((${#mistakes[@]} == 0)); then
    ((GIVE_UP >= 3 * BEAT)) || mistakes+=("\`GIVE_UP\` must be at least three times \`BEAT\`")
    ((KILLED_BY >= GIVE_UP + 2 * BEAT)) ||
      mistakes+=("\`KILLED_BY\` must be at least \`GIVE_UP\` and twice \`BEAT\`: stopping hard takes time")
    ((LEASE_TIME > KILLED_BY)) || mistakes+=("\`LEASE_TIME\` must be more than \`KILLED_BY\`")
  fi
  ((${#mistakes[@]})) || return 0
  refuse_configuration "$(printf '%s; ' "${mistakes[@]}" | sed 's/; $//') (in $file)"
}

refuse_configuration() {
  printf 'ha-rancher: %s\n' "$1" >&2
  exit "$config_error"
}
