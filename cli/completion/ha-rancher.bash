# Completes ha-rancher's command line in bash: source <(./ha-rancher completion bash)

_ha_rancher() {
  local program=${1/#\~/$HOME} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default
      return
    fi
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("$program" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _ha_rancher ha-rancher
