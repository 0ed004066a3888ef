"""Grafana's files: of the shape that it reads, about data that there are, and every query runs."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import jsonschema
import pytest
import yaml

from collectors.stores import open_store
from sensors.reading import Block, Quality, Reading
from tests.collectors.conftest import influx, influx_url  # noqa: F401  (fixtures)
from tests.collectors.influxes import Influx
from tests.packaging.tools import DEPLOY, metrics, ran, tool, used_metrics

FOLDER = DEPLOY / "grafana"
DASHBOARDS = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((FOLDER / "dashboards").glob("*.json"))}
SOURCES = {
    one["uid"]: one
    for one in yaml.safe_load((FOLDER / "provisioning/datasources/riverchief.yaml").read_text("utf-8"))["datasources"]
}

_SOURCE = {"type": "object", "required": ["type", "uid"], "properties": {"uid": {"enum": list(SOURCES)}}}

#: What Grafana's importer needs of a dashboard and would otherwise mend in silence.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["uid", "title", "description", "schemaVersion", "panels", "time", "templating", "refresh"],
    "properties": {
        "uid": {"pattern": "^[a-z-]{3,40}$"},
        "schemaVersion": {"minimum": 36},
        "editable": {"const": False},
        "templating": {
            "properties": {
                "list": {
                    "items": {
                        "required": ["name", "type", "datasource", "query"],
                        "properties": {"datasource": _SOURCE},
                    }
                }
            }
        },
        "panels": {
            "items": {
                "required": ["id", "type", "title", "gridPos"],
                "properties": {
                    "type": {"enum": ["row", "stat", "timeseries", "table"]},
                    "gridPos": {
                        "required": ["h", "w", "x", "y"],
                        "properties": {
                            "h": {"minimum": 1},
                            "w": {"minimum": 1, "maximum": 24},
                            "x": {"minimum": 0},
                            "y": {"minimum": 0},
                        },
                    },
                },
                "if": {"not": {"properties": {"type": {"const": "row"}}}},
                "then": {
                    "required": ["datasource", "targets", "fieldConfig", "options"],
                    "properties": {
                        "datasource": _SOURCE,
                        "targets": {
                            "minItems": 1,
                            "items": {"required": ["refId", "datasource"], "properties": {"datasource": _SOURCE}},
                        },
                    },
                },
            }
        },
    },
}


def targets(name: str) -> list[dict[str, Any]]:
    return [target for panel in DASHBOARDS[name]["panels"] for target in panel.get("targets", [])]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_has_the_shape_that_grafana_reads(name: str) -> None:
    dashboard = DASHBOARDS[name]
    jsonschema.Draft202012Validator(SCHEMA).validate(dashboard)
    assert dashboard["uid"] == name
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"], (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?(station|determinand|gateway)\b", json.dumps(dashboard)))
    assert used <= names


def test_there_are_two_and_the_provider_finds_them() -> None:
    assert sorted(DASHBOARDS) == ["riverchief-machines", "riverchief-readings"]
    [provider] = yaml.safe_load((FOLDER / "provisioning/dashboards/riverchief.yaml").read_text("utf-8"))["providers"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in (DEPLOY / "compose.yaml").read_text("utf-8")


def test_no_secret_stands_in_a_data_source() -> None:
    for source in SOURCES.values():
        assert all(value.startswith("$__file{/run/secrets/") for value in source.get("secureJsonData", {}).values())


def test_every_figure_is_one_that_the_program_tells() -> None:
    used = used_metrics(json.dumps(targets("riverchief-machines")))
    assert len(used) > 20
    assert used - metrics() == set()


def test_prometheus_understands_every_query(tmp_path: Path) -> None:
    found = [target["expr"].replace("$gateway", "gw-01") for target in targets("riverchief-machines")]
    rules = [{"record": f"riverchief:dashboard:{number}", "expr": expr} for number, expr in enumerate(found)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    ran(tool("promtool", "Debian package prometheus"), "check", "rules", tmp_path / "rules.yml")


@pytest.mark.influxdb
def test_influxdb_answers_every_query(influx: Influx, influx_url: Any) -> None:  # noqa: F811
    """Readings are written by the project's own store; each query of the dashboard then finds some of them."""
    url = influx_url()
    bucket = url.rpartition("/")[2]
    store = open_store(url)
    end = 1_790_000_000_000
    try:
        for value in (1.0, 2.0):  # the second time it revises
            store.write(
                Block.of(
                    Reading("S01", "ammonia_nitrogen", end - k * 60_000, value + k / 1000, flag)
                    for k in range(200)
                    for flag in [Quality.SUSPECT if k % 7 == 0 else Quality.GOOD]
                )
            )
        store.tidy()
    finally:
        store.close()
    for query in [one["query"] for one in targets("riverchief-readings")] + [
        variable["query"] for variable in DASHBOARDS["riverchief-readings"]["templating"]["list"]
    ]:
        text = (
            query.replace('"readings"', f'"{bucket}"')
            .replace("${station:regex}", "(S01|S02)")
            .replace("${determinand}", "ammonia_nitrogen")
        )
        text = text.replace("v.timeRangeStart", "2026-09-20T00:00:00Z").replace(
            "v.timeRangeStop", "2026-10-01T00:00:00Z"
        )
        text = text.replace("v.windowPeriod", "5m").replace(
            "range(start: -7d)", "range(start: 2026-09-20T00:00:00Z, stop: 2026-10-01T00:00:00Z)"
        )
        text = text.replace("start: -30d", "start: 2026-09-20T00:00:00Z, stop: 2026-10-01T00:00:00Z")
        request = Request(
            f"{influx.url}/api/v2/query?org={influx.org}", text.encode(),
            {"Authorization": f"Token {influx.token}", "Content-Type": "application/vnd.flux", "Accept": "text/csv"},
        )  # fmt: skip
        with urlopen(request, timeout=30) as answer:
            rows = list(csv.reader(io.StringIO(answer.read().decode())))
        assert len([row for row in rows if row]) > 1, text
