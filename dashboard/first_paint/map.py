"""The rivers as one picture: class by colour, the worst two also by dashes, old ones pale; names stand in the list.

The page's own map (``parts/map.js``) sets names where the browser has measured them; a server cannot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboard.first_paint.markup import Html, element

#: Widths of a water course by its width class, of its casing beyond it, and of the free edge, where the picture is
#: `_WIDTH` wide: as ``parts/map.js`` has them.
_WIDTHS = (3.6, 5.2, 7.2)
_CASING = 2.6
_WIDTH = 800
_EDGE = 20

#: Of the ground below the picture, for scale and north [m].
_BELOW_M = 200


def picture(ground: Mapping[str, Any], rivers: Sequence[Mapping[str, Any]], title: str) -> Html:
    """The map, for those who see it: the list beside it says the same in words.

    Parameters
    ----------
    ground : mapping
        `dashboard.ground.ground`.
    rivers : sequence of mapping
        With ``id``, ``cls`` and ``stale``, as `dashboard.scene` and `dashboard.viewdata.public` make them; what is not
        among them is not drawn.
    title : str
        What the picture is.
    """
    height = round(_WIDTH * (ground["height_m"] + _BELOW_M) / ground["width_m"])
    scale = min((_WIDTH - 2 * _EDGE) / ground["width_m"], (height - 2 * _EDGE) / ground["height_m"])
    left, top = (_WIDTH - ground["width_m"] * scale) / 2, (height - ground["height_m"] * scale) / 2

    def path(line: Iterable[tuple[int, int]]) -> str:
        return "M" + "L".join(f"{left + x * scale:.0f} {top + y * scale:.0f}" for x, y in line)

    lines: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for reach in ground["reaches"]:
        lines[reach["river"]].append((path(reach["line"]), _WIDTHS[reach["w"]]))
    land = element("path", {"d": path(ground["boundary"]) + "Z"})
    casing, colour, dashes = [], [], []
    for one in rivers:
        for d, width in lines[one["id"]]:
            look = {"d": d, "data-cls": one["cls"] or "none", "class": "old" if one["stale"] else None}
            casing.append(element("path", {"d": d, "stroke-width": round(width + _CASING, 1)}))
            colour.append(element("path", {**look, "data-river": one["id"], "stroke-width": width}))
            if one["stale"] or one["cls"] in ("V", "INFERIOR_V"):
                share = 0.9 if one["stale"] else 0.36
                dashes.append(element("path", {**look, "stroke-width": round(width * share, 1)}))
    layers = {"land": [land], "casing": casing, "colour": colour, "dashes": dashes}
    drawn = [element("g", {"class": name}, made) for name, made in layers.items()]
    svg = element("svg", {"viewBox": f"0 0 {_WIDTH} {height}", "role": "img", "aria-label": title}, drawn)
    return element("div", {"class": "map"}, svg)
