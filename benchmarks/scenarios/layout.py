"""Draws a network: channels of a shape, rivers, stations in the middle of segments and outfalls at their ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.scenarios.plan import Plan

#: Length of the segments in which water is well mixed [m]; the published cases have about the same.
SEGMENT_M = 130.0

#: Width and depth by class of river [m].
SIZES = {
    "trunk": ((25.0, 37.0), (2.3, 2.75)),
    "branch": ((12.0, 24.0), (1.8, 2.5)),
    "dead_end": ((8.0, 12.0), (1.6, 1.9)),
}
SHORT = ("temp", "do", "ec", "turbidity", "nh3n")


@dataclass(slots=True)
class Channel:
    """A reach with its segments."""

    id: str
    river: str
    start: int
    end: int
    length_m: float
    width_m: float
    depth_m: float
    cls: str
    segments: int
    #: Segment nodes from `start` to `end`, filled when the network is divided.
    nodes: list[int] = field(default_factory=list)
    #: Segments in the same order.
    links: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Layout:
    """A drawn network.

    Attributes
    ----------
    xy : ndarray of float64, shape (n_nodes, 2)
        Confluences and ends [m].
    channels : list of Channel
    inlets, outlets, pumps : list of int
        Nodes where water is let in, leaves, or is pumped into a blind channel.
    n_nodes : int
        Nodes of the divided network; the first ``len(xy)`` are the drawn ones.
    tail, head : ndarray of int64, shape (n_links,)
        Ends of each segment.
    length_m, width_m, depth_m : ndarray of float64, shape (n_links,)
    stations, outfalls : list of dict
        As in the topology file, with ``link`` or ``node`` beside.
    """

    xy: np.ndarray
    channels: list[Channel]
    inlets: list[int]
    outlets: list[int]
    pumps: list[int]
    n_nodes: int = 0
    tail: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    head: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    length_m: np.ndarray = field(default_factory=lambda: np.zeros(0))
    width_m: np.ndarray = field(default_factory=lambda: np.zeros(0))
    depth_m: np.ndarray = field(default_factory=lambda: np.zeros(0))
    stations: list[dict[str, Any]] = field(default_factory=list)
    outfalls: list[dict[str, Any]] = field(default_factory=list)


def draw(plan: Plan, rng: np.random.Generator) -> Layout:
    """The network of a plan."""
    xy, edges = _shape(plan, rng)
    xy = xy * plan.spacing_m + rng.normal(0, 0.09 * plan.spacing_m, xy.shape)
    outlets, inlets = _ends(xy, edges, plan, rng)
    trunk = _trunk(xy, edges, inlets, outlets)
    xy, edges, blind = _blind(xy, edges, plan, rng, {*inlets, *outlets})
    degree = np.bincount(np.array(edges).ravel(), minlength=len(xy))
    leaves = [n for n in range(len(xy)) if degree[n] == 1 and n not in inlets and n not in outlets]
    classes = [
        "trunk" if frozenset(e) in trunk else "dead_end" if e[0] in leaves or e[1] in leaves else "branch"
        for e in edges
    ]
    pumps = [n for n in leaves if rng.random() < (0.65 if n in blind else 0.9)]
    layout = Layout(xy, _channels(xy, edges, classes, rng), inlets, outlets, pumps)
    _divide(layout)
    _stations(layout, plan, rng)
    _outfalls(layout, plan, rng)
    return layout


def _shape(plan: Plan, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[int, int]]]:
    a, b = plan.size
    if plan.shape in ("grid", "ladder"):
        rows, columns = (a, b)
        xy = np.array([(c, r) for r in range(rows) for c in range(columns)], dtype=float)
        edges = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
        edges += [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
        return xy, _thin(edges, len(xy), 0.12 if plan.shape == "grid" else 0.08, rng)
    if plan.shape == "ring":
        angle = np.linspace(0, 2 * math.pi, a, endpoint=False)
        outer = np.c_[np.cos(angle), np.sin(angle)] * a / (2 * math.pi)
        xy = np.vstack([outer, [[0.0, 0.0]]])
        edges = [(i, (i + 1) % a) for i in range(a)]
        edges += [(int(i), a) for i in rng.choice(a, b, replace=False)]
        # One arm leads in from outside, one out.
        arms = [outer[0] * 1.7, outer[a // 2] * 1.7]
        xy = np.vstack([xy, arms])
        return xy, [*edges, (a + 1, 0), (a // 2, a + 2)]
    xy_list: list[tuple[float, float]] = [(float(i), 0.0) for i in range(a)]
    edges = [(i, i + 1) for i in range(a - 1)]
    for index in range(b):
        at = int(rng.integers(1, a))
        side, last = (1 if index % 2 else -1), at
        for step in range(1, int(rng.integers(2, 4))):
            x = xy_list[at][0]
            xy_list.append((x - 0.45 * step + rng.normal(0, 0.1), side * 0.85 * step))
            edges.append((len(xy_list) - 1, last))
            last = len(xy_list) - 1
    return np.array(xy_list), edges


def _thin(edges: list[tuple[int, int]], n: int, share: float, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Leave out a share of the edges, never one that holds the network together."""
    kept = list(edges)
    for index in rng.permutation(len(edges))[: int(share * len(edges))]:
        fewer = [e for e in kept if e != edges[index]]
        if len(_reach(fewer, 0)) == n:
            kept = fewer
    return kept


