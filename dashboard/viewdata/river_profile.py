"""A river laid out along its length: reaches end to end, stations and outfalls at their distance, what joins where.

Distances run with the water where the whole river does; a river whose reaches run against one another is laid out from
the end at which more of its length begins, and every reach says which way its water goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sensors.place import Bank, Reach
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Span:
    """A reach on the axis.

    Attributes
    ----------
    reach : str
    from_m, to_m : float
        Where it begins and ends on the axis.
    along : bool
        Whether its water runs towards larger distances.
    drawn : bool
        Whether its chainage grows with the distance.
    """

    reach: str
    from_m: float
    to_m: float
    along: bool
    drawn: bool

    def at(self, chainage_m: float) -> float:
        """Distance of a chainage [m]."""
        return self.from_m + chainage_m if self.drawn else self.to_m - chainage_m


@dataclass(frozen=True, slots=True)
class Join:
    """Another river that meets this one; `comes` where its water flows in, None where that is not known."""

    river: str
    at_m: float
    comes: bool | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A station or an outfall.

    Attributes
    ----------
    id : str
    at_m : float
    side : {'up', 'down', ''}
        Bank of an outfall: up is the left one as the distances run.
    """

    id: str
    at_m: float
    side: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """Reaches that follow one another without a fork."""

    length_m: float
    spans: tuple[Span, ...]
    stations: tuple[Mark, ...]
    outfalls: tuple[Mark, ...]
    joins: tuple[Join, ...]


@dataclass(frozen=True, slots=True)
class FoundOutfall:
    """An outfall that the books know and the site does not, with as much of its place as was entered."""

    id: str
    reach: str | None
    chainage_m: float | None
    bank: str | None


def profile(site: Site, river: str, found: Iterable[FoundOutfall] = ()) -> tuple[Lane, ...]:
    """A river's lanes, the longest first; one for most rivers, more where it forks.

    Parameters
    ----------
    site : Site
    river : str
    found : iterable of FoundOutfall, optional
        Outfalls that were found later; those without a place are left out.
    """
    left = list(site.reaches_of(river))
    extra = [one for one in found if one.id not in site.outfalls and one.reach and one.chainage_m is not None]
    lanes = []
    while left:
        chain = _with_the_water(_longest(left))
        taken = {reach.id for reach, _drawn in chain}
        left = [reach for reach in left if reach.id not in taken]
        lanes.append(_lane(site, river, chain, extra))
    return tuple(sorted(lanes, key=lambda lane: -lane.length_m))


_Chain = list[tuple[Reach, bool]]


def _longest(reaches: Sequence[Reach]) -> _Chain:
    """The longest way through some reaches without taking one twice, and whether each is walked as it is drawn."""
    at: defaultdict[str, list[Reach]] = defaultdict(list)
    for reach in reaches:
        at[reach.from_node].append(reach)
        at[reach.to_node].append(reach)
    ends = [node for node, there in at.items() if len(there) == 1] or list(at)
    best: _Chain = []
    for node in ends:
        chain = _walk(at, node, frozenset(), frozenset({node}))
        if _length(chain) > _length(best):
            best = chain
    return best


def _walk(at: Mapping[str, Sequence[Reach]], node: str, taken: frozenset[str], seen: frozenset[str]) -> _Chain:
    best: _Chain = []
    for reach in at[node]:
        drawn = reach.from_node == node
        after = reach.to_node if drawn else reach.from_node
        if reach.id in taken or (after in seen and len(at[after]) > 1 and taken):
            continue
        chain = [(reach, drawn), *_walk(at, after, taken | {reach.id}, seen | {after})]
        if _length(chain) > _length(best):
            best = chain
    return best


def _length(chain: _Chain) -> float:
    return sum(reach.length_m for reach, _drawn in chain)


def _along(reach: Reach, drawn: bool) -> bool:
    return (reach.mean_velocity_m_s >= 0) == drawn


def _with_the_water(chain: _Chain) -> _Chain:
    with_it = sum(reach.length_m for reach, drawn in chain if _along(reach, drawn))
    if 2 * with_it >= _length(chain):
        return chain
    return [(reach, not drawn) for reach, drawn in reversed(chain)]


def _lane(site: Site, river: str, chain: _Chain, extra: Sequence[FoundOutfall]) -> Lane:
    spans, at_m = {}, 0.0
    for reach, drawn in chain:
        spans[reach.id] = Span(reach.id, at_m, at_m + reach.length_m, _along(reach, drawn), drawn)
        at_m += reach.length_m
    stations = [Mark(s.id, spans[s.reach].at(s.chainage_m)) for s in site.stations_of(river) if s.reach in spans]
    placed: list[tuple[str, str, float, str | None]] = [
        (one.id, one.reach, one.chainage_m, one.bank) for one in site.outfalls_of(river)
    ]
    placed += [(one.id, one.reach or "", one.chainage_m or 0.0, one.bank) for one in extra]
    outfalls = [
        Mark(id_, spans[reach].at(chainage), _side(bank, spans[reach]))
        for id_, reach, chainage, bank in placed
        if reach in spans
    ]
    return Lane(
        at_m,
        tuple(spans.values()),
        tuple(sorted(stations, key=lambda mark: mark.at_m)),
        tuple(sorted(outfalls, key=lambda mark: mark.at_m)),
        _joins(site, river, chain, spans),
    )


def _side(bank: Bank | str | None, span: Span) -> str:
    """Banks are told as seen from ``from_node``: turned round where the reach is."""
    return "down" if (bank == "R") == span.drawn else "up"


def _joins(site: Site, river: str, chain: _Chain, spans: Mapping[str, Span]) -> tuple[Join, ...]:
    nodes: dict[str, float] = {}
    for reach, drawn in chain:
        first, last = (reach.from_node, reach.to_node) if drawn else (reach.to_node, reach.from_node)
        nodes.setdefault(first, spans[reach.id].from_m)
        nodes.setdefault(last, spans[reach.id].to_m)
    ways: dict[tuple[str, float], set[bool]] = {}
    for other in site.reaches.values():
        if other.river == river:
            continue
        source, sink = site.network.ends(other)
        for node, comes in ((sink, True), (source, False)):
            if node in nodes:
                ways.setdefault((other.river, nodes[node]), set()).add(comes)
    found = [Join(name, at_m, next(iter(both)) if len(both) == 1 else None) for (name, at_m), both in ways.items()]
    return tuple(sorted(found, key=lambda join: (join.at_m, join.river)))
