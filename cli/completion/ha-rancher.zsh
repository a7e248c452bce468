#compdef ha-rancher
# Completes ha-rancher's command line in zsh: source <(./ha-rancher completion zsh)

_ha_rancher() {
  local program=${words[1]/#\~/$HOME} line
  local -a found
  for line in "${(@f)$("$program" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
      return
    fi
    [[ -z $line ]] || found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe -t values ha-rancher found
}

# Where the user's own files have not begun completion yet.
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u; }
compdef _ha_rancher ha-rancher
