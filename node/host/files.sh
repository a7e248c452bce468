#!/bin/sh
# What runs on a node for a Files resource, as root: these functions, and then calls of them that file-script.ts
# writes. A call names its file by number, since a shell without arrays keeps what it knows of it in `changed_N`.
# Standard output is the result, in lines; what other commands print goes to standard error.
set -eu
umask 077

# Exit codes that mean one thing each; file-script.ts has them too.
check_failed=81
after_failed=82
incomplete=83
not_a_file=84
half_swapped=85

changed=
work=

# Calls may define this anew.
remove_candidates() { :; }

clean_up() {
  remove_candidates
  [ -z "$work" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 80' HUP INT TERM PIPE

# receive SHA256: takes all contents, one after the other, from standard input.
receive() {
  work=$(mktemp -d)
  cat >"$work/contents"
  # A connection that breaks looks like the end of the contents.
  [ "$(sha256sum <"$work/contents")" = "$1  -" ] || {
    echo "the content did not arrive completely" >&2
    exit "$incomplete"
  }
}

# is_free PATH: nothing but a file, or nothing, is there. A unit that is masked is a link, which a file may replace.
is_free() {
  [ "$(readlink "$1" 2>/dev/null || :)" != /dev/null ] || return 0
  if [ -e "$1" ] && [ ! -f "$1" ]; then
    echo "$1 is there already and is not a file" >&2
    exit "$not_a_file"
  fi
}

# is_right PATH CANDIDATE: the file has the candidate's content, mode and owner.
is_right() {
  [ -f "$1" ] && [ ! -L "$1" ] && cmp -s "$2" "$1" &&
    [ "$(stat -c '%a %u %g' "$2")" = "$(stat -c '%a %u %g' "$1")" ]
}

# remove_candidates_of PATH: those that a run left which was killed.
remove_candidates_of() {
  rm -f "${1%/*}"/.ha-rancher-????????."${1##*/}"
}

# stage NUMBER PATH CANDIDATE FIRST_BYTE SIZE MODE OWNER: writes the candidate beside the target.
stage() {
  is_free "$2"
  [ -d "${2%/*}/" ] || (umask 022 && mkdir -p "${2%/*}/")
  remove_candidates_of "$2"
  tail -c "+$4" "$work/contents" | head -c "$5" >"$3"
  chown "$7" "$3"
  chmod "$6" "$3"
  if is_right "$2" "$3"; then
    eval "changed_$1="
  else
    eval "changed_$1=yes"
    changed=yes
  fi
}

# retire PATH: this file is to be removed.
retire() {
  is_free "$1"
  if [ -e "$1" ] || [ -L "$1" ]; then changed=yes; fi
}

# settle: ends here if all is right already.
settle() {
  [ -z "$changed" ] || return 0
  echo unchanged
  exit 0
}

# check COMMAND
check() {
  sh -c "$1" </dev/null >&2 || exit "$check_failed"
}

# swap NUMBER PATH CANDIDATE
swap() {
  eval "[ -n \"\$changed_$1\" ]" || return 0
  { sync "$3" && mv -fT "$3" "$2" && sync "${2%/*}/"; } || exit "$half_swapped"
}

# drop PATH: removes the file, and a folder of drop-ins, or of this project, that is empty then.
drop() {
  if [ -e "$1" ] && [ ! -f "$1" ]; then
    echo "$1 is not a file any more" >&2
    exit "$not_a_file"
  fi
  { rm -f "$1" && remove_candidates_of "$1"; } || exit "$half_swapped"
  case "${1%/*}" in
    */ha-rancher | /etc/systemd/system/*.d) rmdir "${1%/*}" 2>/dev/null || : ;;
    /etc/needrestart/conf.d) rmdir --parents --ignore-fail-on-non-empty "${1%/*}" 2>/dev/null || : ;;
  esac
}

# finish COMMAND: what follows a change.
finish() {
  sh -c "$1" </dev/null >&2 || exit "$after_failed"
}

# gone PATH
gone() {
  if [ -e "$1" ]; then
    echo "$1 came back after it was removed" >&2
    exit 1
  fi
}

# show PATH: `gone`, or mode, owner by number and by name, then `|` and the content in base64.
show() {
  if [ ! -f "$1" ] || [ -L "$1" ]; then
    echo gone
  else
    printf '%s|%s\n' "$(stat -c '%a %u:%g %U:%G' "$1")" "$(base64 -w 0 <"$1")"
  fi
}
