# shellcheck shell=bash
# The guard's settings: read from guard.conf, checked, all mistakes said at once. Sourced, never run.
#
# guard.conf holds lines KEY=VALUE, each value quoted for a shell. Times are seconds, decimals allowed. Its last line
# reads service.conf, which names what this node runs: node/release/point writes it, so that an upgrade can change one node
# after the other.
#
#   NODE              this node's name; unique in the stack
#   VIP               the floating IP, an IPv4 address without prefix
#   CONTAINER         name of the container to run (in service.conf)
#   DATA_DIRECTORY    mount point of the shared data
#   DATA_UNIT         systemd mount unit of DATA_DIRECTORY; only the guard starts it
#   LEASE_DIRECTORY   mount point of the lease directory, NFSv4, mounted all the time
#   LEASE_UNIT        systemd mount unit of LEASE_DIRECTORY
#   IDENTITY          this node's NFSv4 client identity; unique among all clients of the NFS server
#   SENTINEL          first line of the file .ha-rancher-sentinel in the data: tells the right directory from any other
#   NFS_VERSION       4.2 unless it is given, or 3: no locks and no leases, but claims (see `lease`)
#
#   HEALTH_URL        answers 2xx as long as the service is well; asked on this node (in service.conf)
#
# and, if the defaults do not fit:
#   HEARTBEAT   1     one round of the guard, and the time between two heartbeats
#   GIVE_UP     6     without a heartbeat for this long the container is stopped hard; also the guard's own watchdog
#   WATCHDOG   10     after this long without a heartbeat it is certain not to run: a successor waits for that, and the
#                     node's watchdog (PID 1 feeds it) resets a node on which nothing acts any more
#   LEASE_TIME 15     lease time of the NFS server
#   GRACE_TIME 20     grace time of the NFS server: after its restart nobody gets a new lock for so long
#   VIP_LOSS    2     without the VIP for this long the service is stopped
#   GIVE_BACK   8     with the VIP, while another live node has the lease, for this long: give the VIP back
#   HOLD       10     how long a VIP given back is refused, longer each time
#   HOLD_OFF   60     how long the VIP is refused after starts that failed
#   RESTARTS    3     starts of a container that ends by itself, before the node steps down
#   START_LIMIT 60    how long mounting, and starting the container, may take
#   START_DEADLINE 300  how long it may take until it is well
#   STOP_GRACE 30     between SIGTERM and SIGKILL when the container is stopped in order
#   COPY_LIMIT 20     how long the copy of the datastore before a start may take; after that it starts without, unless
#                     the container never ran on this data
#   WORK_LIMIT  3600  how long a backup or a restore may work on the data while the service is stopped (work.bash)
#   COPIES      3     copies of the datastore that are kept, beside the one from before this container first ran
#   HEALTH_EVERY 1, HEALTH_TIMEOUT 2, HEALTH_FAILURES 2   how the service's health is looked at (health.bash)
#   DEEP_URL          answers 2xx only if the datastore answers, too; default none (in service.conf)
#   DEEP_EVERY 15, DEEP_TIMEOUT 5                         how often it is asked, with the same HEALTH_FAILURES
#   DATASTORE         k3s/server/db, the datastore below DATA_DIRECTORY
#   FENCE_AGENT       a program that makes certain that a node is off (see `fence`); default none: nodes fence themselves
#   FENCE_LIMIT 60    how long it may take
#   FENCE_DIRECTORY   /etc/ha-rancher/fence
#   RUN_DIRECTORY     /run/ha-rancher
#   IDENTITY_FILE     /sys/fs/nfs/net/nfs_client/identifier
#   ADDRESS_TABLE     /proc/net/fib_trie
#   MOUNT_TABLE       /proc/self/mountinfo
#   MOUNT_STATISTICS  /proc/self/mountstats
#   WATCHDOG_DEVICE   /dev/watchdog0
#   INIT_FILES        /proc/1/fd, what PID 1 has open
#   CONTROL_GROUPS    /sys/fs/cgroup
#   RESET_TRIGGER     /proc/sysrq-trigger
#   KEEPALIVED_FILE   /etc/keepalived/keepalived.conf
#   VIP_FACTS         /etc/ha-rancher/vip.env (domain/vip-facts.ts)
#   MAINTENANCE_FILE  /etc/ha-rancher/maintenance
#
# Why those times are safe: an owner that cannot write its heartbeat kills its container after GIVE_UP, and is sure
# of that (or resets itself) by WATCHDOG; a guard that hangs is killed by systemd in the same time, and a node whose
# systemd hangs is reset by its watchdog. Nobody else may start before WATCHDOG, and after a cut connection the server
# gives the lease to nobody before LEASE_TIME (or its own instead, which fitness.bash looks at). After its own restart it
# gives none before GRACE_TIME, in which the owner takes its own back: were that shorter than LEASE_TIME, an owner that
# was cut off meanwhile could lose it early.

# shellcheck disable=SC2034 # for those who source this
readonly sentinel_name=.ha-rancher-sentinel
readonly copies_name=.snap # copies of the datastore in the data, by epoch
readonly restore_name=.restore # a restore that is not over, in the data (work.bash)
readonly unwell_grace=5    # seconds between SIGTERM and SIGKILL of a service that does not answer
readonly config_error=78 # EX_CONFIG of sysexits.h: the unit does not restart after it

