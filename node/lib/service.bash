# shellcheck shell=bash
# Which container this node's agent is to run: service.json. Sourced; needs json.bash, and `config`, the folder of the settings.
# shellcheck disable=SC2154 # config

# pages URL DEEP_URL: the questions, in REPLY. Both addresses answer 2xx as long as the service is well, the second one only if
# its datastore answers, too; empty: there is none. How often they are asked, agent.json says.
pages() {
  local questions
  json_object url string "$1"
  questions=$REPLY
  if [[ -n $2 ]]; then
    json_object url string "$2" deep is 1
    questions+=,$REPLY
  fi
  REPLY=[$questions]
}

# write_service CONTAINER QUESTIONS [POD]: whole or not at all. The questions are JSON, as node/agent/configuration.py has them;
# so is POD, an object of what else the service has.
write_service() {
  json_object container string "$1" health raw "$2"
  if [[ -n ${3-} ]]; then REPLY="${REPLY%\}},${3#\{}"; fi
  printf '%s\n' "$REPLY" >"$config/service.json.new" && sync "$config/service.json.new" &&
    mv -f -T "$config/service.json.new" "$config/service.json" && sync "$config"
}

# The container that was named for this node, in REPLY; empty: none yet. As write_service wrote it; or in the file of a former
# version, which host/start-agent reads.
named_container() {
  local text=''
  REPLY=
  if IFS= read -r text 2>/dev/null <"$config/service.json"; then
    [[ ! $text =~ ^\{\"container\":\"([A-Za-z0-9_.-]+)\" ]] || REPLY=${BASH_REMATCH[1]}
  elif [[ -r $config/service.conf ]]; then
    # shellcheck source=/dev/null
    REPLY=$(source "$config/service.conf" >/dev/null 2>&1 && printf %s "${CONTAINER-}") || REPLY=
  fi
}
