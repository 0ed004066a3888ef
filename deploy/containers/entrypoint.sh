#!/bin/sh
# Secrets come as files; the program takes the token of InfluxDB from its environment and the password of PostgreSQL from
# a file that only its owner may read, which a mounted secret is not. /tmp is in memory.
set -eu
umask 0077

if [ -n "${RIVERCHIEF_INFLUX_TOKEN_FILE:-}" ]; then
    RIVERCHIEF_INFLUX_TOKEN=$(cat "$RIVERCHIEF_INFLUX_TOKEN_FILE")
    export RIVERCHIEF_INFLUX_TOKEN
fi
if [ -n "${RIVERCHIEF_BOOKS_PASSWORD_FILE:-}" ]; then
    printf '*:*:*:*:%s\n' "$(sed 's/[\\:]/\\&/g' "$RIVERCHIEF_BOOKS_PASSWORD_FILE")" >/tmp/pgpass
    export PGPASSFILE=/tmp/pgpass
fi
if [ -n "${RIVERCHIEF_CHANNELS_FILE:-}" ] && [ -s "$RIVERCHIEF_CHANNELS_FILE" ]; then
    cp "$RIVERCHIEF_CHANNELS_FILE" /tmp/channels.toml
    chmod 0600 /tmp/channels.toml
    export RIVERCHIEF_CHANNELS=/tmp/channels.toml
fi
# Others that the program takes only from a file of its owner's: each becomes /tmp/NAME.
for file in ${RIVERCHIEF_PRIVATE_FILES:-}; do
    cp "$file" /tmp/
    chmod 0600 "/tmp/${file##*/}"
done
umask 0007
exec "$@"
