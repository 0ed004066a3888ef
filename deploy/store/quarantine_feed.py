"""What lies in quarantine and can be fed back: chosen, read by the rules that hold now, and stored."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors import wire
from collectors.ingest import clock_flags
from collectors.quarantine import BEFORE, Entry, entries
from collectors.stores.base import ReadingStore
from collectors.wire import WireError
from collectors.wire_columns import parse_columns, put_runs
from sensors.reading import Block
from sensors.site import Site

#: Under which the store counts what is fed. No gateway can have this name.
FEEDER = "~quarantine"

#: Larger than any number within a group.
_MOST = 1 << 40


@dataclass(frozen=True, slots=True)
class Held:
    """An entry and what became of it.

    Attributes
    ----------
    entry : Entry
    file : Path
        Quarantine that it is in.
    gateway : str
        Of the topic; the source as it is where that is no topic of ours.
    fed : bool
    """

    entry: Entry
    file: Path
    gateway: str
    fed: bool

    @property
    def state(self) -> str:
        """``held`` (can be fed), ``fed``, or ``sender`` (its sender still has it and sends it again)."""
        return "fed" if self.fed else "held" if self.entry.whole else "sender"


@dataclass(frozen=True, slots=True)
class Fed:
    """What became of one entry that was to be fed.

    Attributes
    ----------
    readings : int
        That were stored.
    refused : str
        Why not all of it was; empty where it was.
    """

    readings: int
    refused: str = ""


def held_in(folder: Path) -> list[Held]:
    """Everything in the quarantines of a folder, oldest first in each.

    Raises
    ------
    StoreError
        If a file cannot be read.
    """
    names = {path.name.removesuffix(BEFORE) for path in folder.glob("quarantine*.jsonl*")}
    found = []
    for path in sorted(folder / name for name in names if name.endswith(".jsonl")):
        fed = _fed(path)
        found += [Held(entry, path, _gateway(entry.source), entry.id in fed) for entry in entries([path])]
    return found


def chosen(
    held: Sequence[Held], ids: Collection[str] = (), reasons: Collection[str] = (), gateways: Collection[str] = ()
) -> Iterator[Held]:
    """Those that meet every condition that is given."""
    for each in held:
        if (
            (not ids or each.entry.id in ids)
            and (not reasons or each.entry.reason in reasons)
            and (not gateways or each.gateway in gateways)
        ):
            yield each


def feed(held: Held, site: Site, store: ReadingStore, now_ms: int, shift_ms: int = 0) -> Fed:
    """Store what an entry holds, as far as it is in order now, and remember that it was fed where all of it is.

    Parameters
    ----------
    held : Held
        Whole, and not of a sender that sends it again.
    site : Site
        Its stations are accepted.
    store : ReadingStore
        Verdicts that it has on the same readings stay.
    now_ms : int
        Milliseconds since the epoch, UTC.
    shift_ms : int
        Added to every time: what the gateway's clock was slow [ms].

    Raises
    ------
    StoreError
        If the store does not take it.
    """
    entry = held.entry
    try:
        raw = _batch(entry.payload, held.gateway, shift_ms)
        batch = parse_columns(raw, held.gateway, now_ms, stations=site.stations)
    except (ValueError, TypeError, KeyError) as error:
        return Fed(0, f"cannot be read: {error}")
    except WireError as error:
        return Fed(0, str(error))
    block = Block()
    put_runs(batch.runs, block)
    if flags := [flag for run in batch.runs for flag in clock_flags(run)]:
        store.put_flags(flags)
    if len(block):
        store.commit(block, FEEDER, entry.id, 1)
    if batch.refused:
        return Fed(len(block), batch.refused[0].detail)
    _note_fed(held)
    return Fed(len(block))


def _batch(payload: str, gateway: str, shift_ms: int) -> bytes:
    """A batch around a group that was refused."""
    group: dict[str, Any] = json.loads(payload)
    if shift_ms:
        group["time_ms"] = [int(time_ms) + shift_ms for time_ms in group["time_ms"]]
    body = {
        "v": wire.VERSION, "gateway": gateway, "epoch": "0" * 8, "base": 0, "after": 0, "last": _MOST,
        "groups": [group],
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode(errors="backslashreplace")


def _gateway(source: str) -> str:
    try:
        return wire.parse_topic(source).gateway
    except WireError:
        return source


def _marks(path: Path) -> Path:
    return path.with_name(path.name + ".fed")


def _fed(path: Path) -> set[str]:
    marks = _marks(path)
    return set(marks.read_text("utf-8").split()) if marks.exists() else set()


def _note_fed(held: Held) -> None:
    """Remember it, and forget those that are in the quarantine no more."""
    there = {entry.id for entry in entries([held.file])}
    known = sorted((_fed(held.file) | {held.entry.id}) & there)
    new = _marks(held.file).with_name(_marks(held.file).name + ".new")
    new.write_text("".join(f"{name}\n" for name in known), "utf-8")
    new.replace(_marks(held.file))
