# shellcheck shell=bash
# What the guard does while its node is the lease's owner: PREPARE, STARTING, ACTIVE, STOPPING. Sourced by the guard.
# shellcheck disable=SC2034,SC2154 # variables of the guard

to_prepare() {
  job_kill check
  job_kill fence
  GIVEN_BACK=0
  EPOCH=$((RECORD_EPOCH > LEASE_EPOCH ? RECORD_EPOCH + 1 : LEASE_EPOCH + 1))
  SEQUENCE=0 CONFIRMED=0 BEATEN=$NOW RESTART_COUNT=0 RETRY=0 STEP=take
  become PREPARE "$1"
}

# step_down REASON [SECONDS]: in order: the lease is released when the container is gone and the data unmounted.
# SECONDS is what the container gets to end by itself.
step_down() {
  health_stop
  # What these leave half done, the next owner finishes.
  job_kill work
  job_kill settle
  GRACE=${2:-$STOP_GRACE}
  become STOPPING "$1"
  STEP=leave
}

# At once: the lease is lost, or may be soon.
stop_hard() {
  local job
  # First of all: what follows starts processes, and may be slow.
  kill_container
  health_stop
  for job in data copy start leave pause work settle; do job_kill "$job"; done
  track 1
  hold "$HOLD" "$1"
  become STOPPING "$1"
  STEP=hard
  try_hard
}

try_hard() {
  # This takes its time, and the watchdog must not think that the guard hangs.
  notify now
  # Before another program is started for the rest: a successor mounts the data when its time has come.
  cut_off $((BEATEN + WATCHDOG - 2 * HEARTBEAT)) >/dev/null 2>&1
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
  elif asked_to_leave; then
    step_down 'told to hand over'
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
    pause)
      job_poll pause
      case $JOB in
        ok) STEP=taken CONTAINER_STATE=exited ;;
        failed)
          job_words pause
          stop_hard "the service cannot be stopped in order: $REPLY"
          ;;
      esac
      ;;
    taken)
      STEP=data
      job_start data "$START_LIMIT" mount_data
      ;;
    data)
      job_poll data
      case $JOB in
        ok)
          if work_asked; then
            STEP=work
            printf '%s\n' "$WORK_ID" >"$RUN_DIRECTORY/work.begun"
            job_start work "$WORK_LIMIT" do_work
          else
            STEP=copy
            job_start copy "$START_DEADLINE" copy_datastore
          fi
          ;;
        failed) start_failed data "$DATA_DIRECTORY cannot be used" ;;
      esac
      ;;
    work)
      job_poll work
      case $JOB in
        running) return ;;
        ok) work_ended ok ;;
        failed)
          job_words work
          work_ended "failed ${REPLY:-without a word}"
          ;;
      esac
      # Again from the start of it: what was left half done is finished there.
      STEP=taken
      ;;
    copy)
      job_poll copy
      case $JOB in
        running) return ;;
        failed)
          if [[ -e $RUN_DIRECTORY/must-copy ]]; then
            start_failed copy "the datastore cannot be copied, and $CONTAINER never ran on it"
            return
          fi
          job_words copy
          say "there is no copy of the datastore from before this start: ${REPLY:-it took too long}"
          ;;
      esac
      to_start
      ;;
    confirm) start_once_confirmed ;;
    start)
      job_poll start
      case $JOB in
        ok) started ;;
        failed) start_failed start "the container cannot be started" ;;
      esac
      ;;
  esac
}

# The container is to be started, which is to happen only while this node is still the owner. A machine that was paused goes on
# where it was, and its container, whose locks are lost, may end before the next heartbeat tells why. So first the server
# must confirm a heartbeat that is sent from now on.
to_start() {
  STEP=confirm AFTER=$SEQUENCE
}

start_once_confirmed() {
  ((CONFIRMED > AFTER)) || return 0
  STEP=start
  say 'the container is started'
  job_start start "$START_LIMIT" start_container
}

# start_failed JOB WHAT
start_failed() {
  job_words "$1"
  give_up "$2: $REPLY"
}

