"""DTUs that dial in: the gateway listens, a DTU behind a mobile network connects and says who it is.

Such a DTU has no address of its own. It connects to the gateway, sends its registration packet once (a text or bytes
that somebody set it up with), then RTU frames, and now and then a heartbeat that is none. Several share a port, told
apart by their registration; one that dials in again takes the place of its old connection, which the mobile network may
have dropped without telling anybody.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from weakref import WeakKeyDictionary

from collectors.modbus_frame import Rtu
from collectors.modbus_line import Line
from sensors.endpoint import Endpoint

log = logging.getLogger(__name__)

#: Longest wait for a registration packet [s].
REGISTER_S = 10.0

#: A registration that may be the beginning of a longer one is taken after this silence [s].
QUIET_S = 0.3

#: Most connections that have not said who they are, most strangers that are counted by name: an open port meets
#: scanners.
MAX_UNKNOWN = 64
MAX_STRANGERS = 32

#: What may stand around a registration that is a text.
_AROUND = b"\r\n\t \0"


class Place:
    """Where one DTU's connection is waited for.

    Parameters
    ----------
    listener : Listener
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._line: Line | None = None
        self._came = asyncio.Event()

    @property
    def trouble(self) -> str:
        """Why nobody can dial in; empty where they can."""
        return self._listener.trouble

    @property
    def listener(self) -> Listener:
        """The port."""
        return self._listener

    async def line(self, wait_s: float) -> Line | None:
        """The DTU's open connection; None where it has not dialled in for `wait_s` seconds."""
        await self._listener.open()
        if self._line is None or not self._line.usable:
            self._came.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._came.wait()
            except TimeoutError:
                return None
        return self._line

    def take(self, line: Line) -> None:
        """The DTU dialled in, perhaps again."""
        if self._line is not None:
            self._line.close()
        self._line = line
        self._came.set()

    def leave(self) -> None:
        """Wait for this DTU no longer; the port is closed with its last place."""
        if self._line is not None:
            self._line.close()
        self._listener.leave(self)


class Listener:
    """One port on which DTUs dial in.

    Attributes
    ----------
    port : int
        That it listens on.
    trouble : str
        Why it cannot listen; empty where it does.
    refused : int
        Connections that were refused: nobody here waits for them.
    strangers : Counter of str
        Registrations of the refused, the first few of them.
    places : dict of bytes to Place
        By registration.
    callers : set of _Caller
        Connections that have not said yet whose they are.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port, self.trouble = host, port, ""
        self.refused = 0
        self.strangers: Counter[str] = Counter()
        self.places: dict[bytes, Place] = {}
        self.callers: set[_Caller] = set()
        self._opening = asyncio.Lock()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Begin to listen, unless it does already; what is in the way is in `trouble`."""
        async with self._opening:
            if self._server is not None:
                return
            loop = asyncio.get_running_loop()
            try:
                self._server = await loop.create_server(lambda: _Caller(self), self.host, self.port)
                self.port, self.trouble = self._server.sockets[0].getsockname()[1], ""
            except OSError as error:
                self.trouble = f"cannot listen on {self.host}:{self.port}: {error.strerror or error}"

    def leave(self, place: Place) -> None:
        """Give a place up."""
        self.places = {name: other for name, other in self.places.items() if other is not place}
        if not self.places and self._server is not None:
            self._server.close()
            self._server = None
            for caller in list(self.callers):
                caller.close()

    def refuse(self, said: bytes) -> None:
        """Count a connection that is nobody's."""
        self.refused += 1
        name = said[:64].decode("ascii", "backslashreplace") or "(nothing)"
        if name in self.strangers or len(self.strangers) < MAX_STRANGERS:
            self.strangers[name] += 1
            if self.strangers[name] == 1:
                log.warning("refused on port %d: a DTU that registers as %r", self.port, name)

    def whose(self, said: bytes) -> Place | None:
        """Place of the DTU that said this."""
        return self.places.get(said) or self.places.get(said.strip(_AROUND))

    def may_go_on(self, said: bytes) -> bool:
        """Whether there is a longer registration that begins like this."""
        said = said.lstrip(_AROUND)
        return any(name != said and name.startswith(said) for name in self.places)


class _Caller(asyncio.Protocol):
    """A connection that has not said yet whose it is."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._said = b""
        self._alarm = self._quiet = self._loop.call_later(REGISTER_S, self._refuse)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._listener.callers.add(self)
        alone = self._listener.places.get(b"")
        if alone is not None:
            self._welcome(alone)
        elif len(self._listener.callers) > MAX_UNKNOWN:
            self._refuse()

    def data_received(self, data: bytes) -> None:
        self._said += data
        self._quiet.cancel()
        if self._listener.may_go_on(self._said):
            self._quiet = self._loop.call_later(QUIET_S, self._decide)
        else:
            self._decide()

    def connection_lost(self, error: Exception | None) -> None:
        self._over()

    def close(self) -> None:
        """Hang up."""
        self._over()
        self._transport.abort()

    def _decide(self) -> None:
        found = self._listener.whose(self._said)
        if found is not None:
            self._welcome(found)
        elif not self._listener.may_go_on(self._said):
            self._refuse()

    def _welcome(self, place: Place) -> None:
        self._over()
        line = Line(Rtu())
        self._transport.set_protocol(line)
        line.connection_made(self._transport)
        place.take(line)

    def _refuse(self) -> None:
        self._listener.refuse(self._said)
        self.close()

    def _over(self) -> None:
        """It is decided."""
        self._alarm.cancel()
        self._quiet.cancel()
        self._listener.callers.discard(self)


_LISTENERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, int], Listener]] = WeakKeyDictionary()


def listeners() -> list[Listener]:
    """Every port of the running event loop on which DTUs dial in."""
    return list(_LISTENERS.get(asyncio.get_running_loop(), {}).values())


async def place(endpoint: Endpoint) -> Place:
    """Wait for a DTU from now on; buses on the same port share one listener.

    Parameters
    ----------
    endpoint : Endpoint
        Of kind ``rtu+listen``.
    """
    ports = _LISTENERS.setdefault(asyncio.get_running_loop(), {})
    for key in [key for key, old in ports.items() if not old.places]:
        del ports[key]
    listener = ports.setdefault((endpoint.host, endpoint.port), Listener(endpoint.host, endpoint.port))
    found = listener.places[endpoint.registration] = Place(listener)
    await listener.open()
    return found
