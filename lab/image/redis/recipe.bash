# shellcheck shell=bash disable=SC2034,SC2154 # ../build.sh uses and sets them
# Redis 7.0 as Debian has it, used like the official image: its data in /data, the user redis (999).

programs=(/usr/bin/setpriv)
for name in redis-check-rdb redis-cli redis-check-aof; do programs+=("/usr/bin/$name"); done

compose() {
  echo 'redis:x:999:999:redis:/data:/bin/sh' >>"$root/etc/passwd"
  echo 'redis:x:999:' >>"$root/etc/group"
  mkdir "$root/data"
  # One program: its name says what it does.
  ln -s redis-check-rdb "$root/usr/bin/redis-server"
  # The official image's name for it.
  ln -s entrypoint.sh "$root/usr/bin/docker-entrypoint.sh"
}

config=(
  --config.workingdir /data --config.volume /data --config.exposedports 6379/tcp
  --config.cmd redis-server
  --config.label org.opencontainers.image.title=redis
  --config.label 'org.opencontainers.image.description=Redis from Debian packages'
)
