# shellcheck shell=bash disable=SC2034,SC2154 # ../build.sh uses and sets them
# The registry as Debian has it (distribution 2.8), used like the official image: its data in /var/lib/registry, its
# settings in /etc/docker/registry/config.yml and in variables such as REGISTRY_HTTP_SECRET.

programs=(/usr/bin/docker-registry)

compose() {
  mkdir -p "$root/var/lib/registry" "$root/etc/docker/registry" "$root/etc/ssl/certs"
  cp "$recipe/config.yml" "$root/etc/docker/registry/"
  # The official image's name for it.
  ln -s docker-registry "$root/usr/bin/registry"
}

config=(
  --config.volume /var/lib/registry --config.exposedports 5000/tcp
  --config.cmd /etc/docker/registry/config.yml
  --config.label org.opencontainers.image.title=registry
  --config.label 'org.opencontainers.image.description=A registry for images from Debian packages'
)
