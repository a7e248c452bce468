#!/bin/sh
# Entry point of the registry's image, by the rules of the official one: a configuration alone is served. Runs in
# busybox's shell.
set -eu

case ${1:-} in
  *.yaml | *.yml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
