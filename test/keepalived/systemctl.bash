#!/bin/bash
# A stand-in for systemctl on a node of the rig, which has no systemd: it runs the real keepalived. What it was told
# is in /run/log; the unit is masked while /run/masked exists, and enabled while /run/enabled does.
echo "$*" >>/run/log
process() { cat /run/keepalived.pid 2>/dev/null; }
lives() { [[ -n $(process) ]] && kill -0 "$(process)" 2>/dev/null; }
stop() {
  lives || return 0
  kill -TERM "$(process)"
  while lives; do sleep 0.01; done
}
case $* in
  'is-active keepalived.service') if lives; then echo active; else echo inactive; fi ;;
  'show --property=ActiveState --value keepalived.service') if lives; then echo active; else echo inactive; fi ;;
  'show --property=MainPID --value keepalived.service') process || echo 0 ;;
  'is-enabled keepalived.service')
    if [[ -e /run/masked ]]; then echo masked; elif [[ -e /run/enabled ]]; then echo enabled; else echo disabled; fi
    ;;
  'unmask keepalived.service') rm -f /run/masked ;;
  'enable --quiet keepalived.service') : >/run/enabled ;;
  'start keepalived.service')
    [[ ! -e /run/masked ]] || exit 1
    rm -f /run/ha-rancher/vrrp
    setsid keepalived --dont-fork --log-console --no-syslog --pid /run/keepalived.pid --vrrp_pid /run/vrrp.pid \
      </dev/null >>/run/keepalived.log 2>&1 &
    while ! lives; do sleep 0.01; done
    while ! [[ -s /run/vrrp.pid ]]; do sleep 0.01; done
    /usr/local/lib/ha-rancher/current/keepalived/real-time "$(process)"
    ;;
  'reload keepalived.service') kill -HUP "$(process)" ;;
  'stop keepalived.service') stop ;;
  'disable --quiet --now keepalived.service') stop; rm -f /run/enabled ;;
  'cat keepalived.service' | daemon-reload | 'reset-failed keepalived.service') ;;
  '--quiet is-active firewalld') exit 3 ;;
  *) echo "systemctl $* is not known here" >&2; exit 1 ;;
esac
