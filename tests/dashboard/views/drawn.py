"""What our own parts were given to draw, read from a page without a browser."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def drawn(app: AppTest, part: str) -> list[dict[str, Any]]:
    """Data of every part of a kind on a page, in order."""
    return [
        json.loads(one.proto.json)
        for one in app.get("bidi_component")
        if one.proto.component_name == f"riverchief_{part}"
    ]


def captions(app: AppTest) -> list[str]:
    """Captions of the tables and calendars on a page."""
    return [one["caption"] for part in ("grid", "heat") for one in drawn(app, part)]


def columns(app: AppTest, key: str = "") -> dict[str, list[str]]:
    """A list of a page by the titles of its columns; the one of a key where the page has several."""
    parts = [one for one in app.get("bidi_component") if one.proto.component_name == "riverchief_ledger"]
    found = next(json.loads(one.proto.json) for one in parts if key in one.proto.id)
    return {head["text"]: [row["cells"][at]["text"] for row in found["rows"]] for at, head in enumerate(found["head"])}
