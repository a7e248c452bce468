# shellcheck shell=bash
# What this node's agent is told, and what it says, for scripts. Sourced; needs `here`, the folder of a script in a set.
# shellcheck disable=SC2034,SC2154 # for those who source this, and here

config=${CONFIG_DIRECTORY:-/etc/ha-rancher}
run=${RUN_DIRECTORY:-/run/ha-rancher}

# agent COMMAND ARGUMENT...
agent() {
  "$here/../host/agent" "$1" --run "$run" --configuration "$config/agent.json" "${@:2}"
}

# read_settings NAME...: what agent.json says, by names such as `lease.identity` and `service.container`, in the array
# `settings`; empty for what it does not say.
read_settings() {
  local said
  said=$(agent show "$@") || return
  mapfile -t settings <<<"$said"
  # Empty ones at the end are lost.
  while ((${#settings[@]} < $#)); do settings+=(''); done
}

# ask_status NAME...: what the node's status says, by names such as `agent.state`, in the array `said`.
ask_status() {
  local told
  told=$(agent status "$@") || return
  mapfile -t said <<<"$told"
  while ((${#said[@]} < $#)); do said+=(''); done
}
