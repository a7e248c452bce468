# shellcheck shell=bash
# shellcheck disable=SC2154 # config
# Names what this node's agent runs. Sourced; needs json.bash, and `config`, the folder of the settings.

# write_service CONTAINER URL DEEP_URL: service.json, whole or not at all. Both addresses answer 2xx as long as the service is
# well, the second one only if its datastore answers, too; empty: there is none. How often they are asked, agent.json says.
write_service() {
  local questions
  json_object url string "$2"
  questions=$REPLY
  if [[ -n $3 ]]; then
    json_object url string "$3" deep is 1
    questions+=,$REPLY
  fi
  json_object container string "$1" health raw "[$questions]"
  printf '%s\n' "$REPLY" >"$config/service.json.new" && sync "$config/service.json.new" &&
    mv -f -T "$config/service.json.new" "$config/service.json" && sync "$config"
}
