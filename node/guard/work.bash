# shellcheck shell=bash
# Work on the shared data that wants the service stopped: a backup, a restore. The owner does it between mounting the
# data and starting the container, so the lease goes on, and nobody else writes meanwhile. Sourced by the guard.
# shellcheck disable=SC2034,SC2153,SC2154,SC2317 # variables of the guard; jobs are called by name
#
# A script that wants it (`backup`, `restore`) writes RUN_DIRECTORY/work and waits for RUN_DIRECTORY/work.done:
#   work        ID PROCESS START VERB [FILE]    pack: the data into FILE; unpack: the data from FILE; put-back: the data
#               from before; asked for by that process: without it, nobody wants it any more
#   work.begun  ID
#   work.done   ID ok, or ID failed WHAT
# A node that was told to is taken for fit in spite of a start that failed: a restore mends just that.
#
# A restore goes on where it was killed, whoever is the owner then: .restore/state in the data, one line, says what is
# not done yet. What was there before stays in .restore/replaced until the service is well again.
#   out ID FROM AWAY     all of the data is being moved to .restore/AWAY, to make room for .restore/FROM
#   in ID FROM AWAY      .restore/FROM is being moved to its place
#   done ID              the service has not been well yet with the new data
#   over ID              what is left here can go

WORK_ID='' WORK_VERB='' WORK_FILE=''

# Was this node told to do something?
work_asked() {
  local process='' start=''
  { read -r WORK_ID process start WORK_VERB WORK_FILE <"$RUN_DIRECTORY/work"; } 2>/dev/null || return
  if ! process_lives "$process" "$start"; then
    rm -f -- "$RUN_DIRECTORY/work"
    return 1
  fi
  [[ $WORK_VERB == @(pack|unpack|put-back) ]]
}

# work_ended ok|"failed WHAT"
work_ended() {
  local id=
  say "$WORK_VERB: $1"
  printf '%s %s\n' "$WORK_ID" "$1" >"$RUN_DIRECTORY/work.done.new" &&
    mv -f -- "$RUN_DIRECTORY/work.done.new" "$RUN_DIRECTORY/work.done"
  # Not what was asked for meanwhile.
  read -r id _ 2>/dev/null <"$RUN_DIRECTORY/work" || true
  [[ $id != "$WORK_ID" ]] || rm -f -- "$RUN_DIRECTORY/work"
}

do_work() {
  case $WORK_VERB in
    pack) pack_data "$WORK_FILE" ;;
    unpack) unpack_data "$WORK_FILE" ;;
    put-back) put_back ;;
  esac
}

# What belongs to the place and not to the data: names at its top.
# shellcheck disable=SC2153
belongs_to_place() {
  [[ $1 == "$sentinel_name" || $1 == "$copies_name" || $1 == "$restore_name" ]]
}

# Only the owner's heartbeat is behind this: the container is stopped. The agent's folder is another file system in the
# container, of things that can be made again.
pack_data() {
  tar --create --file "$1" --sparse --numeric-owner --warning=no-file-ignored --anchored \
    --exclude="./$sentinel_name" --exclude="./$copies_name" --exclude="./$restore_name" --exclude='./k3s/agent' \
    --directory "$DATA_DIRECTORY" . && sync -- "$1"
}

unpack_data() {
  local restore=$DATA_DIRECTORY/$restore_name phase='' id='' away=replaced
  if [[ -e $restore/state ]]; then read -r phase id _ <"$restore/state" || return; fi
  # It was killed after all was done.
  [[ $phase != "done" || $id != "$WORK_ID" ]] || return 0
  # One that never came to be well makes room for the next: what was there before both is what is kept.
  [[ $phase != "done" ]] || away=discarded
  mkdir -p -- "$restore" && chmod 0700 -- "$restore" && rm -rf -- "${restore:?}"/{incoming,discarded} &&
    mkdir -- "$restore/incoming" || return
  if ! tar --extract --gzip --file "$1" --numeric-owner --same-owner --same-permissions \
    --directory "$restore/incoming"; then
    rm -rf -- "$restore/incoming"
    echo 'the archive cannot be unpacked; the data is as it was'
    return 1
  fi
  sync --file-system "$restore/incoming" && restore_is "out $WORK_ID incoming $away" && finish_restore
}

put_back() {
  local restore=$DATA_DIRECTORY/$restore_name phase=''
  read -r phase _ 2>/dev/null <"$restore/state" || true
  if [[ $phase != "done" || ! -d $restore/replaced ]]; then
    echo 'there is no data from before a restore'
    return 1
  fi
  rm -rf -- "${restore:?}/discarded" && restore_is "out $WORK_ID replaced discarded" && finish_restore
}

# restore_is LINE: from here on that is so, whatever happens.
restore_is() {
  still_owner || return
  local state=$DATA_DIRECTORY/$restore_name/state
  printf '%s\n' "$1" >"$state.new" && sync -- "$state.new" && mv -f -T -- "$state.new" "$state" &&
    sync -- "${state%/*}"
}

# Is this guard still the owner, by what the server says? A machine that was paused goes on where it was, until the guard
# finds out, and nothing but this keeps a rename of it from being carried out on what is another owner's data by then.
still_owner() {
  local epoch=
  read -r epoch <"$LEASE_DIRECTORY/epoch" && [[ $epoch == "$EPOCH" ]] && return
  echo "the epoch on the server is $epoch, not $EPOCH: another node has the lease"
  return 1
}

# move_all FROM TO: everything in a directory, but for what belongs to the place.
move_all() {
  local entry
  mkdir -p -- "$2" || return
  while IFS= read -r -d '' entry; do
    if [[ $1 == "$DATA_DIRECTORY" ]] && belongs_to_place "$entry"; then continue; fi
    still_owner && mv -T -- "$1/$entry" "$2/$entry" || return
  done < <(find "$1" -mindepth 1 -maxdepth 1 -printf '%f\0')
}

# Takes the steps that are left of a restore. Each of them can be repeated.
finish_restore() {
  local restore=$DATA_DIRECTORY/$restore_name phase='' id='' from='' away='' found
  [[ -e $restore ]] || return 0
  found=$(find "$restore" -mindepth 1 -maxdepth 1 -printf '%f ') || return
  if [[ " $found" == *' state '* ]]; then
    read -r phase id from away <"$restore/state" || return
  elif [[ " $found" == *' replaced '* ]]; then
    # Rather nothing than the only copy of somebody's data.
    echo "$restore/replaced is there, and nothing says what became of it"
    return 1
  fi
  if [[ $phase == out ]]; then
    move_all "$DATA_DIRECTORY" "$restore/$away" && restore_is "in $id $from $away" || return
    phase=in
  fi
  if [[ $phase == in ]]; then
    move_all "$restore/$from" "$DATA_DIRECTORY" && sync --file-system "$DATA_DIRECTORY" || return
    if [[ $from == incoming ]]; then phase="done"; else phase=over; fi
    restore_is "$phase $id" || return
  fi
  [[ $phase != "done" ]] || return 0
  # One that was never complete, or is over; what says so goes last.
  rm -rf -- "${restore:?}"/{incoming,discarded,replaced,state.new} && rm -f -- "$restore/state" && rmdir -- "$restore"
}

# The service is well: a restore, if there was one, is over.
settle_restore() {
  local phase='' id=''
  read -r phase id _ 2>/dev/null <"$DATA_DIRECTORY/$restore_name/state" || return 0
  [[ $phase == "done" ]] || return 0
  restore_is "over $id" && finish_restore
}
