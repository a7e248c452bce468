# shellcheck shell=bash
# What the operating system does to addresses and services. Sourced by `fault`, which has `floating_ip`.

# What is possible on this node, a word each: faults that need something else are left out.
can() {
  if modprobe -q sch_netem && command -v tc >/dev/null; then echo netem; fi
  if systemctl is-active --quiet systemd-networkd; then echo networkd; fi
  if systemctl is-active --quiet NetworkManager; then echo networkmanager; fi
  if [[ -n $(leased) ]] || pgrep -x dhclient >/dev/null; then echo dhcp; fi
  if command -v needrestart >/dev/null; then echo needrestart; fi
}

# As somebody's `ip addr del`, or a tool that wants the interface to be as its file says.
remove_address() {
  local vip device address
  vip=$(floating_ip) || return
  read -r _ device _ address _ < <(ip -o addr show to "$vip")
  [[ -n ${device-} ]] || { echo "the floating IP is not on this node" >&2; return 1; }
  ip addr del "$address" dev "$device"
}

# Indices of the interfaces for which systemd-networkd has a lease.
leased() {
  find /run/systemd/netif/leases -type f -printf '%f\n' 2>/dev/null
}

# Asks the DHCP server again, as at half of a lease's time.
renew() {
  local index process
  local -a words
  for index in $(leased); do
    networkctl renew "$(ip -o link show | sed -n "s/^$index: \([^:@]*\).*/\1/p")" || return
  done
  for process in $(pgrep -x dhclient); do
    mapfile -d '' -t words <"/proc/$process/cmdline"
    kill "$process" && timeout 30 "${words[@]}" || return
  done
}

# As after an upgrade of the C library: everything that has it from before is restarted, in the order and with the exceptions of
# the node's own needrestart. The new file is the same as the old one.
restart_what_needs_it() {
  local library new
  library=$(ldd /bin/true | sed -n 's/^.*=> \(.*\/libc\.so\.6\) .*$/\1/p')
  library=$(readlink -f "$library") && [[ -s $library ]] || return
  new=$library.drill
  cp -p "$library" "$new" && sync "$new" && mv -f -T "$new" "$library" || return
  # Without a terminal, and in no order that waits for somebody.
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a begin needrestart 300 -- needrestart -r a -l
}
