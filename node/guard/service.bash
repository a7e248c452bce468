# shellcheck shell=bash
# What is done to the service: each of these runs as a job of the guard and tells in its last line why it failed.
# Sourced; needs the settings and node.bash.
# shellcheck disable=SC2154,SC2317 # sentinel_name is configuration.bash's; jobs are called by name

mount_lease() {
  systemctl start "$LEASE_UNIT" && return
  # Not again at once.
  sleep 5
  return 1
}

mount_data() {
  local found=
  systemctl start "$DATA_UNIT" || return
  filesystem_of "$DATA_DIRECTORY"
  if [[ -z $REPLY ]]; then
    echo "$DATA_DIRECTORY is not mounted"
    return 1
  fi
  IFS= read -r found <"$DATA_DIRECTORY/$sentinel_name" || true
  if [[ $found == "$SENTINEL" ]]; then
    # Of a restore that was killed half-way.
    finish_restore && return
    echo "a restore that was begun in $DATA_DIRECTORY/$restore_name cannot be finished"
    return 1
  fi
  echo "$DATA_DIRECTORY/$sentinel_name says '$found', not '$SENTINEL': not this stack's data"
  return 1
}

# The datastore as it is before anything writes it. A start that goes wrong is not the end of it then. The copy from
# before another container's first start is named in `before` and stays until the next one's: however often that one
# is tried, there is a way back to what the container before it left. So it must come about: while this runs for such a
# start, the file `must-copy` says so.
copy_datastore() {
  local source=$DATA_DIRECTORY/$DATASTORE copies=$DATA_DIRECTORY/$copies_name last='' kept='' copy limit=0
  local -a all=()
  rm -f -- "$RUN_DIRECTORY/must-copy"
  mkdir -p -- "$copies" && chmod 0700 -- "$copies" || return
  read -r last 2>/dev/null <"$copies/container" || true
  if [[ $last == "$CONTAINER" ]]; then
    printf -v limit '%d.%03d' $((COPY_LIMIT / 1000)) $((COPY_LIMIT % 1000))
  else
    : >"$RUN_DIRECTORY/must-copy" || return
  fi
  # One of this epoch is from before a start already.
  [[ $last != "$CONTAINER" || ! -e $copies/$EPOCH ]] || return 0
  if [[ -d $source ]]; then
    # What was given up half-way.
    rm -rf -- "$copies"/*.new
    # etcd fills 64 MB ahead with zeros: writing them took longer than all the rest of a start. 0: without limit.
    timeout --signal=KILL "$limit" \
      cp --archive --reflink=auto --sparse=always --no-target-directory -- "$source" "$copies/$EPOCH.new" &&
      mv -T -- "$copies/$EPOCH.new" "$copies/$EPOCH" || return
    [[ $last == "$CONTAINER" ]] || note "$copies/before" "$EPOCH" || return
    read -r kept 2>/dev/null <"$copies/before" || true
    mapfile -t all < <(printf '%s\n' "$copies"/* | sed -n 's:.*/\([0-9]\{1,\}\)$:\1:p' | sort -n)
    for copy in "${all[@]:0:${#all[@]} > COPIES ? ${#all[@]} - COPIES : 0}"; do
      [[ $copy == "$kept" ]] || rm -rf -- "${copies:?}/$copy"
    done
  elif [[ $last != "$CONTAINER" ]]; then
    rm -f -- "$copies/before"
  fi
  [[ $last == "$CONTAINER" ]] || note "$copies/container" "$CONTAINER" || return
  rm -f -- "$RUN_DIRECTORY/must-copy"
}

# note FILE TEXT: writes a line, whole or not at all.
note() {
  printf '%s\n' "$2" >"$1.note" && sync -- "$1.note" && mv -f -T -- "$1.note" "$1"
}

start_container() {
  local process
  # stop-container must know that a start may still happen.
  : >"$RUN_DIRECTORY/starting"
  if ! docker_api $((START_LIMIT / 1000 + 1)) POST "$CONTAINER/start"; then
    echo "$REPLY"
    # One that was refused does not happen; of any other failure that is not known.
    [[ $(container_state) == unknown* ]] || rm -f -- "$RUN_DIRECTORY/starting"
    return 1
  fi
  read -r _ process < <(container_state)
  if process_start "$process"; then echo "$process $REPLY" >"$RUN_DIRECTORY/container"; fi
  rm -f -- "$RUN_DIRECTORY/starting"
}

# Before it is started again, so until Docker has cleared up, too. Not Docker's own restart: that may start it again after
# whoever asked for it is gone.
stop_unwell() {
  docker_api $((unwell_grace + START_LIMIT / 1000)) POST "$CONTAINER/stop?t=$unwell_grace"
}

# end_container SECONDS: in order, so many between SIGTERM and SIGKILL. The data stays mounted. Over as soon as the kernel
# has no process of the container any more: Docker then still takes its network down, which on a slow node was seen to take
# 5 to 8 s that nobody has to wait for.
end_container() {
  local lived=0 state='' asked
  if container_lives; then lived=1; fi
  docker_api $(($1 + START_LIMIT / 1000)) POST "$CONTAINER/stop?t=$1" &
  asked=$!
  until process_ended "$asked"; do
    if ((lived)) && ! container_lives; then
      state=exited
      break
    fi
    sleep 0.1
  done
  # Docker does not answer this while it clears up.
  [[ -n $state ]] || read -r state _ < <(container_state)
  if [[ $state == running || $state == unknown ]]; then
    echo "the container is $state after docker stop"
    return 1
  fi
  rm -f -- "$RUN_DIRECTORY/container" "$RUN_DIRECTORY/starting"
}

# leave SECONDS: ends the container, and unmounts the data.
leave() {
  local tries=0
  end_container "$1" || return
  filesystem_of "$DATA_DIRECTORY"
  [[ -n $REPLY ]] || return 0
  sync --file-system "$DATA_DIRECTORY"
  # Not `systemctl stop`: the unit is stopped after the guard, so while the guard is being stopped that would wait
  # for itself. systemd sees the unmounting anyway.
  until umount "$DATA_DIRECTORY"; do
    ((++tries < 3)) || return
    sleep 1
  done
}
