# shellcheck shell=bash
# Is this node fit to hold the VIP? Looked at while it is not the owner of the lease. Sourced by the guard.
# shellcheck disable=SC2034,SC2153,SC2154 # variables of the guard

# Why this node must not hold the VIP, in FAULT.
look_for_faults() {
  local identity='' before=$FAULT
  FAULT=
  read -r identity 2>/dev/null <"$IDENTITY_FILE" || true
  if [[ $NFS_TYPE == nfs4 && $identity != "$IDENTITY" ]]; then
    FAULT="the NFSv4 client identity is '$identity', not '$IDENTITY'"
  elif ((!CHECKED)); then
    FAULT='not checked yet'
  elif [[ $LEASE_TYPE != "$NFS_TYPE" ]]; then
    FAULT="$LEASE_DIRECTORY is not mounted with NFS $NFS_VERSION"
  elif [[ -n $LEASE_ERROR ]]; then
    FAULT=$LEASE_ERROR
  elif ((!LEASE_ANSWERED)); then
    FAULT="$LEASE_DIRECTORY has not answered yet"
  elif ((NOW - LEASE_ANSWERED > GIVE_UP)); then
    FAULT="$LEASE_DIRECTORY does not answer"
  elif [[ $CONTAINER_STATE == unknown ]]; then
    FAULT='Docker does not answer'
  elif [[ $CONTAINER_STATE == missing ]]; then
    FAULT="there is no container $CONTAINER"
  elif [[ $CONTAINER_STATE == running || -n $DATA_TYPE ]]; then
    FAULT='leftovers of a former owner'
  elif [[ -n $SERVER_FAULT ]]; then
    FAULT=$SERVER_FAULT
  elif asked_to_leave; then
    FAULT='told to hand over'
  elif ((NOW < HOLD_UNTIL)) && [[ ! -e $RUN_DIRECTORY/work ]]; then
    FAULT=$HOLD_REASON
  fi
  [[ $FAULT == "$before" ]] || say "${FAULT:-fit again}"
}

# Has somebody told this node to hand over (`hand-over`), and is the time of that not over?
asked_to_leave() {
  local until=
  read -r until 2>/dev/null <"$RUN_DIRECTORY/leave" || return
  [[ $until =~ ^[0-9]{1,15}$ ]] && ((NOW < until)) && return
  rm -f -- "$RUN_DIRECTORY/leave"
  return 1
}

# The server's lease time is what the whole argument stands on: it must be more than what an owner needs to fall
# silent.
look_at_server() {
  server_lease_time "$LEASE_DIRECTORY"
  SERVER_LEASE=$REPLY SERVER_FAULT=
  if [[ -n $REPLY ]] && ((REPLY * 1000 <= WATCHDOG)); then
    SERVER_FAULT="the NFS server's lease time is $REPLY s, and must be more than $((WATCHDOG / 1000)) s"
  fi
}

# While not the owner: looks at mounts and, every 10 HEARTBEAT, at Docker; mounts the lease directory; clears what must not
# be there.
keep_fit() {
  local state
  job_poll check
  case $JOB in
    ok)
      read -r state _ <"$RUN_DIRECTORY/check.log"
      CONTAINER_STATE=$state CHECKED=$NOW
      look_at_server
      ;;
    failed) CONTAINER_STATE=unknown CHECKED=$NOW ;;
    none) ((CHECKED && NOW - CHECKED < 10 * HEARTBEAT)) || job_start check "$START_LIMIT" container_state ;;
  esac
  filesystem_of "$DATA_DIRECTORY"
  DATA_TYPE=$REPLY
  if [[ $CONTAINER_STATE == running || -n $DATA_TYPE ]]; then
    say "leftovers: container ${CONTAINER_STATE:-not checked yet}, data ${DATA_TYPE:-not mounted}: clearing them"
    TRACK=1 # which stop-container writes
    if "$here/stop-container" "$configuration"; then forget_check; fi
  fi
  filesystem_of "$LEASE_DIRECTORY"
  LEASE_TYPE=$REPLY
  if [[ $LEASE_TYPE != "$NFS_TYPE" ]]; then
    lease_drop
    job_poll mount
    [[ $JOB != none ]] || job_start mount "$START_LIMIT" mount_lease
  fi
}

# What was found out may be old: look again before trusting the node.
forget_check() {
  job_kill check
  CHECKED=0 CONTAINER_STATE=
}
