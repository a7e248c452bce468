# shellcheck shell=bash
# Faults of the agent: its files, its configuration, its end. Sourced by `fault`, which has `unit_processes` and `begin`.

root=/usr/local/lib/ha-rancher
agent=ha-rancher-agent.service
agent_json=/etc/ha-rancher/agent.json

# Another set with the same files: its name is all that makes it another version. The link keeps the former one; the other
# one goes when the next set is put there.
update() {
  local former=${root}/drill-former set
  set=$(readlink "$root/current") || return
  if [[ -L $former ]]; then return; fi
  ln -s "$set" "$former" && cp -a "$root/$set" "$root/${set::-8}d0d0d0d0" || return
  switch "${set::-8}d0d0d0d0"
}

take_back_update() {
  local former=${root}/drill-former
  [[ -L $former ]] || return 0
  switch "$(readlink "$former")" && rm -f "$former"
}

# The agent of the set $1 takes over.
switch() {
  ln -sfn "$1" "$root/current.drill" && mv -fT "$root/current.drill" "$root/current" && "$root/current/host/start-agent" >/dev/null
}

spoil_configuration() {
  keep_aside "$agent_json" || return
  echo '{"node": 7' >"$agent_json"
}

mend_configuration() {
  [[ ! -e $agent_json.drill ]] || mv -f -T "$agent_json.drill" "$agent_json"
}

stop_then_hang() {
  local main
  main=$(unit_processes "$agent" main) || return
  systemctl stop --no-block "$agent" || return
  # It has seen the signal by then, and the container has not ended.
  sleep 0.3
  kill -s STOP "$main"
}

start_agent() {
  local main
  main=$(systemctl show --property=MainPID --value "$agent")
  if ((main)); then kill -s CONT "$main" 2>/dev/null; fi
  systemctl reset-failed "$agent" 2>/dev/null
  systemctl start "$agent"
}

data_directory() {
  "$root/current/host/agent" show data.directory
}

hold_data() {
  local directory
  directory=$(data_directory) || return
  begin hold 900 "WorkingDirectory=$directory" -- sleep 900
}
