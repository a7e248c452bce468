# What zsh reads in `npm run shell`: the user's own, and a prompt that says where one is.
ZDOTDIR=${HA_RANCHER_ZDOTDIR:-$HOME}
[[ ! -r $ZDOTDIR/.zshrc ]] || source $ZDOTDIR/.zshrc
PROMPT="($HA_RANCHER_SHELL) $PROMPT"
