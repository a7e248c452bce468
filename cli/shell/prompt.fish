# What fish reads in `npm run shell`, after the user's own: a prompt that says where one is.
functions --copy fish_prompt __ha_rancher_prompt
function fish_prompt
    printf '(%s) ' $HA_RANCHER_SHELL
    __ha_rancher_prompt
end