def _reach(edges: list[tuple[int, int]], start: int) -> set[int]:
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for a, b in edges:
            other = b if a == here else a if b == here else None
            if other is not None and other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def _ends(
    xy: np.ndarray, edges: list[tuple[int, int]], plan: Plan, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Nodes where the water leaves, and where it comes in: opposite sides, so that it crosses the network."""
    if plan.shape == "tree":
        outlets = [plan.size[0] - 1]
        degree = np.bincount(np.array(edges).ravel(), minlength=len(xy))
        heads = [n for n in range(1, len(xy)) if degree[n] == 1 and n not in outlets]
        more = rng.permutation(heads)[: plan.inlets - 1]
        return outlets, [0, *map(int, more)]
    if plan.shape == "ring":
        last = len(xy) - 1
        others = rng.permutation([n for n in range(last - 2) if n not in (0, plan.size[0] // 2)])[: plan.inlets - 1]
        return [last], [last - 1, *map(int, others)]
    along = xy @ np.array([1.0, 0.35 * rng.normal()])
    order = [int(n) for n in np.argsort(along)]
    far = order[-max(2, len(xy) // 5) :]
    near = order[: max(plan.inlets + 1, len(xy) // 4)]
    outlets = [int(n) for n in rng.choice(far, 1 + (len(xy) > 18), replace=False)]
    return outlets, [int(n) for n in rng.choice(near, plan.inlets, replace=False)]


def _trunk(xy: np.ndarray, edges: list[tuple[int, int]], inlets: list[int], outlets: list[int]) -> set[frozenset[int]]:
    """Edges on the shortest ways from inlets to their nearest outlet."""
    far = np.full((len(xy), len(xy)), np.inf)
    for a, b in edges:
        far[a, b] = far[b, a] = np.hypot(*(xy[a] - xy[b]))
    found: set[frozenset[int]] = set()
    for outlet in outlets:
        cost = np.full(len(xy), np.inf)
        cost[outlet] = 0.0
        after = np.full(len(xy), -1)
        for _ in range(len(xy)):
            through = far + cost[None, :]
            best = through.min(axis=1)
            better = best < cost
            after[better] = through.argmin(axis=1)[better]
            cost = np.minimum(cost, best)
        for inlet in inlets:
            here = inlet
            while after[here] >= 0:
                found.add(frozenset((here, int(after[here]))))
                here = int(after[here])
    return found


def _blind(
    xy: np.ndarray, edges: list[tuple[int, int]], plan: Plan, rng: np.random.Generator, taken: set[int]
) -> tuple[np.ndarray, list[tuple[int, int]], set[int]]:
    """Add blind channels off ordinary nodes."""
    free = [n for n in range(len(xy)) if n not in taken]
    points, more, blind = list(xy), list(edges), set()
    for at in rng.choice(free, min(plan.dead_ends, len(free)), replace=False):
        angle, length = rng.uniform(0, 2 * math.pi), rng.uniform(340, 760)
        points.append(xy[at] + length * np.array([math.cos(angle), math.sin(angle)]))
        more.append((int(at), len(points) - 1))
        blind.add(len(points) - 1)
    return np.array(points), more, blind


def _channels(
    xy: np.ndarray, edges: list[tuple[int, int]], classes: list[str], rng: np.random.Generator
) -> list[Channel]:
    """Edges joined into rivers: on from a node the straightest way of the same class, three reaches at most."""
    left = dict(enumerate(edges))
    channels: list[Channel] = []
    river = 0
    while left:
        first = min(left, key=lambda i: ("trunk", "branch", "dead_end").index(classes[i]))
        chain = [(first, *left.pop(first))]
        most = int(rng.integers(1, 4))
        while len(chain) < most:
            _, before, here = chain[-1]
            turns = []
            for index, (a, b) in left.items():
                if classes[index] == classes[first] and here in (a, b):
                    other = b if a == here else a
                    u, v = xy[here] - xy[before], xy[other] - xy[here]
                    turns.append((float(u @ v / np.linalg.norm(u) / np.linalg.norm(v)), index, other))
            if not turns or max(turns)[0] < 0.6:
                break
            _, index, other = max(turns)
            del left[index]
            chain.append((index, here, other))
        river += 1
        (low, high), (shallow, deep) = SIZES[classes[first]]
        width, depth = round(rng.uniform(low, high), 1), round(rng.uniform(shallow, deep), 2)
        if rng.random() < 0.5:
            chain = [(index, b, a) for index, a, b in reversed(chain)]
        for part, (_, a, b) in enumerate(chain, start=1):
            length = round(float(np.hypot(*(xy[a] - xy[b])) * rng.uniform(1.04, 1.16)), 1)
            channels.append(
                Channel(f"R{river:02d}-{part}", f"R{river:02d}", a, b, length, width, depth, classes[first],
                        max(2, round(length / SEGMENT_M)))
            )  # fmt: skip
    return channels


def _divide(layout: Layout) -> None:
    tail, head, length, width, depth = [], [], [], [], []
    count = len(layout.xy)
    for channel in layout.channels:
        channel.nodes = [channel.start, *range(count, count + channel.segments - 1), channel.end]
        count += channel.segments - 1
        channel.links = list(range(len(tail), len(tail) + channel.segments))
        tail += channel.nodes[:-1]
        head += channel.nodes[1:]
        length += [channel.length_m / channel.segments] * channel.segments
        width += [channel.width_m] * channel.segments
        depth += [channel.depth_m] * channel.segments
    layout.n_nodes = count
    layout.tail, layout.head = np.array(tail), np.array(head)
    layout.length_m, layout.width_m, layout.depth_m = np.array(length), np.array(width), np.array(depth)


def _stations(layout: Layout, plan: Plan, rng: np.random.Generator) -> None:
    spots = [(channel, k) for channel in layout.channels for k in range(channel.segments)]
    # Every river has one before any has two, and neighbours keep their distance.
    chosen: list[tuple[Channel, int]] = []
    for gap in (600.0, 420.0, 250.0, 0.0):
        for index in rng.permutation(len(spots)):
            channel, k = spots[index]
            size = channel.length_m / channel.segments
            near = [abs(k - other) * size < gap for c, other in chosen if c.id == channel.id]
            if len(chosen) < plan.stations and not any(near) and (channel, k) not in chosen:
                chosen.append((channel, k))
    chosen.sort(key=lambda pair: (pair[0].id, pair[1]))
    rich = set(rng.permutation(len(chosen))[: round(plan.rich * len(chosen))].tolist())
    hydro = set(rng.permutation(len(chosen))[: round(plan.hydro * len(chosen))].tolist())
    for index, (channel, k) in enumerate(chosen):
        measured = [
            *SHORT,
            *(("codmn", "tp") if index in rich else ()),
            *(("velocity", "level") if index in hydro else ()),
        ]
        layout.stations.append(
            {"id": f"S{index + 1:02d}", "river": channel.river, "reach": channel.id,
             "chainage_m": round((k + 0.5) * channel.length_m / channel.segments, 1), "parameters": measured,
             "link": channel.links[k]}
        )  # fmt: skip


def _outfalls(layout: Layout, plan: Plan, rng: np.random.Generator) -> None:
    spots = [(channel, k) for channel in layout.channels for k in range(1, channel.segments)]
    picks = [spots[i] for i in rng.permutation(len(spots))]
    while len(picks) < plan.outfalls:  # crowded banks
        picks += [spots[i] for i in rng.permutation(len(spots))]
    picks = picks[: plan.outfalls]
    twins = rng.random(len(picks)) < 0.12
    picks = [picks[max(0, i - 1)] if twin else pick for i, (pick, twin) in enumerate(zip(picks, twins, strict=True))]
    picks.sort(key=lambda pair: (pair[0].id, pair[1]))
    kinds = rng.choice(["unknown", "storm", "cso"], len(picks), p=[0.59, 0.35, 0.06])
    kinds[int(rng.integers(len(picks)))] = "wwtp"
    for index, ((channel, k), kind) in enumerate(zip(picks, kinds, strict=True)):
        layout.outfalls.append(
            {"id": f"PK{index + 1:03d}", "river": channel.river, "reach": channel.id,
             "chainage_m": round(k * channel.length_m / channel.segments, 1), "bank": "LR"[int(rng.integers(2))],
             "kind": str(kind), "node": channel.nodes[k]}
        )  # fmt: skip
