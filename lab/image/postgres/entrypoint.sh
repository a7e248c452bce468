#!/bin/sh
# Entry point of the PostgreSQL image, by the rules of the official one: the first start makes the cluster in PGDATA with
# the password in POSTGRES_PASSWORD, and the server runs as the user postgres. Runs in busybox's shell.
set -eu

# By its path: busybox has a setpriv of its own, which knows less.
as_postgres() {
  HOME=/var/lib/postgresql /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups "$@"
}

if [ "$1" = postgres ]; then
  mkdir -p "$PGDATA"
  chown 999:999 "$PGDATA"
  chmod 700 "$PGDATA"
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
      echo 'Error: the database is not initialized, and no superuser password is given: set POSTGRES_PASSWORD' >&2
      exit 1
    fi
    (umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >/run/password && chown 999 /run/password)
    as_postgres initdb --pgdata="$PGDATA" --username=postgres --pwfile=/run/password --auth-host=scram-sha-256 \
      --auth-local=trust --locale=C --encoding=UTF8 --data-checksums
    rm /run/password
    printf '%s\n' 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  fi
  unset POSTGRES_PASSWORD
  shift
  set -- postgres -D "$PGDATA" -c listen_addresses='*' -c jit=off \
    -c timezone=GMT -c log_timezone=GMT "$@"
fi
HOME=/var/lib/postgresql exec /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups "$@"
