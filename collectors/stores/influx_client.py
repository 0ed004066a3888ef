"""One bucket of InfluxDB 2: writing lines, asking in Flux, and the database's errors as ours.

Writes are synchronous, because the client's default batches in memory and drops after five attempts. A line that the
database refuses is found by halving, told, and left out; it is never sent again blindly. Queries are parameterised.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from collectors.stores import influx_lines as lines
from collectors.stores.influx_flux import spread
from sensors.errors import StoreError
from sensors.reading import from_ms

log = logging.getLogger(__name__)

#: Lines in one request.
BATCH = 5_000

#: Longest wait for an answer [s].
TIMEOUT_S = 15.0

#: The database has not stored the lines, or not all of them, because of what is in them.
_REFUSED = (400, 422)

#: Someone has to change something before it can work.
_FINAL = (401, 403, 404)

#: Of an error where a foreign writer made a field a text: asking again does not help.
_FOREIGN = re.compile("type string|unsupported for aggregate")

_PATH = re.compile(r"/(?P<org>[^/]+)/(?P<bucket>[^/]+)/?")
_PLAIN = Dialect(header=True, delimiter=",", annotations=[], date_time_format="RFC3339")

T = TypeVar("T")


class InfluxBucket:
    """A bucket and how it is spoken to.

    Parameters
    ----------
    url : str
        ``influx://HOST[:8086]/ORG/BUCKET``, or ``influxs://`` with TLS.
    read_only : bool
    token : str, optional
        Else ``RIVERCHIEF_INFLUX_TOKEN`` or ``INFLUX_TOKEN`` of the environment.
    on_refused : callable, optional
        Gets a line that the database would not have, and why; they are logged in any case.

    Attributes
    ----------
    where, org, name : str
        Host and port, organisation, bucket.

    Raises
    ------
    StoreError
        Not retryable where the URL is none.
    """

    def __init__(
        self, url: str, *, read_only: bool, token: str | None, on_refused: Callable[[str, str], None] | None
    ) -> None:
        parts = urlsplit(url)
        path = _PATH.fullmatch(parts.path)
        if not parts.hostname or path is None:
            raise StoreError(f"store {url!r}; accepted: influx://HOST[:8086]/ORG/BUCKET", retryable=False)
        if token is None:
            token = os.environ.get("RIVERCHIEF_INFLUX_TOKEN") or os.environ.get("INFLUX_TOKEN") or ""
        scheme = "https" if parts.scheme == "influxs" else "http"
        self.where = f"{parts.hostname}:{parts.port or 8086}"
        self.org, self.name = unquote(path["org"]), unquote(path["bucket"])
        self._read_only, self._on_refused = read_only, on_refused
        self.client = InfluxDBClient(
            f"{scheme}://{self.where}", token, org=self.org, timeout=round(TIMEOUT_S * 1000), retries=False
        )
        self._write_api = self.client.write_api(write_options=SYNCHRONOUS)
        self._query_api = self.client.query_api()

    def may_write(self) -> None:
        """Refuse where the store is open for reading only."""
        if self._read_only:
            raise StoreError(f"store {self.where} is open for reading only", retryable=False)

    def send(self, batch: Sequence[str]) -> None:
        """Write lines; what is refused is found by halving and left out."""
        for start in range(0, len(batch), BATCH):
            self._send_some(batch[start : start + BATCH])

    def insist(self, batch: Sequence[str]) -> None:
        """Write lines without which nothing may go on.

        Raises
        ------
        StoreError
            Also where the database refuses one of them; that is not retryable.
        """
        try:
            self._write(batch)
        except _Refused as error:
            raise StoreError(f"store {self.where}: {error}", retryable=False) from error

    def _write(self, batch: Sequence[str]) -> None:
        self.told(lambda: self._write_api.write(self.name, record="\n".join(batch), write_precision="ms"))

    def _send_some(self, batch: Sequence[str]) -> None:
        try:
            self._write(batch)
        except _Refused as error:
            if len(batch) == 1:
                self.refuse(batch[0], str(error))
                return
            middle = len(batch) // 2
            self._send_some(batch[:middle])
            self._send_some(batch[middle:])

    def refuse(self, line: str, reason: str) -> None:
        """Tell of a line that cannot be stored."""
        log.error("store %s refuses a line: %s: %.500s", self.where, reason, line)
        if self._on_refused is not None:
            self._on_refused(line, reason)

    def told(self, call: Callable[[], T]) -> T:
        """Turn the client's errors into ours."""
        try:
            return call()
        except ApiException as error:
            message = _message(error)
            if error.status in _REFUSED:
                raise _Refused(message) from error
            raise StoreError(f"store {self.where}: {message}", retryable=error.status not in _FINAL) from error
        except (HTTPError, OSError) as error:
            raise StoreError(f"store {self.where}: {error}", retryable=True) from error

    def ask(
        self, flux: str, start_ms: int = lines.BEGIN_MS, end_ms: int = lines.END_MS, **parameters: Any
    ) -> list[dict[str, str]]:
        """Rows of an answer over a span [ms since the epoch, UTC], end exclusive."""
        start_ms, end_ms = max(start_ms, lines.BEGIN_MS), min(end_ms, lines.END_MS)
        if start_ms >= end_ms:
            return []
        text, parameters = spread(flux, parameters)
        parameters |= {"bucket": self.name, "start": from_ms(start_ms), "stop": from_ms(end_ms)}

        def ask() -> list[dict[str, str]]:
            return list(lines.rows(self._query_api.query_csv(text, dialect=_PLAIN, params=parameters)))

        try:
            return self.told(ask)
        except _Refused as error:
            raise StoreError(f"store {self.where}: {error}", retryable=False) from error
        except lines.Broken as error:
            raise StoreError(f"store {self.where}: {error}", retryable=_FOREIGN.search(str(error)) is None) from error

    def delete(self, start_ms: int, end_ms: int, measurement: str, **tags: str) -> None:
        """Delete points of a measurement, from a time to another one, both inclusive [ms since the epoch, UTC]."""
        told = {name: text.replace("\\", "\\\\").replace('"', '\\"') for name, text in tags.items()}
        predicate = " AND ".join(
            [f'_measurement="{measurement}"', *(f'{name}="{text}"' for name, text in told.items())]
        )
        begin, end = from_ms(start_ms), from_ms(end_ms)
        try:
            self.told(lambda: self.client.delete_api().delete(begin, end, predicate, self.name))
        except _Refused as error:
            raise StoreError(f"store {self.where}: {error}", retryable=False) from error

    def prepare(self) -> None:
        """Make the bucket where it is missing, to keep things for ever: how long is the store's own matter.

        Raises
        ------
        StoreError
            Not retryable where the token may not, or where the bucket forgets by itself: with the readings it would
            forget watermarks, assessments and roll-ups.
        """
        buckets = self.client.buckets_api()
        found = self.told(lambda: buckets.find_buckets(name=self.name, org=self.org).buckets)
        if not found:
            self.told(lambda: buckets.create_bucket(bucket_name=self.name, org=self.org))
        elif any(rule.every_seconds for rule in found[0].retention_rules):
            raise StoreError(
                f"store {self.where}: bucket {self.name} has a retention of its own; accepted: one that keeps for "
                "ever, with raw=, hour= and day= in the store's URL instead",
                retryable=False,
            )

    def close(self) -> None:
        """Close the connections; harmless when called again."""
        self._write_api.close()
        self.client.close()


class _Refused(Exception):
    """The database would not have what it was given."""


def _message(error: ApiException) -> str:
    """What the database said, without the headers."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status} {error.reason}"
