#!/bin/sh
# Entry point of the stand-in for Rancher's image: real etcd behind a small web front, under the start rules of
# Rancher's own entry point (rancher/rancher, package/entrypoint.sh). Runs in busybox's shell as PID 1, in the
# data directory /var/lib/rancher.
set -eu

# Docker shows /dev/kmsg to privileged containers only; Rancher tests just this.
if [ ! -e /dev/kmsg ]; then
  echo "ERROR: Rancher must be ran with the --privileged flag when running outside of Kubernetes" >&2
  exit 1
fi

etcd='' caddy=''

# Ends the web front, which lets requests under way finish, then etcd, then this.
finish() {
  trap '' TERM INT
  trap - CHLD
  for process in $caddy $etcd; do
    kill "$process" 2>/dev/null || true
    wait "$process" || true
  done
  exit "$1"
}
trap 'finish 0' TERM INT

# The password of the first login counts at the very first start only. What is kept is its crypt(3) hash, so a
# login check would be: [ "$(mkpasswd -m sha512 -S SALT GIVEN)" = "$(cat bootstrap-secret)" ].
if [ ! -e bootstrap-secret ]; then
  password=${CATTLE_BOOTSTRAP_PASSWORD:-}
  if [ -z "$password" ]; then
    password=$(head -c 20 /dev/urandom | base64 | tr -dc a-zA-Z0-9)
    echo "Bootstrap Password: $password"
  fi
  (umask 077 && printf '%s\n' "$password" | mkpasswd -m sha512 -P 0 >bootstrap-secret.new)
  mv bootstrap-secret.new bootstrap-secret
fi
unset CATTLE_BOOTSTRAP_PASSWORD password

# Where Rancher's embedded etcd keeps its data.
datastore=k3s/server/db/etcd
mkdir -p "$datastore"
chmod 700 "$datastore"
# A cluster of one elects itself after one to two election timeouts: half a second in place of etcd's whole one.
set -- --name local-node --data-dir "$datastore" --enable-v2 --logger zap --heartbeat-interval 50 --election-timeout 500 \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
  --initial-cluster local-node=http://127.0.0.1:2380
if [ -e "$datastore/member/wal" ]; then
  # As Rancher, which runs `k3s server --cluster-reset` on what it finds.
  echo "Starting on the existing datastore as a new cluster"
  set -- "$@" --force-new-cluster
else
  echo "Starting with an empty datastore"
fi
etcd "$@" &
etcd=$!
httpd -f -p 127.0.0.1:8081 -h /usr/share/api &
caddy run --config /etc/caddy/Caddyfile &
caddy=$!

# What the page at / shows of this start. It waits for nothing, and nothing waits for it.
face() {
  count=0
  read -r count <starts || true
  count=$((count + 1))
  printf '%s\n' "$count" >starts.new
  mv starts.new starts
  # The node's address is in the options of the mount; its name only in the kernel's log (lab/box).
  address=$(sed -n 's/.* \/var\/lib\/rancher .*[ ,]clientaddr=\([0-9.]*\).*/\1/p' /proc/self/mountinfo | head -n 1)
  name=$(dmesg | sed -n 's/.*: Hostname set to <\([^>"\\]*\)>.*/\1/p' | tail -n 1)
  mkdir -p /run/face
  printf '{"node": "%s", "address": "%s", "since": %s, "starts": %s}\n' "${name:-${address:-unknown}}" "${name:+$address}" \
    "$(date +%s)" "$count" >/run/face/face.json.new
  mv /run/face/face.json.new /run/face/face.json
}
face 2>/dev/null &

# Zombies have no /proc/PID/exe. A child may also be an orphan of somebody's `docker exec`: none of our business.
watch() {
  for process in $caddy $etcd; do
    [ -e "/proc/$process/exe" ] && continue
    [ "$process" = "$etcd" ] && name=etcd || name="the web front"
    echo "ERROR: $name ended" >&2
    finish 1
  done
}
trap watch CHLD
watch
while :; do wait || true; done
