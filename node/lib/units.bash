# shellcheck shell=bash
# Which units of systemd do not stand as this project left them. Sourced.

# unit_faults UNIT...: a line for each that does not run, or would not after a boot. One question for all of them, since each
# program takes its time on a slow node. A unit that was never there is not told apart from one that was removed.
unit_faults() {
  local i=0 key value answer unit
  local -a all=("$@")
  local -A found=()
  answer=$(timeout 60 systemctl show --property LoadState,ActiveState,UnitFileState,NeedDaemonReload "${all[@]}" 2>/dev/null) || {
    echo 'systemd does not answer'
    return
  }
  while IFS='=' read -r key value; do
    if [[ -z $key ]]; then i=$((i + 1)); else found[${all[i]}:$key]=$value; fi
  done <<<"$answer"
  for unit in "${all[@]}"; do
    case ${found[$unit:LoadState]-} in
      not-found) echo "the unit $unit is gone"; continue ;;
      masked) echo "$unit is masked"; continue ;;
    esac
    case ${found[$unit:ActiveState]-} in
      active | activating | reloading) ;;
      *) echo "$unit does not run" ;;
    esac
    case ${found[$unit:UnitFileState]-} in
      enabled | static | generated) ;;
      *) echo "$unit does not start at boot" ;;
    esac
    if [[ ${found[$unit:NeedDaemonReload]-} == yes ]]; then echo "systemd has read another $unit than the one on disk"; fi
  done
}
