# shellcheck shell=bash disable=SC2034,SC2154 # ../build.sh uses and sets them
# nginx as Debian has it, with its folders where the official image has them: /etc/nginx/conf.d, /usr/share/nginx/html.

programs=(/usr/sbin/nginx)

compose() {
  echo 'nginx:x:101:101:nginx:/nonexistent:/bin/sh' >>"$root/etc/passwd"
  echo 'nginx:x:101:' >>"$root/etc/group"
  mkdir -p "$root/etc/nginx/conf.d" "$root/var/log/nginx" "$root/var/lib/nginx" "$root/var/lock"
  cp "$unpacked/etc/nginx/mime.types" "$root/etc/nginx/"
  cp "$recipe/nginx.conf" "$root/etc/nginx/"
  cp "$recipe/default.conf" "$root/etc/nginx/conf.d/"
  cp -R "$unpacked/usr/share/nginx" "$root/usr/share/"
}

config=(
  --config.env PATH=/usr/sbin:/usr/bin:/bin
  --config.exposedports 80/tcp --config.stopsignal SIGQUIT --config.cmd nginx
  --config.label org.opencontainers.image.title=nginx
  --config.label 'org.opencontainers.image.description=nginx from Debian packages'
)
