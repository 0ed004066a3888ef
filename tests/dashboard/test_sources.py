"""Where the board gets its site, store and clock from."""

from __future__ import annotations

import pytest

from collectors.clock import ReplayClock, machine_ms
from dashboard.sources import Sources
from sensors.errors import UsageError


def test_the_environment_is_read() -> None:
    sources = Sources.from_environment({"RIVERCHIEF_SITE": "s", "RIVERCHIEF_STORE": "sqlite:///x"})
    assert (sources.folder, sources.url, sources.input, sources.now) == ("s", "sqlite:///x", "probes", machine_ms)


def test_a_replay_has_its_own_clock() -> None:
    clock = ReplayClock(real0_ms=0, start_ms=5, end_ms=7, speed=1.0).to_json()
    environment = {"RIVERCHIEF_SITE": "s", "RIVERCHIEF_STORE": "x", "RIVERCHIEF_CLOCK": clock}
    assert Sources.from_environment(environment).now() == 7


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "RIVERCHIEF_SITE and RIVERCHIEF_STORE"),
        ({"RIVERCHIEF_SITE": "s"}, "RIVERCHIEF_STORE"),
        ({"RIVERCHIEF_SITE": "s", "RIVERCHIEF_STORE": "x", "RIVERCHIEF_CLOCK": "noon"}, "RIVERCHIEF_CLOCK"),
    ],
)
def test_what_is_missing_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Sources.from_environment(environment)
