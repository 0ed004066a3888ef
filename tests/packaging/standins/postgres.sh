#!/bin/sh
# What the entrypoint of the postgres image does with the variables that compose.yaml sets, without its options.
set -eu
data=/var/lib/postgresql/data
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres)")
export PATH="$bin:$PATH"
if [ ! -s "$data/PG_VERSION" ]; then
    # shellcheck disable=SC2086  # options, as words
    initdb -D "$data" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust $POSTGRES_INITDB_ARGS -E UTF8
    echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
    pg_ctl -D "$data" -w -o "-c listen_addresses=" start
    createdb -U "$POSTGRES_USER" "$POSTGRES_DB" 2>/dev/null || true
    pg_ctl -D "$data" -w stop
fi
exec postgres -D "$data" -c "listen_addresses=*"
