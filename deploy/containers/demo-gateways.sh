#!/bin/bash
# All gateways of a demonstration in one container, each with its own certificate: demo-gateways SITE BROKER CERTS.
# Real gateways are boxes of their own (docs/install.md).
set -eu
site=$1 broker=$2 certs=$3 data=/var/lib/riverchief
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait' TERM INT

# The first start finds a day of the virtual past in the spools, as if the line had been down until now.
if [ ! -e "$data/.history" ]; then
    riverchief history "$site" --data "$data" --hours 24 &
    pids=($!)
    wait "${pids[0]}"
    touch "$data/.history"
fi

pids=()
for certificate in "$certs"/gateway.*.crt; do
    name=${certificate##*/gateway.}
    name=${name%.crt}
    riverchief gateway "$site" --gateway "$name" --broker "$broker" --data "$data" \
        --ca "$certs/ca.crt" --cert "$certificate" --key "$certs/gateway.$name.key" &
    pids+=($!)
done
# One that ends takes the container with it, which is started again.
wait -n
kill "${pids[@]}" 2>/dev/null
exit 1
