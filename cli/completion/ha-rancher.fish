# Completes ha-rancher's command line in fish: ./ha-rancher completion fish | source

function __ha_rancher_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    set -l found ($program __complete $words "$current" 2>/dev/null)
    if test "$found" = :files
        __fish_complete_path "$current"
    else
        printf '%s\n' $found
    end
end

complete -c ha-rancher -f -a '(__ha_rancher_complete)'
