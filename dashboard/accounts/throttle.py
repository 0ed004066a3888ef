"""How often one address may try."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict

#: Most addresses that are remembered.
MOST = 10_000


class Throttle:
    """Lets so many attempts a minute pass from each address; may be used from any thread.

    Parameters
    ----------
    per_minute : int
        This many may also come at once.
    """

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def passes(self, address: str, now_s: float) -> bool:
        """Whether one more attempt may be made now.

        Parameters
        ----------
        address : str
            The whole network of a line counts as one in IPv6 (its first 64 bits).
        now_s : float
            Of a clock that only goes forward [s].
        """
        key = _network(address)
        with self._lock:
            left, last_s = self._held.pop(key, (float(self._most), now_s))
            left = min(self._most, left + (now_s - last_s) * self._most / 60)
            fine = left >= 1
            self._held[key] = (left - 1 if fine else left, now_s)
            if len(self._held) > MOST:
                self._held.popitem(last=False)
        return fine


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))
    return str(found)
