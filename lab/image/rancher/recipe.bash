# shellcheck shell=bash disable=SC2034,SC2154 # ../build.sh uses and sets them
# The stand-in for Rancher's image.

programs=(/usr/bin/etcd /usr/bin/caddy)

compose() {
  mkdir -p "$root/var/lib/rancher"
  install -D -m 644 "$recipe/Caddyfile" "$root/etc/caddy/Caddyfile"
  install -D -m 755 "$recipe/api" "$root/usr/share/api/cgi-bin/api"
  install -D -m 644 "$recipe/face.html" "$root/usr/share/face/face.html"
}

config=(
  --config.workingdir /var/lib/rancher
  --config.exposedports 80/tcp --config.exposedports 443/tcp
  --config.env XDG_DATA_HOME=/run --config.env XDG_CONFIG_HOME=/run
  --config.label org.opencontainers.image.title=rancher-stand-in
  --config.label 'org.opencontainers.image.description=Stands in for Rancher: etcd behind a web front'
)
