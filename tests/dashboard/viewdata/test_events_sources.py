"""Ranked outfalls: in the list with everything, on the map where they matter."""

from __future__ import annotations

from dashboard.casework.evidence import read_event
from dashboard.ground import ground
from dashboard.links import words_only
from dashboard.viewdata.events_sources import sources
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.casework.made import event


def test_list_and_map(xietang: Site, en: Wording) -> None:
    ranked = [{"outfall": name, "probability": share, "travel_h": 1.26} for name, share in
              (("PK001", 0.7), ("PK002", 0.2), ("PK150", 0.004))]  # fmt: skip
    told = read_event(event("E1", detail={"candidates": ranked, "effective": 2.0, "silent": ["S02"]}), xietang)
    data = sources(told, xietang, ground(xietang), en, words_only, may_open=True)
    assert [(one["name"], one["text"]) for one in data["list"]] == [
        ("PK001", "70 %"), ("PK002", "20 %"), ("PK150", "< 1 %"),
    ]  # fmt: skip
    assert data["list"][0]["about"].startswith("Sewage · Xietang River · 1.3 h upstream")
    assert [one["name"] for one in data["map"]["outfalls"]] == ["PK001", "PK002"]
    assert [one["name"] for one in data["map"]["stations"]] == ["Xizha Bridge"]
    left, top, width, height = data["map"]["box"]
    assert all(left < one["x"] < left + width and top < one["y"] < top + height for one in data["map"]["outfalls"])
    assert data["verdict"] == ""
    assert data["list"][0]["open"] == {"text": "Open an order about it"}


def test_what_cannot_be_told_is_said(xietang: Site, en: Wording) -> None:
    told = read_event(event("E1", detail={"cannot_tell": 1.0}), xietang)
    data = sources(told, xietang, ground(xietang), en, words_only, may_open=False)
    assert data["verdict"] == "It cannot be told which outfall it was."
    assert data["none"] == "No outfall was ranked for this event."
    assert data["list"] == []
