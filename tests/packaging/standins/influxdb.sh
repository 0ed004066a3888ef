#!/bin/sh
# What the entrypoint of the influxdb image does with the variables that compose.yaml sets.
set -eu
data=/var/lib/influxdb2
serve() {
    influxd --bolt-path "$data/influxd.bolt" --engine-path "$data/engine" --sqlite-path "$data/influxd.sqlite" "$@"
}
if [ ! -e "$data/influxd.bolt" ]; then
    serve --http-bind-address 127.0.0.1:9999 &
    pid=$!
    until curl -sf http://127.0.0.1:9999/health >/dev/null; do sleep 0.2; done
    curl -sf -XPOST http://127.0.0.1:9999/api/v2/setup -d "{\"username\":\"$DOCKER_INFLUXDB_INIT_USERNAME\",
      \"password\":\"$(cat "$DOCKER_INFLUXDB_INIT_PASSWORD_FILE")\",\"org\":\"$DOCKER_INFLUXDB_INIT_ORG\",
      \"bucket\":\"$DOCKER_INFLUXDB_INIT_BUCKET\",\"token\":\"$(cat "$DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE")\"}" >/dev/null
    kill "$pid"
    wait "$pid" || true
fi
exec influxd --bolt-path "$data/influxd.bolt" --engine-path "$data/engine" --sqlite-path "$data/influxd.sqlite" --http-bind-address :8086
