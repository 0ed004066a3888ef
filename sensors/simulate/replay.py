"""Replay of what was measured elsewhere: a tidy table, asked for what stood at an instant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensors.durations import HOUR_MS

#: How long a record stands until it is too old to be told [ms]: the interval of the national stations' records.
HOLD_MS = 4 * HOUR_MS


class Replay:
    """Records of stations, as a file tells them.

    A record is all that a station told at one time. The same station, determinand and time may come again, as feeds
    revise themselves: the later row holds, a later NaN too.

    Parameters
    ----------
    time_ms : array of int, (n,)
        Milliseconds since the epoch, UTC, in any order.
    station, determinand : sequence of str, (n,)
    value : array of float, (n,)
        In the determinand's unit; NaN where nothing was measured.
    hold_ms : int
        A record stands for at most this long [ms].

    Raises
    ------
    ValueError
        If the columns differ in length.

    Examples
    --------
    >>> replay = Replay([0, 0, 60_000], ["a", "a", "a"], ["ph", "orp", "ph"], [7.1, 250.0, 7.2])
    >>> replay.read("a", 59_999), replay.read("a", 60_000), replay.read("a", -1)
    ({'ph': 7.1, 'orp': 250.0}, {'ph': 7.2}, {})
    """

    def __init__(
        self,
        time_ms: ArrayLike,
        station: Sequence[str],
        determinand: Sequence[str],
        value: ArrayLike,
        hold_ms: int = HOLD_MS,
    ) -> None:
        times = np.asarray(time_ms, dtype=np.int64)
        values = np.asarray(value, dtype=np.float64)
        if not len(times) == len(station) == len(determinand) == len(values):
            lengths = f"{len(times)}, {len(station)}, {len(determinand)}, {len(values)}"
            raise ValueError(f"columns time_ms, station, determinand, value have {lengths} rows; give equal ones")
        self.hold_ms = hold_ms
        self.stations, which = _codes(station)
        self.determinands, what = _codes(determinand)
        self._records: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(self.stations) + 1))
        for name, low, high in zip(self.stations, ends, ends[1:], strict=False):
            rows = order[low:high]
            at, place = np.unique(times[rows], return_inverse=True)
            table = np.full((len(at), len(self.determinands)), np.nan)
            # NumPy leaves open which of several values stays; each cell's last row is picked out first.
            cells = place * len(self.determinands) + what[rows]
            last, backwards = np.unique(cells[::-1], return_index=True)
            table.flat[last] = values[rows][::-1][backwards]
            self._records[name] = (at, table)

    def times(self, station: str) -> NDArray[np.int64]:
        """Times of a station's records, ascending [ms since the epoch, UTC].

        Raises
        ------
        KeyError
            If the file has no such station.
        """
        return self._records[station][0]

    def read(self, station: str, time_ms: int) -> dict[str, float]:
        """What a station's last record at or before an instant says.

        Parameters
        ----------
        station : str
            As the file names it.
        time_ms : int
            Milliseconds since the epoch, UTC.

        Returns
        -------
        dict of str to float
            Keyed by determinand; what the record does not say is not there. Empty where the record is `hold_ms` old
            or older, or there is none yet.

        Raises
        ------
        KeyError
            If the file has no such station.
        """
        at, table = self._records[station]
        index = int(np.searchsorted(at, time_ms, side="right")) - 1
        if index < 0 or time_ms - int(at[index]) >= self.hold_ms:
            return {}
        told = zip(self.determinands, table[index].tolist(), strict=True)
        return {name: value for name, value in told if np.isfinite(value)}


def _codes(names: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Distinct names in the order of their first appearance, and the number of each row's."""
    numbers: dict[str, int] = {}
    rows = np.fromiter((numbers.setdefault(name, len(numbers)) for name in names), np.int64, len(names))
    return tuple(numbers), rows