# Turns seconds with decimals into milliseconds, in REPLY.
milliseconds() {
  local whole=${1%%.*} fraction=
  [[ $1 == *.* ]] && fraction=${1#*.}
  fraction=${fraction}000
  REPLY=$((10#$whole * 1000 + 10#${fraction:0:3}))
}

# load_configuration FILE [node]: reads and checks the settings. Afterwards all times are whole milliseconds, but for
# STOP_GRACE, which Docker takes in seconds. `node`: for what a node needs before it is told what to run.
load_configuration() {
  local file=$1 part=${2-} key pattern value
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
    [HEALTH_URL]='^https?://[[:graph:]]+$'
  )
  local -a service=(CONTAINER HEALTH_URL)
  # Empty, unless they are given.
  local -A optional=(
    [DEEP_URL]='^(https?://[[:graph:]]+)?$'
    [FENCE_AGENT]='^(fence_[a-z0-9_]+|/[^[:space:]]+)?$'
  )
  local -A times=([HEARTBEAT]=1 [GIVE_UP]=6 [WATCHDOG]=10 [LEASE_TIME]=15 [GRACE_TIME]=20 [VIP_LOSS]=2 [GIVE_BACK]=8
    [HOLD]=10 [HOLD_OFF]=60 [START_LIMIT]=60 [START_DEADLINE]=300 [COPY_LIMIT]=20 [HEALTH_EVERY]=1
    [HEALTH_TIMEOUT]=2 [DEEP_EVERY]=15 [DEEP_TIMEOUT]=5 [FENCE_LIMIT]=60 [WORK_LIMIT]=3600)
  local -A counts=([RESTARTS]=3 [STOP_GRACE]=30 [COPIES]=3 [HEALTH_FAILURES]=2)
  local -A paths=([DATASTORE]=k3s/server/db [FENCE_DIRECTORY]=/etc/ha-rancher/fence [RUN_DIRECTORY]=/run/ha-rancher
    [IDENTITY_FILE]=/sys/fs/nfs/net/nfs_client/identifier [ADDRESS_TABLE]=/proc/net/fib_trie
    [MOUNT_TABLE]=/proc/self/mountinfo [MOUNT_STATISTICS]=/proc/self/mountstats
    [WATCHDOG_DEVICE]=/dev/watchdog0 [INIT_FILES]=/proc/1/fd [CONTROL_GROUPS]=/sys/fs/cgroup
    [RESET_TRIGGER]=/proc/sysrq-trigger
    [KEEPALIVED_FILE]=/etc/keepalived/keepalived.conf [VIP_FACTS]=/etc/ha-rancher/vip.env
    [MAINTENANCE_FILE]=/etc/ha-rancher/maintenance)

  # Nothing may come from the environment.
  unset -v "${!required[@]}" "${!optional[@]}" "${!times[@]}" "${!counts[@]}" "${!paths[@]}" NFS_VERSION
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
      [[ $part != node || " ${service[*]} " != *" $key "* ]] || continue
      mistakes+=("\`$key\` is missing")
    elif [[ ! $value =~ $pattern ]]; then
      mistakes+=("\`$key\` is '$value', which does not match $pattern")
    fi
  done
  for key in "${!optional[@]}"; do
    [[ -v $key ]] || printf -v "$key" %s ''
    [[ ${!key} =~ ${optional[$key]} ]] ||
      mistakes+=("\`$key\` is '${!key}', which does not match ${optional[$key]}")
  done
  for key in "${!paths[@]}"; do
    [[ -n ${!key-} ]] || printf -v "$key" %s "${paths[$key]}"
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
  # The type of NFS's file systems in the mount table, and for how long a claim must stand where there are no locks.
  case ${NFS_VERSION:=4.2} in
    4.2) NFS_TYPE=nfs4 CLAIM_TIME=0 ;;
    3) NFS_TYPE=nfs CLAIM_TIME=$WATCHDOG ;;
    *) mistakes+=("\`NFS_VERSION\` is '$NFS_VERSION', not 4.2 or 3") ;;
  esac

  if ((${#mistakes[@]} == 0)); then
    ((GIVE_UP >= 3 * HEARTBEAT)) || mistakes+=("\`GIVE_UP\` must be at least three times \`HEARTBEAT\`")
    ((WATCHDOG >= GIVE_UP + 2 * HEARTBEAT)) ||
      mistakes+=("\`WATCHDOG\` must be at least \`GIVE_UP\` and twice \`HEARTBEAT\`: stopping hard takes time")
    ((LEASE_TIME > WATCHDOG)) || mistakes+=("\`LEASE_TIME\` must be more than \`WATCHDOG\`")
    ((GRACE_TIME >= LEASE_TIME)) || mistakes+=("\`GRACE_TIME\` must be at least \`LEASE_TIME\`")
  fi
  ((${#mistakes[@]})) || return 0
  refuse_configuration "$(printf '%s; ' "${mistakes[@]}" | sed 's/; $//') (in $file)"
}

refuse_configuration() {
  printf 'ha-rancher: %s\n' "$1" >&2
  exit "$config_error"
}
