"""What a hub's metrics say, from the report that it writes, and when it is ready."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from collectors.quarantine import Quarantine
from deploy.health import answer
from deploy.hub.hub import Hub
from deploy.hub.role import Role
from deploy.hub.state import HubState
from deploy.metrics.hub import HubFace

NOW_MS = 1_790_000_000_000

#: As `HubState.report` gives it.
REPORT: dict[str, Any] = {
    "time_ms": NOW_MS - 5_000, "since_ms": NOW_MS - 100_000, "label": "all", "shards": [], "disk_free": 10 << 30,
    "disk_full": False, "quarantine": [["gw-01", "clock", 3], ["gw-02", "station", 4]], "connected": True,
    "broker_error": "", "store_error": "", "batches": 5, "rows": 200, "readings": 1_800, "commits": 4, "known": 7,
    "early": 1, "lost": {"gw-01": 65}, "moved": [["gw-01", "S09", 2]], "newest_ms": {"gw-01": NOW_MS - 9_000},
    "delay_ms": 250, "commits_per_s": 0.1, "readings_per_s": 9.0, "slices_error": "",
    "gateways": {
        name: {"gateway": name, "wanted": "a", "running": "a", "online": online, "epoch": "", "software": "",
               "heard_ms": NOW_MS, "refused": None, "clock": {"synchronised": True}, "backlog": 12, "bytes": 900,
               "dropped": 0, "silent": {"S01": "timeout"}, "settled": True}
        for name, online in (("gw-01", True), ("gw-02", None))
    },
    "graded": 50, "stations": 56, "behind": False,
    "watch": {"judged_ms": NOW_MS - 600_000, "behind": False, "series": 255, "ready": 200, "stations": 56,
              "stations_ready": 50, "events": 2, "rain_known": True},
    "site": {"taken_ms": NOW_MS, "refused_ms": None, "problems": []},
}  # fmt: skip


def face(written_ms: int | None = NOW_MS - 5_000, **changed: Any) -> HubFace:
    made = HubFace(lambda: NOW_MS)
    made.report, made.written_ms = {**REPORT, **changed}, written_ms
    return made


def asked(one: HubFace, path: str) -> tuple[int, str]:
    reply = asyncio.run(answer(one.face, path))
    return reply.status, reply.body.decode()


def test_everything_is_measured() -> None:
    one = face()
    one.failures["watch"] += 2
    status, text = asked(one, "/metrics")
    assert status == 200
    for line in (
        "hub_ingested_readings_total 1800.0",
        'hub_quarantined_by_reason_total{gateway="gw-01",reason="clock"} 3.0',
        "hub_quarantined_total 7.0",
        'hub_lost_rows_total{gateway="gw-01"} 65.0',
        'hub_lost_rows_total{gateway="gw-02"} 0.0',
        "hub_ingest_delay_seconds 0.25",
        'hub_gateway_lag_seconds{gateway="gw-01"} 9.0',
        'hub_gateway_backlog_observations{gateway="gw-02"} 12.0',
        'hub_gateway_online{gateway="gw-01"} 1.0',
        "hub_graded_stations 50.0",
        "hub_open_events 2.0",
        "hub_watch_lag_seconds 600.0",
        "hub_store_error 0.0",
        'hub_errors_total{what="watch"} 2.0',
        "hub_moved_rows_total 2.0",
    ):
        assert f"\nriverchief_{line}\n" in text, line
    # Nothing was heard of it: neither there nor gone.
    assert 'hub_gateway_online{gateway="gw-02"}' not in text


def test_a_process_that_only_judges_tells_nothing_of_gateways() -> None:
    taken_in = {"connected", "gateways"}
    one = HubFace(lambda: NOW_MS)
    one.report, one.written_ms = {key: value for key, value in REPORT.items() if key not in taken_in}, NOW_MS
    status, text = asked(one, "/metrics")
    assert status == 200
    assert "riverchief_hub_graded_stations 50.0" in text
    assert "hub_gateway" not in text
    assert asked(one, "/readyz")[0] == 200


def test_before_the_first_report_it_is_not_ready() -> None:
    one = HubFace(lambda: NOW_MS)
    assert asked(one, "/readyz")[0] == 503
    assert asked(one, "/metrics")[0] == 200


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"store_error": "disk full"}, "disk full"),
        ({"written_ms": NOW_MS - 61_000}, "61 s ago"),
        ({"written_ms": None}, "first report"),
        ({"connected": False, "broker_error": "refused"}, "refused"),
        ({"disk_full": True}, "MB free"),
        ({"watch": {**REPORT["watch"], "judged_ms": NOW_MS - 4_000_000, "behind": True}}, "judged up to 4000 s ago"),
    ],
)
def test_not_ready_says_why(changed: dict[str, Any], word: str) -> None:
    status, text = asked(face(**changed), "/readyz")
    assert status == 503
    assert word in text


def test_a_mistake_in_the_site_does_not_stop_it() -> None:
    status, text = asked(face(site={"problems": ["x", "y"]}), "/readyz")
    assert status == 200
    assert "2 mistakes; the old one goes on" in text


def test_it_reads_what_the_hub_really_reports(xietang, tmp_path: Path) -> None:
    state = HubState(Role(), lambda: NOW_MS, Quarantine(None), tmp_path)
    one = HubFace(lambda: NOW_MS)
    one.report, one.written_ms = state.report(None, None), NOW_MS
    assert asked(one, "/metrics")[0] == 200
    assert asked(one, "/readyz")[0] == 200


def test_the_hub_counts_what_it_survives(xietang, tmp_path: Path) -> None:
    from contextlib import closing

    from collectors.stores import open_store

    def broken() -> None:
        raise RuntimeError("broken")

    with closing(open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")) as store:
        hub = Hub(xietang, None, store, Quarantine(None), lambda: NOW_MS, role=Role(ingest=False))
        assert asyncio.run(hub._survives("watch", broken)) is False
        assert asyncio.run(hub._survives("watch", lambda: None)) is True
        assert hub._shows.failures == {"watch": 1}
