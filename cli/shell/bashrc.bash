# What bash reads in `npm run shell`: the user's own, and a prompt that says where one is.
# shellcheck source=/dev/null
[[ ! -r ~/.bashrc ]] || . ~/.bashrc
PS1="($HA_RANCHER_SHELL) ${PS1-\$ }"