# give_up REASON [SECONDS]: the service does not come up here. Another node may try; whoever waits for it can see that.
give_up() {
  START_FAILURE=$1
  hold "$HOLD_OFF" "$1"
  step_down "$@"
}

# The container runs: now it must show that it is well.
started() {
  STEP=run STARTED=$NOW
  health_start
  become STARTING 'the container runs'
}

# STARTING and ACTIVE: the container runs, or is being started again.
serve() {
  local recorded
  keep_lease || return
  if may_not_go_on; then return; fi
  if [[ $STEP != run ]]; then
    start_again
    return
  fi
  if work_asked; then
    health_stop
    job_kill settle
    become PREPARE "the service is stopped to $WORK_VERB the data"
    STEP=pause RESTART_COUNT=0 RETRY=0
    job_start pause $((STOP_GRACE * 1000 + START_LIMIT)) end_container "$STOP_GRACE"
    return
  fi
  ((NOW >= RETRY)) || return
  recorded_process
  recorded=$REPLY
  # shellcheck disable=SC2086 # two words
  if process_lives $recorded; then
    look_at_health
    return
  fi
  ((NOW - STARTED < HOLD_OFF)) || RESTART_COUNT=0
  if ((++RESTART_COUNT > RESTARTS)); then
    give_up 'the container ends by itself again and again'
    return
  fi
  say "the container ended, starting it again ($RESTART_COUNT of $RESTARTS)"
  rm -f -- "$RUN_DIRECTORY/container"
  health_stop
  to_start
}

# The container is not to run on as it was: the next step to where it runs again.
start_again() {
  case $STEP in
    pause)
      job_poll pause
      # Whatever became of that, a start says.
      [[ $JOB == running ]] || to_start
      ;;
    confirm) start_once_confirmed ;;
    start)
      job_poll start
      case $JOB in
        ok) started ;;
        failed)
          # Perhaps it is just being replaced by a new one.
          STEP=run RETRY=$((NOW + 5 * HEARTBEAT))
          job_words start
          say "the container cannot be started: $REPLY"
          ;;
      esac
      ;;
  esac
}

# Lets the service serve once it is well. One that is no longer well is started again here, and if that does not make
# it well for HOLD_OFF, another node tries.
look_at_health() {
  health_poll
  if [[ $STATE == STARTING ]]; then
    if [[ $HEALTH == ok ]]; then
      START_FAILURE=
      become ACTIVE 'the service is well'
      job_kill settle
      job_start settle "$WORK_LIMIT" settle_restore
    elif ((NOW - STARTED > START_DEADLINE)); then
      give_up "the service is not well $((START_DEADLINE / 1000)) s after its start: ${HEALTH_WORDS:-no answer}" "$unwell_grace"
    fi
    return
  fi
  [[ $HEALTH == failing ]] || return
  # Without the NFS server no service is well, and starting it again mends nothing: the lease decides then. One that is back
  # lets nobody open a file before its grace time is over, a new container as little as this one.
  if ((NOW - BEATEN > 3 * HEARTBEAT || (LATE && NOW - LATE < GRACE_TIME))); then
    health_start
    return
  fi
  if ((RESTART_COUNT && NOW - STARTED < HOLD_OFF)); then
    give_up "the service is not well, and starting it again did not help: $HEALTH_WORDS" "$unwell_grace"
    return
  fi
  RESTART_COUNT=1
  become STARTING "the service is not well, starting it again: $HEALTH_WORDS"
  health_stop
  STEP=pause
  job_start pause $((unwell_grace * 1000 + START_LIMIT)) stop_unwell
}

stopping() {
  local job
  if [[ $STEP == hard ]]; then
    try_hard
    return
  fi
  keep_lease || return
  case $STEP in
    leave)
      # What is under way is seen through: killing the job would not take back what Docker was asked for.
      for job in data copy start pause; do
        job_poll "$job"
        [[ $JOB != running ]] || return
      done
      job_poll leave
      case $JOB in
        none) job_start leave $((GRACE * 1000 + START_LIMIT)) leave "$GRACE" ;;
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
