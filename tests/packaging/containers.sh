#!/bin/bash
# Builds the images and runs compose.yaml with compose.demo.yaml, where there is no Docker and no Docker Hub: podman with
# runc, a base of mmdebstrap, stand-ins for the foreign images. By hand, as root on Debian; some ten minutes:
#   apt-get install podman runc mmdebstrap netavark aardvark-dns && pip install podman-compose
#   tests/packaging/containers.sh up FOLDER        images, home, everything started; the board is on https://127.0.0.1:18443
#   tests/packaging/containers.sh down FOLDER      everything gone, its volumes as well
# FOLDER/influxd is an InfluxDB 2 (../shared/servers/influxd/build.sh makes one).
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${1:-} in up | down) ;; *) sed -n '4,7s/^# *//p' "$0" >&2; exit 2 ;; esac
folder=$(cd "${2:?FOLDER}" && pwd)
base=docker.io/library/debian:12.12-slim

# runc, because Debian's crun is too old for new kernels; limits that a container without all rights may set.
cat >"$folder/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]
[engine]
runtime = "runc"
CONF
export CONTAINERS_CONF=$folder/containers.conf RIVERCHIEF_HOME=$folder/home
export RIVERCHIEF_HTTP_PORT=18080 RIVERCHIEF_HTTPS_PORT=18443
# podman would put a /run of its own over the one that compose.yaml names.
compose() { podman-compose --podman-run-args=--read-only-tmpfs=false -f deploy/compose.yaml -f deploy/compose.demo.yaml "$@"; }
if [ "$1" = down ]; then compose down -v -t 10; exit; fi

if ! podman image exists "$base"; then
    mmdebstrap --variant=minbase --include=ca-certificates bookworm "$folder/base.tar"
    podman import -q "$folder/base.tar" "$base"
fi
[ -f "$folder/influxd" ] || { echo "$folder/influxd is missing" >&2; exit 3; }
mkdir -p "$folder/standins"
cp tests/packaging/standins/* "$folder/influxd" "$folder/standins/"
for one in broker=eclipse-mosquitto:2.0.22 proxy=nginx:1.28.0 postgres=postgres:17.6 influxdb=influxdb:2.7.12; do
    podman build -q --isolation chroot --target "${one%%=*}" -t "docker.io/library/${one#*=}" "$folder/standins"
done
# A machine behind an intercepting proxy has its authority in here.
podman build -q --isolation chroot -v /etc/ssl/certs:/etc/ssl/certs:ro -f deploy/containers/Containerfile --target server \
    -t riverchief/server:0.1.0 .
RIVERCHIEF=$PWD/.venv/bin/riverchief sh deploy/containers/prepare.sh --demo "$folder/home" deploy/sites/xietang hub.example 127.0.0.1
compose up -d --no-build
podman ps --format '{{.Names}} {{.Status}}'
