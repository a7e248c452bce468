# What a plain shell reads in `npm run shell`: the user's own, and a prompt that says where one is.
# shellcheck shell=sh source=/dev/null
[ ! -r "${HA_RANCHER_ENV:-}" ] || . "$HA_RANCHER_ENV"
PS1="($HA_RANCHER_SHELL) ${PS1:-\$ }"
