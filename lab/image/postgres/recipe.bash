# shellcheck shell=bash disable=SC2034,SC2154 # ../build.sh uses and sets them
# PostgreSQL 15 as Debian has it, used like the official image: PGDATA, POSTGRES_PASSWORD, the user postgres (999).

bin=/usr/lib/postgresql/15/bin
programs=(/usr/bin/setpriv)
for name in postgres initdb pg_ctl pg_isready psql pg_dump pg_amcheck pg_controldata; do programs+=("$bin/$name"); done

compose() {
  echo 'postgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh' >>"$root/etc/passwd"
  echo 'postgres:x:999:' >>"$root/etc/group"
  mkdir -p "$root/var/lib/postgresql/data" "$root/var/run"
  # Sockets, and what the server loads at run time.
  mkdir -m 1777 "$root/run/postgresql"
  ln -s ../../run/postgresql "$root/var/run/postgresql"
  mkdir -p "$root/usr/lib/postgresql/15/lib"
  cp "$unpacked"/usr/lib/postgresql/15/lib/{dict_snowball,plpgsql,amcheck}.so "$root/usr/lib/postgresql/15/lib/"
  cp -R "$unpacked/usr/share/postgresql" "$root/usr/share/"
  rm -rf "$root"/usr/share/postgresql/15/{man,contrib}
  # It looks for time zones there; it runs in GMT.
  mkdir -p "$root/usr/share/zoneinfo"
}

config=(
  --config.env "PATH=$bin:/usr/bin:/bin" --config.env PGDATA=/var/lib/postgresql/data
  --config.volume /var/lib/postgresql/data --config.exposedports 5432/tcp --config.stopsignal SIGINT
  --config.cmd postgres
  --config.label org.opencontainers.image.title=postgres
  --config.label 'org.opencontainers.image.description=PostgreSQL from Debian packages'
)
