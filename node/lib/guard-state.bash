# shellcheck shell=bash
# What the guard of this node says of itself: the file `state`, which report.bash writes, is read here and nowhere else. And
# whether the process that says so lives. Sourced; starts no program.

# When the process $1 was started (ticks since boot), in REPLY; fails if it is gone or dead (a zombie).
# With the number it names a process for good: numbers are used again.
process_start() {
  local line
  local -a lines=() fields
  # Not `read`: if the process ends between opening and reading, its variable is never set, which `set -u` dies of.
  mapfile -t lines 2>/dev/null <"/proc/$1/stat" || return
  # The second field is the program's name in brackets, which may hold anything: count from behind it.
  line=${lines[*]}
  # shellcheck disable=SC2206 # letters and numbers
  fields=(${line##*) })
  [[ ${fields[0]-Z} != [ZX] ]] || return
  REPLY=${fields[19]}
}

# Has the process $1 ended? A child that nobody has waited for yet has, too. `kill -0` still sees that one, and on slow
# machines bash 5.2 was seen not to wait for its children for minutes, until it ran something in the foreground.
process_ended() {
  local REPLY
  ! process_start "$1"
}

# Does the process recorded as number $1, started at $2, still live?
process_lives() {
  [[ ${1-} =~ ^[1-9][0-9]*$ ]] && process_start "$1" && [[ $REPLY == "${2-}" ]]
}

# The lines KEY=VALUE of the text $1, in `guard`.
declare -gA guard=()
parse_guard_state() {
  local text=$1$'\n' line
  guard=()
  while [[ $text == *$'\n'* ]]; do
    line=${text%%$'\n'*} text=${text#*$'\n'}
    [[ $line != ?*=* ]] || guard[${line%%=*}]=${line#*=}
  done
}

# What the file $1 says, in `guard`; nothing if its guard runs no more: one that was killed leaves its file behind.
read_guard_state() {
  local text=''
  IFS= read -r -d '' text 2>/dev/null <"$1" || true
  parse_guard_state "$text"
  # shellcheck disable=SC2086 # two words
  process_lives ${guard[process]-} || guard=()
}
