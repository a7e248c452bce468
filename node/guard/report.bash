# shellcheck shell=bash
# What the guard lets others know: log, state file, track file, systemd. Sourced by the guard.
# shellcheck disable=SC2034,SC2153,SC2154 # variables of the guard

TRACK= # last written to the track file
SAVED= # last written to the state file
NOTIFIED=0 # when systemd was last told

say() {
  local text=${1//[$'\n\r\t']/ }
  printf 'state=%s epoch=%s event="%s"\n' "$STATE" "$EPOCH" "${text//\"/\'}" >&2
}

# become STATE REASON
become() {
  local text=${2//[$'\n\r\t']/ }
  printf 'state=%s from=%s epoch=%s reason="%s"\n' "$1" "$STATE" "$EPOCH" "${text//\"/\'}" >&2
  STATE=$1 REASON=$text SINCE=$NOW CONTESTED=0
}

# hold MILLISECONDS REASON: refuses the VIP for that long.
hold() {
  HOLD_UNTIL=$((NOW + $1)) HOLD_REASON=$2
}

track() {
  [[ $TRACK != "$1" ]] || return 0
  TRACK=$1
  echo "$1" >"$RUN_DIRECTORY/track"
}

# Writes the state file when something in it has changed.
save() {
  local owner='' epoch='' content
  if ((LOCKED)); then
    owner=$NODE epoch=$EPOCH
  elif [[ $RECORD != - ]] && ((NOW - RECORD_SEEN < WATCHDOG)) && [[ $RECORD_STATE != released ]]; then
    owner=$RECORD_OWNER epoch=$RECORD_EPOCH
  fi
  content="process=$SELF
state=$STATE
since=$SINCE
epoch=$EPOCH
reason=${FAULT:-$REASON}
gave_up=$START_FAILURE
lease_here=$LOCKED
lease_owner=$owner
lease_epoch=$epoch
health=$HEALTH
health_words=$HEALTH_WORDS
server_lease=$SERVER_LEASE
restarts=$RESTART_COUNT"
  [[ $SAVED != "$content" ]] || return 0
  printf '%s\n' "$content" >"$RUN_DIRECTORY/state.new" && mv -f -- "$RUN_DIRECTORY/state.new" "$RUN_DIRECTORY/state"
  SAVED=$content
}

# notify [now]: tells systemd that the guard lives, every second round or at once.
notify() {
  local left=$GIVE_UP
  [[ -n ${NOTIFY_SOCKET-} ]] || return 0
  [[ ${1-} == now ]] || ((NOW - NOTIFIED > HEARTBEAT * 3 / 2)) || return 0
  # An owner lives by its heartbeats alone: one that goes round without them and then hangs would have a fresh watchdog,
  # while its successor counts from the last heartbeat. A moment longer than GIVE_UP, in which it can stop by itself.
  case $STATE:$STEP in
    STOPPING:hard) ;;
    PREPARE:* | STARTING:* | ACTIVE:* | STOPPING:*)
      left=$((BEATEN + GIVE_UP + HEARTBEAT - NOW))
      ((left > 0)) || return 0
      ;;
  esac
  NOTIFIED=$NOW
  # Waiting for one that has ended makes bash look at all of its children again.
  if [[ -n ${NOTIFIER-} ]] && process_ended "$NOTIFIER"; then wait "$NOTIFIER"; fi 2>/dev/null
  # In the background, since it waits for the service manager. All of it each time: a word may get lost, and the
  # watchdog's time follows the settings. While stopping the watchdog is off; this extends that time instead.
  systemd-notify READY=1 WATCHDOG=1 "WATCHDOG_USEC=$((left * 1000))" "EXTEND_TIMEOUT_USEC=$((GIVE_UP * 1000))" \
    "STATUS=$STATE: ${FAULT:-$REASON}" </dev/null >/dev/null 2>&1 &
  NOTIFIER=$!
}
