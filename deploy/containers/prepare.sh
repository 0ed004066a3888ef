#!/bin/sh
# Makes what compose.yaml needs, in one folder: site, certificates, the broker's configuration, secrets.
#   sh deploy/containers/prepare.sh [--demo] HOME SITE NAME...
# HOME  folder to make, e.g. /srv/riverchief      SITE  folder of the site
# NAME  every name or address by which gateways reach this machine; the first is also the board's
# Run it again at any time: what is there stays, what is missing is made, the broker's files follow the site.
# Without a `riverchief` command on this machine it uses the image (RIVERCHIEF_IMAGE).
set -eu
umask 0077

demo=
[ "${1:-}" = --demo ] && { demo=yes; shift; }
if [ $# -lt 3 ]; then sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
mkdir -p "$1" && home=$(cd "$1" && pwd)
site=$(cd "$2" && pwd)
shift 2
board=$1

image=${RIVERCHIEF_IMAGE:-riverchief/server:0.1.0}
engine=$(command -v docker || command -v podman || true)
if command -v "${RIVERCHIEF:-riverchief}" >/dev/null; then
    riverchief() { command "${RIVERCHIEF:-riverchief}" "$@"; }
else
    [ -n "$engine" ] || { echo "neither riverchief nor docker is installed here" >&2; exit 1; }
    riverchief() { "$engine" run --rm --network none --user 0 -v "$home:$home" "$image" riverchief "$@"; }
fi

say() { echo "prepare: $*"; }
secret() { [ -e "$home/secrets/$1" ] || { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$home/secrets/$1"; say "secrets/$1"; }; }

# Column `gateway` of stations.csv.
riverchief_gateways() {
    grep -v '^#' "$1" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "gateway") c = i; next }
                                 c && $c != "" { print $c }' | sort -u
}

mkdir -p "$home/secrets" "$home/site" "$home/gateways"
[ -e "$home/site/site.toml" ] || { cp -R "$site/." "$home/site/"; say "site, a copy: edit that one from now on"; }
riverchief check "$home/site"

if [ ! -e "$home/ca/ca.key" ]; then
    riverchief certs init "$home/ca"
fi
if [ ! -e "$home/ca/server.crt" ]; then
    servers="--server broker"
    for name in "$@"; do servers="$servers --server $name"; done
    # shellcheck disable=SC2086  # words on purpose; names of hosts have no spaces
    riverchief certs issue "$home/ca" $servers
fi
[ -e "$home/ca/hub.crt" ] || riverchief certs issue "$home/ca" --hub
[ -e "$home/ca/operator.crt" ] || riverchief certs issue "$home/ca" --operator
if [ -n "$demo" ]; then
    # Gateways as stations.csv names them, so that a line in site.toml may be written in any way.
    riverchief_gateways "$home/site/stations.csv" | while read -r gateway; do
        [ -e "$home/ca/gateway.$gateway.crt" ] || riverchief certs issue "$home/ca" --gateway "$gateway"
        cp -f "$home/ca/gateway.$gateway.crt" "$home/ca/gateway.$gateway.key" "$home/gateways/"
    done
    cp -f "$home/ca/ca.crt" "$home/gateways/"
fi

riverchief broker-config "$home/site" --certs "$home/ca" --out "$home/broker" \
    --home /mosquitto/config --state /mosquitto/data
cp -f "$home/ca/ca.crt" "$home/ca/hub.crt" "$home/ca/hub.key" "$home/secrets/"

for name in influx_token influx_password books_password grafana_password; do secret "$name"; done
[ -e "$home/secrets/channels.toml" ] || : >"$home/secrets/channels.toml"
if [ ! -e "$home/secrets/board.key" ]; then
    # So that the board opens at once, with a warning in the browser. Replace both files by a certificate that your
    # browsers know.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 397 -subj "/CN=$board" \
        -addext "subjectAltName=DNS:$board" -keyout "$home/secrets/board.key" -out "$home/secrets/board.crt" 2>/dev/null
    say "secrets/board.crt, self-signed for $board"
fi

# Containers run as users of their own; the folder around the secrets is root's, so nobody else on this machine comes in.
chmod -R a+rX "$home/site"
chmod 0444 "$home/secrets/"*
chmod 0700 "$home/secrets" "$home/ca"
chmod 0755 "$home"
if [ "$(id -u)" = 0 ]; then
    chown -R 1883:1883 "$home/broker"
    chown -R 10001:10001 "$home/gateways"
else
    say "not root: chown -R 1883:1883 $home/broker before the start"
fi
say "done. Move $home/ca to a machine that is off the network: its key makes anybody anybody (docs/security.md)."
say "next: RIVERCHIEF_HOME=$home docker compose -f deploy/compose.yaml${demo:+ -f deploy/compose.demo.yaml} up -d --build"
