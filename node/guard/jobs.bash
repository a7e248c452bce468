# shellcheck shell=bash
# Work in the background with a time limit: nothing that can hang runs in the guard's own process. Sourced.
# Needs node.bash, NOW (milliseconds) to be kept up to date, RUN_DIRECTORY, and `wake`, a descriptor that wakes the guard.

# shellcheck disable=SC2154 # wake is the guard's

declare -A JOB_PROCESS=() JOB_LIMIT=()

# job_start NAME MILLISECONDS COMMAND...: its output goes to RUN_DIRECTORY/NAME.log. 0 milliseconds: without limit.
job_start() {
  local name=$1 limit=$2
  shift 2
  # With job control a job leads its own process group, so that it can be ended with all its children.
  set -m
  {
    ("$@") >"$RUN_DIRECTORY/$name.log" 2>&1 </dev/null
    ended=$?
    echo >&"$wake"
    exit "$ended"
  } &
  set +m
  JOB_PROCESS[$name]=$!
  JOB_LIMIT[$name]=$((limit ? NOW + limit : 0))
}

# job_poll NAME: sets JOB to none, running, ok or failed. A result is given once.
# shellcheck disable=SC2034 # for those who source this
job_poll() {
  local process=${JOB_PROCESS[$1]-}
  if [[ -z $process ]]; then
    JOB=none
  elif process_ended "$process"; then
    if wait "$process" 2>/dev/null; then JOB=ok; else JOB=failed; fi
    unset "JOB_PROCESS[$1]"
  elif ((JOB_LIMIT[$1] && NOW > JOB_LIMIT[$1])); then
    job_kill "$1"
    echo 'took too long' >>"$RUN_DIRECTORY/$1.log"
    JOB=failed
  else
    JOB=running
  fi
}

job_kill() {
  local process=${JOB_PROCESS[$1]-}
  [[ -n $process ]] || return 0
  kill -KILL -- "-$process" 2>/dev/null
  disown "$process" 2>/dev/null
  unset "JOB_PROCESS[$1]"
}

# The last line of a job's output, for a message; in REPLY.
job_words() {
  local line=
  REPLY=
  while IFS= read -r line || [[ -n $line ]]; do
    [[ -z $line ]] || REPLY=$line
  done 2>/dev/null <"$RUN_DIRECTORY/$1.log"
  REPLY=${REPLY:0:200}
}
