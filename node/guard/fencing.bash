# shellcheck shell=bash
# Makes certain that the last owner of the lease is off, with a fence agent, before this node succeeds it. Sourced by
# the guard. Only who has the lease fences, so two nodes never fence each other.
# shellcheck disable=SC2034,SC2154 # variables of the guard

FENCE_RETRY=0 # the agent is not asked again before then

# Fails until the agent has confirmed it. What is not confirmed starts nothing, however long it takes.
last_owner_is_off() {
  local target=--all
  job_poll fence
  case $JOB in
    ok)
      job_words fence
      say "fenced: $REPLY"
      return 0
      ;;
    failed)
      job_words fence
      say "fencing is not confirmed, nothing is started: $REPLY"
      FENCE_RETRY=$((NOW + 5 * HEARTBEAT))
      ;;
    none)
      ((NOW >= FENCE_RETRY)) || return 1
      # Without its record it may have been anybody.
      if [[ $RECORD_OWNER != "$NODE" && $RECORD != - ]] && ((RECORD_EPOCH >= LEASE_EPOCH)); then
        target=$RECORD_OWNER
      fi
      job_start fence "$FENCE_LIMIT" "$here/fence" "$configuration" "$target"
      ;;
  esac
  return 1
}
