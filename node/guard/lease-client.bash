# shellcheck shell=bash
# The guard's side of `lease`: starts it, asks it one thing at a time, takes its answers when they come. Sourced.
# shellcheck disable=SC2034,SC2154 # variables of the guard

now
LEASE_PROCESS=        # number of the process; empty: none
LEASE_DROPPED=1       # it was killed, or never started
LOCKED=0              # it has the lock
ASKED='' ASKED_AT=0   # the request that waits for its answer, and when it was made; empty: none
ANSWER=               # as much of it as has come
LEASE_ANSWERED=0      # when the last request that was answered had been made
LEASE_ERROR=          # what the last answer complained of
LEASE_EPOCH=0         # epoch on the server
RECORD='-'            # last record seen, in words: RECORD_EPOCH, RECORD_OWNER, RECORD_STATE
RECORD_EPOCH=0 RECORD_OWNER='' RECORD_STATE=''
RECORD_SEEN=$NOW      # when it was seen to change: its owner may have been alive then
BEATEN=0              # when the last record that we wrote was asked for
LATE=0                # when such an answer was last long in coming: the server had been away; 0: never
CONFIRMED=0           # number of our last heartbeat that the server has confirmed
RELEASED=0            # the last record that we wrote says so

# Bash forgets a coprocess, and the variables with it, as soon as it sees that it has ended: between any two commands. So
# each is looked up once, where it is used, and this stands for one that is gone: no descriptor of any process.
readonly no_descriptor=1000000

lease_start() {
  # One that was killed may hang in the kernel until NFS is back: never have two.
  if [[ -n $LEASE_PROCESS ]] && ! process_ended "$LEASE_PROCESS"; then return 1; fi
  set -m
  coproc LEASE_IO { exec "$here/lease" "$LEASE_DIRECTORY" "$NODE" "$CLAIM_TIME"; }
  set +m
  LEASE_PROCESS=${LEASE_IO_PID-} LEASE_DROPPED=0 ANSWER=''
}

# Ends the process, and with it the lock.
lease_drop() {
  LOCKED=0 ASKED='' RELEASED=0
  ((!LEASE_DROPPED)) || return 0
  LEASE_DROPPED=1
  kill -KILL -- "-$LEASE_PROCESS" 2>/dev/null
  # Or the shell reports its end.
  disown "$LEASE_PROCESS" 2>/dev/null
}

# lease_ask REQUEST: unless another one still waits.
lease_ask() {
  [[ -z $ASKED ]] || return 0
  if ((LEASE_DROPPED)); then lease_start || return; fi
  now
  ASKED=$1 ASKED_AT=$NOW
  { printf '%s\n' "$1" >&"${LEASE_IO[1]-$no_descriptor}"; } 2>/dev/null || lease_ended
}

lease_ended() {
  LEASE_ERROR='the lease process ended'
  lease_drop
}

# lease_collect [SECONDS]: takes an answer if there is one; fails if there was none.
lease_collect() {
  local part='' answer epoch record status
  [[ -n $ASKED ]] || return
  IFS= read -r -t "${1:-0.001}" -u "${LEASE_IO[0]-$no_descriptor}" part 2>/dev/null
  status=$?
  now
  # The time may be over in the middle of a line.
  ANSWER+=$part
  if ((status)); then
    # More than 128: the time is over. Anything else: nobody will ever answer.
    ((status > 128)) || lease_ended
    return 1
  fi
  LEASE_ANSWERED=$ASKED_AT LEASE_ERROR=
  read -r answer epoch record <<<"$ANSWER"
  case $answer in
    seen | busy | locked)
      LEASE_EPOCH=$epoch
      [[ $record == - || $record == "$RECORD" ]] || lease_record "$record"
      [[ $answer != locked ]] || LOCKED=1
      ;;
    written)
      LEASE_EPOCH=$epoch BEATEN=$ASKED_AT
      ((NOW - ASKED_AT < 2 * HEARTBEAT)) || LATE=$NOW
      echo "$BEATEN" >"$RUN_DIRECTORY/beaten"
      [[ $ASKED != write\ * ]] || read -r _ _ CONFIRMED _ <<<"$ASKED"
      [[ $ASKED != *' released' ]] || RELEASED=1
      ;;
    *)
      LEASE_ERROR=${ANSWER#failed }
      lease_drop
      ;;
  esac
  ASKED='' ANSWER=''
}

lease_record() {
  RECORD=$1 RECORD_SEEN=$NOW
  read -r RECORD_EPOCH _ RECORD_OWNER RECORD_STATE <<<"$1"
}

# Waits until the round is over, or until there is something to act on.
pause() {
  local left before
  news
  before=$REPLY
  while now; left=$((TICK + HEARTBEAT - NOW)); ((left > 0)); do
    printf -v left '%d.%03d' $((left / 1000)) $((left % 1000))
    if [[ -n $ASKED ]]; then
      lease_collect "$left"
    elif read -r -t "$left" -u "$wake"; then
      # All that has come by now is one reason to look.
      while read -r -t 0.001 -u "$wake"; do :; done
      return 0
    fi
    news
    [[ $before == "$REPLY" ]] || return 0
  done
}

# What need not wait for the next round; in REPLY.
news() {
  REPLY="$LOCKED $RELEASED $LEASE_EPOCH $TERMINATED $((CONFIRMED > AFTER))"
}
