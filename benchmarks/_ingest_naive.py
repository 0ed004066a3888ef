"""The script that everybody writes first: paho in, `write_api()` of influxdb-client as it comes, out.

python benchmarks/_ingest_naive.py PORT URL TOKEN ORG BUCKET READY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import paho.mqtt.client as mqtt
from influxdb_client import InfluxDBClient, Point, WritePrecision

port, url, token, org, bucket, ready = sys.argv[1:]
influx = InfluxDBClient(url=url, token=token, org=org)
write_api = influx.write_api()


def on_connect(client, userdata, flags, reason, properties):  # type: ignore[no-untyped-def]
    client.subscribe("naive/#", qos=1)


def on_subscribe(client, userdata, mid, reasons, properties):  # type: ignore[no-untyped-def]
    Path(ready).touch()


def on_message(client, userdata, message):  # type: ignore[no-untyped-def]
    body = json.loads(message.payload)
    station, time_ms = body.pop("station"), body.pop("time_ms")
    for key, value in body.items():
        point = Point("reading").tag("station", station).tag("determinand", key).field("value", float(value))
        write_api.write(bucket=bucket, record=point.time(time_ms, WritePrecision.MS))


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="naive")
client.on_connect = on_connect
client.on_message = on_message
client.on_subscribe = on_subscribe
client.connect("127.0.0.1", int(port))
client.loop_forever()
