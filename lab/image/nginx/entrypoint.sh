#!/bin/sh
# Entry point of the nginx image: the workers may write where files are kept. Runs in busybox's shell.
set -eu

mkdir -p /usr/share/nginx/html/.uploads
chown nginx /usr/share/nginx/html
exec "$@"
