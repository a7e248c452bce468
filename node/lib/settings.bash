# shellcheck shell=bash
# What this node's agent is told, for scripts. Sourced; needs `here`, the folder of the script, in a set.

config=${CONFIG_DIRECTORY:-/etc/ha-rancher}

# read_settings NAME...: what agent.json says, by names such as `lease.identity` and `service.container`, in the array
# `settings`; empty for what it does not say.
read_settings() {
  local said
  # shellcheck disable=SC2154 # here
  said=$("$here/../host/agent" show --configuration "$config/agent.json" "$@") || return
  # shellcheck disable=SC2034 # for those who source this
  mapfile -t settings <<<"$said"
}
