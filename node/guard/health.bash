# shellcheck shell=bash
# Is the service well, beyond its process living? Sourced by the guard; `probe_health` runs as its job.
# shellcheck disable=SC2034,SC2154 # variables of the guard
#
# A hang with an open port is known after HEALTH_EVERY + HEALTH_FAILURES * HEALTH_TIMEOUT and a moment at the latest: a
# question that fails is asked again soon. A failure that is answered at once must last for as long: a datastore whose NFS
# server was just started again needs a second or two, and a start of the container ten times that.

HEALTH=unknown # ok, failing, or unknown: nothing is known since the last start
HEALTH_WORDS=  # what fails

# Asks again and again, one line for each round in RUN_DIRECTORY/health: `ok`, or `failing WHAT` once it is certain.
probe_health() {
  local failures=0 deep_failures=0 deep_at=0 well_at left nap
  # Nothing ever comes from there: reading from it with a time limit is a sleep without a process.
  exec {nap}<> <(:)
  now
  well_at=$NOW
  # Not longer than the guard that wants to know.
  # shellcheck disable=SC2086 # two words
  while process_lives $SELF; do
    now
    TICK=$NOW
    if ask_health "$HEALTH_URL" "$HEALTH_TIMEOUT"; then
      failures=0
      if [[ -n $DEEP_URL ]] && ((NOW >= deep_at)); then
        if ask_health "$DEEP_URL" "$DEEP_TIMEOUT"; then
          deep_failures=0
          now
          deep_at=$((NOW + DEEP_EVERY))
        else
          ((++deep_failures))
        fi
      fi
    else
      ((++failures))
    fi
    now
    if ((!failures && !deep_failures)); then
      well_at=$NOW
      health_says ok
    elif ((failures >= HEALTH_FAILURES || deep_failures >= HEALTH_FAILURES)) &&
      ((NOW - well_at >= HEALTH_FAILURES * HEALTH_TIMEOUT)); then
      health_says "failing $REPLY"
    fi
    left=$((TICK + HEALTH_EVERY - NOW))
    ((failures + deep_failures == 0 && left > 0)) || left=$((HEALTH_EVERY / 4))
    printf -v left '%d.%03d' $((left / 1000)) $((left % 1000))
    read -r -t "$left" -u "$nap"
  done
}

# Says it to the guard, which looks at once if it is something new.
health_says() {
  local before=
  read -r before 2>/dev/null <"$RUN_DIRECTORY/health" || true
  [[ $before == "$1" ]] || { printf '%s\n' "$1" >"$RUN_DIRECTORY/health"; echo >&"$wake"; }
}

# ask_health URL MILLISECONDS: does it answer 2xx in that time? If not, REPLY says what it did.
ask_health() {
  local limit
  printf -v limit '%d.%03d' $(($2 / 1000)) $(($2 % 1000))
  if [[ $1 =~ ^http://([^/:]+):([0-9]+)(/[^\ ]*)$ ]]; then
    ask_plainly "$limit" "${BASH_REMATCH[@]:1}"
  else
    # Its certificate is not what is looked at, and no proxy is between.
    REPLY=$(curl --silent --show-error --insecure --fail --noproxy '*' --output /dev/null --max-time "$limit" "$1" 2>&1)
  fi && return
  REPLY="$1: ${REPLY:-no answer}"
  return 1
}

# ask_plainly SECONDS HOST PORT PATH: the same without TLS, which bash can do by itself. That counts where a question is
# asked each second of a slow machine: a curl with TLS takes thirty times the processor's time.
ask_plainly() {
  local question="GET $4 HTTP/1.0"$'\r\n'"Host: $2"$'\r\n\r\n' answer asker
  REPLY=
  # Beside this process, since a connection that nobody accepts has no time limit of its own.
  exec {answer}< <(exec 2>/dev/null {web}<>"/dev/tcp/$2/$3" && printf %s "$question" >&"$web" &&
    IFS= read -r line <&"$web" && printf '%s\n' "$line")
  asker=$!
  IFS= read -r -t "$1" -u "$answer" REPLY
  exec {answer}<&-
  { kill -KILL "$asker"; wait "$asker"; } 2>/dev/null
  REPLY=${REPLY%$'\r'}
  [[ $REPLY == HTTP/1.?' 2'?? || $REPLY == HTTP/1.?' 2'??' '* ]]
}

# Begins to look, from nothing; it goes on until health_stop.
health_start() {
  health_stop
  job_start health 0 probe_health
}

health_stop() {
  job_kill health
  HEALTH=unknown HEALTH_WORDS=
  rm -f -- "$RUN_DIRECTORY/health"
}

# What is known by now, in HEALTH and HEALTH_WORDS.
health_poll() {
  local word rest
  job_poll health
  [[ $JOB == running ]] || health_start
  { read -r word rest <"$RUN_DIRECTORY/health"; } 2>/dev/null || return 0
  HEALTH=$word HEALTH_WORDS=$rest
}
