"""InfluxDB 2: the store where a database is run already, or where Grafana is to read along.

Writes are synchronous, because the client's default batches in memory and drops after five attempts. A line that the
database refuses is found by halving, told, and left out; it is never sent again blindly. Queries are parameterised.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from collectors.clock import Now, machine_ms
from collectors.stores import influx_lines as lines
from collectors.stores.base import MEAN_DECIMALS, Assessment, Basis, Revision, Scope, Summary, SummaryRow
from sensors.errors import StoreError
from sensors.reading import Block, Reading, from_ms

log = logging.getLogger(__name__)

#: Lines in one request.
BATCH = 5_000

#: Longest wait for an answer [s].
TIMEOUT_S = 15.0

#: The database has not stored the lines, or not all of them, because of what is in them.
_REFUSED = (400, 422)

#: Someone has to change something before it can work.
_FINAL = (401, 403, 404)

_PATH = re.compile(r"/(?P<org>[^/]+)/(?P<bucket>[^/]+)/?")
_PLAIN = Dialect(header=True, delimiter=",", annotations=[], date_time_format="RFC3339")

Key = tuple[str, str]
T = TypeVar("T")


class InfluxStore:
    """A `collectors.stores.base.ReadingStore` in a bucket of InfluxDB 2.

    Parameters
    ----------
    url : str
        ``influx://HOST[:8086]/ORG/BUCKET``, or ``influxs://`` with TLS.
    read_only : bool
    token : str, optional
        Else ``RIVERCHIEF_INFLUX_TOKEN`` or ``INFLUX_TOKEN`` of the environment.
    now_ms : callable
        Clock for the time at which a reading was replaced.
    on_refused : callable, optional
        Gets a line that the database would not have, and why; they are logged in any case.

    Raises
    ------
    StoreError
        Not retryable where the URL is none, or the token or bucket are not accepted; retryable where nobody answers.
    """

    def __init__(
        self,
        url: str,
        *,
        read_only: bool = False,
        token: str | None = None,
        now_ms: Now = machine_ms,
        on_refused: Callable[[str, str], None] | None = None,
    ) -> None:
        parts = urlsplit(url)
        path = _PATH.fullmatch(parts.path)
        if not parts.hostname or path is None:
            raise StoreError(f"store {url!r}; accepted: influx://HOST[:8086]/ORG/BUCKET", retryable=False)
        if token is None:
            token = os.environ.get("RIVERCHIEF_INFLUX_TOKEN") or os.environ.get("INFLUX_TOKEN") or ""
        scheme = "https" if parts.scheme == "influxs" else "http"
        self._where = f"{parts.hostname}:{parts.port or 8086}"
        self._bucket = unquote(path["bucket"])
        self._read_only, self._now_ms = read_only, now_ms
        self._on_refused = on_refused
        self._client = InfluxDBClient(
            f"{scheme}://{self._where}", token, org=unquote(path["org"]), timeout=round(TIMEOUT_S * 1000),
            retries=False, enable_gzip=True,
        )  # fmt: skip
        self._write_api = self._client.write_api(write_options=SYNCHRONOUS)
        self._query_api = self._client.query_api()
        self._lock = threading.RLock()
        self._mark_ms = 0
        self._revisions = 0
        #: Newest reading of each series: only what is not newer can replace something.
        self._newest: dict[Key, int] = {}
        try:
            for reading in self.latest():
                self._newest[reading.station, reading.determinand] = reading.time_ms
            self.watermarks()
        except BaseException:
            self._client.close()
            raise

    def write(self, block: Block) -> None:
        """Keep readings; idempotent, a later write wins, what it replaced stays in `revisions`."""
        with self._lock:
            self._put_all(block, delivered=False)

    def commit(self, block: Block, gateway: str, epoch: str, seq: int) -> None:
        """Keep readings, and then the gateway's watermark: a break between the two makes the readings come again.

        Stored verdicts of quality control stay, as `collectors.stores.base.ReadingStore.commit` says.
        """
        with self._lock:
            self._put_all(block, delivered=True)
            mark_ms = max(self._now_ms(), self._mark_ms + 1)  # newest wins, whatever the clock does
            self._send([lines.watermark_line(gateway, epoch, seq, mark_ms)])
            self._mark_ms = mark_ms

    def _may_write(self) -> None:
        if self._read_only:
            raise StoreError(f"store {self._where} is open for reading only", retryable=False)

    def _put_all(self, block: Block, *, delivered: bool) -> None:
        self._may_write()
        for part in _without_repeats(block):
            self._put(part, delivered)

    def _put(self, readings: list[Reading], delivered: bool) -> None:
        fresh: list[str] = []
        late: list[Reading] = []
        for reading in readings:
            if reading.time_ms <= self._newest.get((reading.station, reading.determinand), -1):
                late.append(reading)
            elif line := self._line(reading):
                fresh.append(line)
        if late:
            fresh += self._late_lines(late, delivered)
        self._send(fresh)
        for reading in readings:
            key = reading.station, reading.determinand
            self._newest[key] = max(reading.time_ms, self._newest.get(key, -1))

    def _line(self, reading: Reading) -> str | None:
        try:
            return lines.reading_line(reading, lines.fields_of(reading))
        except ValueError as error:
            self._refuse(repr(reading), str(error))
            return None

    def _late_lines(self, late: list[Reading], delivered: bool) -> list[str]:
        """Lines of readings that may replace others, and of what they replace."""
        made: list[str] = []
        stamp = self._now_ms()
        stored = self._existing(late)
        for reading in late:
            old = stored.get((reading.station, reading.determinand, reading.time_ms))
            new = lines.fields_of(reading)
            line = self._line(reading)
            if line is None or old == new or (delivered and old is not None and lines.keeps_verdict(old, new)):
                continue
            if old is not None:
                if lines.whole(old) and lines.is_revision(old, new):
                    self._revisions += 1
                    made.append(lines.revision_line(reading, old, f"{stamp}-{self._revisions}"))
                if old.keys() - new.keys():
                    # Fields that are left out would stay as they were. What is deleted is in the revision first.
                    self._send(made)
                    made.clear()
                    self._delete(reading)
            made.append(line)
        return made

    def _existing(self, late: list[Reading]) -> dict[tuple[str, str, int], lines.Fields]:
        by_station: defaultdict[str, list[int]] = defaultdict(list)
        for reading in late:
            by_station[reading.station].append(reading.time_ms)
        found: defaultdict[tuple[str, str, int], lines.Fields] = defaultdict(dict)
        for station, times in by_station.items():
            for row in self._ask(lines.EXISTING, min(times), max(times) + 1, station=station):
                key = row["station"], row["determinand"], lines.time_of(row)
                found[key][row["_field"]] = lines.number(row)
        return found

    def _delete(self, reading: Reading) -> None:
        station, determinand = (
            text.replace("\\", "\\\\").replace('"', '\\"') for text in (reading.station, reading.determinand)
        )
        predicate = f'_measurement="reading" AND station="{station}" AND determinand="{determinand}"'
        time = from_ms(reading.time_ms)
        self._told(lambda: self._client.delete_api().delete(time, time, predicate, self._bucket))

    def _send(self, batch: list[str]) -> None:
        """Write lines; what is refused is found by halving and left out."""
        for start in range(0, len(batch), BATCH):
            self._send_some(batch[start : start + BATCH])

    def _send_some(self, batch: list[str]) -> None:
        try:
            self._told(lambda: self._write_api.write(self._bucket, record="\n".join(batch), write_precision="ms"))
        except _Refused as error:
            if len(batch) == 1:
                self._refuse(batch[0], str(error))
                return
            middle = len(batch) // 2
            self._send_some(batch[:middle])
            self._send_some(batch[middle:])

    def _refuse(self, line: str, reason: str) -> None:
        log.error("store %s refuses a line: %s: %.500s", self._where, reason, line)
        if self._on_refused is not None:
            self._on_refused(line, reason)

    def _told(self, call: Callable[[], T]) -> T:
        """Turn the client's errors into ours."""
        try:
            return call()
        except ApiException as error:
            message = _message(error)
            if error.status in _REFUSED:
                raise _Refused(message) from error
            raise StoreError(f"store {self._where}: {message}", retryable=error.status not in _FINAL) from error
        except (HTTPError, OSError) as error:
            raise StoreError(f"store {self._where}: {error}", retryable=True) from error

    def _ask(self, flux: str, start_ms: int, end_ms: int, **parameters: Any) -> list[dict[str, str]]:
        if start_ms >= end_ms:
            return []
        parameters |= {"bucket": self._bucket, "start": from_ms(start_ms), "stop": from_ms(end_ms)}

        def ask() -> list[dict[str, str]]:
            return list(lines.rows(self._query_api.query_csv(flux, dialect=_PLAIN, params=parameters)))

        try:
            return self._told(ask)
        except _Refused as error:
            raise StoreError(f"store {self._where}: {error}", retryable=False) from error

    def watermarks(self) -> dict[str, tuple[str, int]]:
        """Epoch and highest stored sequence number of each gateway's spool."""
        found = {}
        for row in self._ask(lines.WATERMARKS, lines.BEGIN_MS, lines.END_MS):
            epoch, seq = json.loads(row["_value"])
            found[row["gateway"]] = (str(epoch), int(seq))
            self._mark_ms = max(self._mark_ms, lines.time_of(row))
        return found

    def latest(self) -> Block:
        """Newest reading of each (station, determinand), missing ones included."""
        points: defaultdict[Key, dict[str, tuple[int, float]]] = defaultdict(dict)
        for row in self._ask(lines.LATEST, lines.BEGIN_MS, lines.END_MS):
            points[row["station"], row["determinand"]][row["_field"]] = lines.time_of(row), lines.number(row)
        found = []
        for (station, determinand), fields in sorted(points.items()):
            # A field that the newest point does not have answers with an older one.
            newest_ms = max(time_ms for time_ms, _ in fields.values())
            point = {name: value for name, (time_ms, value) in fields.items() if time_ms == newest_ms}
            if lines.whole(point):
                found.append(lines.reading_from(station, determinand, newest_ms, point))
        return Block.of(found)

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """Readings of one station, start inclusive, end exclusive, ordered by time."""
        points: defaultdict[tuple[int, int], lines.Fields] = defaultdict(dict)
        order = {determinand: index for index, determinand in enumerate(determinands)}
        if not order:
            return Block()
        start_ms, end_ms = max(start_ms, lines.BEGIN_MS), min(end_ms, lines.END_MS)
        for row in self._ask(lines.RANGE, start_ms, end_ms, station=station, determinands=list(order)):
            points[lines.time_of(row), order[row["determinand"]]][row["_field"]] = lines.number(row)
        names = list(order)
        return Block.of(
            lines.reading_from(station, names[index], time_ms, fields)
            for (time_ms, index), fields in sorted(points.items(), key=lambda item: item[0])
            if lines.whole(fields)
        )

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """Minimum, maximum and mean per window, computed by the database."""
        if step_ms <= 0:
            raise ValueError(f"step_ms must be positive, not {step_ms}")
        summary = Summary()
        if not stations or not determinands:
            return summary
        start_ms, end_ms = max(start_ms, lines.BEGIN_MS), min(end_ms, lines.END_MS)
        figures: defaultdict[tuple[str, str, int], dict[str, float]] = defaultdict(dict)
        rows = self._ask(
            lines.SUMMARY, start_ms, end_ms, stations=list(stations), determinands=list(determinands),
            every=timedelta(milliseconds=step_ms), offset=timedelta(milliseconds=start_ms % step_ms),
        )  # fmt: skip
        for row in rows:
            key = row["station"], row["determinand"], lines.time_of(row)
            figures[key][row["result"]] = lines.number(row)
        for (station, determinand, window_ms), figure in sorted(figures.items()):
            low, high, count = figure["minimum"], figure["maximum"], int(figure["count"])
            mean = min(max(round(figure["total"] / count, MEAN_DECIMALS), low), high)
            provisional = int(figure.get("provisional", 0))
            summary.append(SummaryRow(station, determinand, window_ms, low, high, mean, count, provisional))
        return summary

    def put_assessments(self, rows: Sequence[Assessment]) -> None:
        """Keep judgements; idempotent on (scope, subject, basis, time)."""
        self._may_write()
        made = []
        for row in rows:
            try:
                made.append(lines.assessment_line(row))
            except ValueError as error:
                self._refuse(repr(row), str(error))
        self._send(made)

    def assessments(self, scope: Scope, basis: Basis) -> list[Assessment]:
        """Newest judgement of each subject, ordered by subject."""
        rows = self._ask(lines.ASSESSMENTS, lines.BEGIN_MS, lines.END_MS, scope=scope, basis=basis)
        return sorted((lines.assessment(row["_value"]) for row in rows), key=lambda row: row.subject)

    def assessment_history(
        self, scope: Scope, subject: str, basis: Basis, start_ms: int, end_ms: int
    ) -> list[Assessment]:
        """Judgements of one subject, ordered by time."""
        rows = self._ask(lines.HISTORY, start_ms, end_ms, scope=scope, subject=subject, basis=basis)
        return sorted((lines.assessment(row["_value"]) for row in rows), key=lambda row: row.time_ms)

    def revisions(self, start_ms: int, end_ms: int) -> list[Revision]:
        """Readings that were replaced, by the time of the reading."""
        points: defaultdict[tuple[int, str, str, str], lines.Fields] = defaultdict(dict)
        for row in self._ask(lines.REVISIONS, max(start_ms, lines.BEGIN_MS), min(end_ms, lines.END_MS)):
            key = lines.time_of(row), row["station"], row["determinand"], row["replaced"]
            points[key][row["_field"]] = lines.number(row)
        ordered = sorted(points.items(), key=lambda item: (item[0][:3], _order(item[0][3])))
        return [
            lines.revision_from(station, determinand, time_ms, replaced, fields)
            for (time_ms, station, determinand, replaced), fields in ordered
            if lines.whole(fields)
        ]

    def close(self) -> None:
        """Close the connections; harmless when called again."""
        with self._lock:
            self._write_api.close()
            self._client.close()


class _Refused(Exception):
    """The database would not have what it was given."""


def _order(replaced: str) -> tuple[int, ...]:
    return tuple(int(part) for part in replaced.split("-"))


def _message(error: ApiException) -> str:
    """What the database said, without the headers."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"


def _without_repeats(block: Block) -> list[list[Reading]]:
    """Cut a block where a reading comes again, so that each replaced value is seen being replaced."""
    parts: list[list[Reading]] = [[]]
    seen: set[tuple[str, str, int]] = set()
    for reading in block:
        key = reading.station, reading.determinand, reading.time_ms
        if key in seen:
            parts.append([])
            seen.clear()
        seen.add(key)
        parts[-1].append(reading)
    return parts
