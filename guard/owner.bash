# shellcheck shell=bash
# What the guard does while its node is the lease's owner: PREPARE, ACTIVE, STOPPING. Sourced by the guard.
# shellcheck disable=SC2034,SC2154 # variables of the guard

to_prepare() {
  job_kill check
  EPOCH=$((RECORD_EPOCH > LEASE_EPOCH ? RECORD_EPOCH + 1 : LEASE_EPOCH + 1))
  SEQUENCE=0 BEATEN=$NOW RESTART_COUNT=0 RETRY=0 STEP=take
  become PREPARE "$1"
}

# In order: the lease is released when the container is gone and the data unmounted.
step_down() {
  become STOPPING "$1"
  STEP=leave
}

# At once: the lease is lost, or may be soon.
stop_hard() {
  job_kill data
  job_kill start
  job_kill leave
  track 1
  hold "$HOLD" "$1"
  become STOPPING "$1"
  STEP=hard
  try_hard
}

try_hard() {
  # This takes its time, and the watchdog must not think that the guard hangs.
  notify now
  # It resets the node if it fails.
  "$here/stop-container" "$configuration" || return
  forget_check
  to_standby "$REASON"
}

# The owner's duties; fails if the node is no longer the owner.
keep_lease() {
  if ((!LOCKED)) || [[ -n $LEASE_ERROR ]]; then
    stop_hard "the lease is lost: ${LEASE_ERROR:-its process ended}"
  elif ((NOW - BEATEN > GIVE_UP)); then
    stop_hard "no heartbeat since $((NOW - BEATEN)) ms: giving up"
  elif [[ $STEP != take && $LEASE_EPOCH != "$EPOCH" ]]; then
    stop_hard "the epoch on the server is $LEASE_EPOCH, not $EPOCH"
  else
    return 0
  fi
  return 1
}

# Steps down if somebody else is to be active, or nobody.
may_not_go_on() {
  if ((TERMINATED)); then
    step_down 'told to end'
  elif ((VIP_LOST)); then
    step_down 'the VIP is gone'
  else
    return 1
  fi
}

prepare() {
  keep_lease || return
  if [[ $STEP == take ]]; then
    # Half taken is neither: whatever happens, first see this through.
    [[ $LEASE_EPOCH == "$EPOCH" ]] || return
    STEP=taken
  fi
  if may_not_go_on; then return; fi
  case $STEP in
    taken)
      STEP=data
      job_start data "$START_LIMIT" mount_data
      ;;
    data)
      job_poll data
      case $JOB in
        ok)
          STEP=start
          job_start start "$START_LIMIT" start_container
          ;;
        failed) start_failed data "$DATA_DIRECTORY cannot be used" ;;
      esac
      ;;
    start)
      job_poll start
      case $JOB in
        ok)
          STEP=run STARTED=$NOW
          become ACTIVE 'the container runs'
          ;;
        failed) start_failed start "the container cannot be started" ;;
      esac
      ;;
  esac
}

# start_failed JOB WHAT
start_failed() {
  job_words "$1"
  hold "$HOLD_OFF" "$2: $REPLY"
  step_down "$2: $REPLY"
}

active() {
  local recorded
  keep_lease || return
  if may_not_go_on; then return; fi
  if [[ $STEP == start ]]; then
    job_poll start
    case $JOB in
      running) return ;;
      ok) STARTED=$NOW ;;
      failed)
        # Perhaps it is just being replaced by a new one.
        RETRY=$((NOW + 5 * BEAT))
        job_words start
        say "the container cannot be started: $REPLY"
        ;;
    esac
    STEP=run
  fi
  ((NOW >= RETRY)) || return
  recorded_process
  recorded=$REPLY
  # shellcheck disable=SC2086 # two words
  process_lives $recorded && return
  ((NOW - STARTED < HOLD_OFF)) || RESTART_COUNT=0
  if ((++RESTART_COUNT > RESTARTS)); then
    hold "$HOLD_OFF" 'the container ends by itself again and again'
    step_down "$HOLD_REASON"
    return
  fi
  say "the container ended, starting it again ($RESTART_COUNT of $RESTARTS)"
  rm -f -- "$RUN_DIRECTORY/container"
  STEP=start
  job_start start "$START_LIMIT" start_container
}

stopping() {
  if [[ $STEP == hard ]]; then
    try_hard
    return
  fi
  keep_lease || return
  case $STEP in
    leave)
      # What is under way is seen through: killing the job would not take back what Docker was asked for.
      job_poll data
      [[ $JOB != running ]] || return
      job_poll start
      [[ $JOB != running ]] || return
      job_poll leave
      case $JOB in
        none) job_start leave $((STOP_GRACE * 1000 + START_LIMIT)) leave ;;
        ok)
          STEP=release
          CONTAINER_STATE=exited DATA_TYPE='' CHECKED=$NOW
          ;;
        failed)
          job_words leave
          stop_hard "the service cannot be stopped in order: $REPLY"
          ;;
      esac
      ;;
    release)
      ((RELEASED)) || return
      to_standby "$REASON"
      ;;
  esac
}
