#!/bin/sh
# Entry point of the Redis image, by the rules of the official one: root gives the data to the user redis, who runs the
# server; options alone are the server's. Started without any, it keeps nothing: what it acknowledges is on the disk with
# `--appendonly yes --appendfsync always`. Runs in busybox's shell.
set -eu

case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac
# By its path: busybox has a setpriv of its own, which knows less.
if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . ! -user redis -exec chown redis '{}' +
  set -- /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups "$@"
fi
exec "$@"
