"""The text that Prometheus reads."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.metrics.text import Samples, page, seconds


def measure(samples: Samples) -> None:
    samples.gauge("hub_stations", "Stations.", 56)
    for name in ("gw-01", 'a"b\\c\n'):
        samples.counter("hub_lost_rows_total", "Lost.", 2, gateway=name)
    samples.gauge("hub_unknown", "Not known.", None)


def test_a_page_can_be_read_again() -> None:
    kind, body = page("hub", measure)
    assert kind.startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    assert families["riverchief_hub_stations"].samples[0].value == 56
    lost = families["riverchief_hub_lost_rows"]
    assert lost.type == "counter"
    assert {sample.labels["gateway"]: sample.value for sample in lost.samples} == {"gw-01": 2.0, 'a"b\\c\n': 2.0}
    [info] = families["riverchief_build_info"].samples
    assert info.labels["service"] == "hub"
    assert "riverchief_hub_unknown" not in families
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6


def test_a_name_keeps_its_kind_and_its_labels() -> None:
    samples = Samples()
    samples.gauge("x", "X.", 1, gateway="a")
    with pytest.raises(ValueError, match=r"x is a gauge with the labels \('gateway',\)"):
        samples.gauge("x", "X.", 1, station="a")
    with pytest.raises(ValueError, match="ends with _total"):
        samples.counter("x", "X.", 1)


def test_times_are_in_seconds() -> None:
    assert seconds(1_500) == 1.5
    assert seconds(None) is None
