"""Every page of the board and every part of one, as an address: what is looked at and kept as a picture."""

from __future__ import annotations

from collections.abc import Mapping

from tests.browser.stage import EVENT, OUTFALL, RIVER, STATION

#: Name of the picture -> path and query. The first of each path is the page itself, the others are parts of it.
ADDRESSES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "today": ("", {}),
    "events": ("events", {}),
    "event": ("events", {"event": EVENT}),
    "orders": ("orders", {}),
    "orders-table": ("orders", {"tab": "table"}),
    "order": ("orders", {"order": "2026-000003"}),
    "order-new": ("orders", {"new": "1", "outfall": OUTFALL}),
    "goals": ("goals", {"goal": "mid-shops"}),
    "river": ("river", {"river": RIVER}),
    "river-course": ("river", {"river": RIVER, "tab": "course"}),
    "river-calendar": ("river", {"river": RIVER, "tab": "calendar"}),
    "river-file": ("river", {"river": RIVER, "tab": "file"}),
    "river-policy": ("river", {"river": RIVER, "tab": "policy"}),
    "station": ("station", {"station": STATION}),
    "station-health": ("station", {"station": STATION, "tab": "health"}),
    "station-coverage": ("station", {"station": STATION, "tab": "coverage"}),
    "station-care": ("station", {"station": STATION, "tab": "care"}),
    "station-samples": ("station", {"station": "S44", "tab": "samples"}),
    "station-review": ("station", {"station": STATION, "tab": "review"}),
    "probes": ("probes", {}),
    "evaluation": ("evaluation", {}),
    "books": ("books", {"book": "outfalls"}),
    "book-outfall": ("books", {"book": "outfalls", "record": "PK122"}),
    "book-visits": ("books", {"book": "visits"}),
    "inspections": ("inspections", {}),
    "inspections-list": ("inspections", {"tab": "list"}),
    "reports": ("reports", {}),
    "public": ("public", {}),
    "wall": ("wall", {}),
    "admin": ("admin", {}),
    "admin-duty": ("admin", {"tab": "duty"}),
    "admin-channels": ("admin", {"tab": "channels"}),
    "admin-letters": ("admin", {"tab": "letters"}),
    "admin-trail": ("admin", {"tab": "trail"}),
    "admin-health": ("admin", {"tab": "health"}),
}

#: Pages that are kept in the dark as well.
DARK = ("today", "event", "goals")
