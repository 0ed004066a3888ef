"""One Modbus bus: asks one question at a time and lets no wrong answer through.

RTU frames carry no transaction id. After a timeout the late answer would be taken for that of the next question: of 300
reads with late replies pymodbus took 132 for another block's. So the connection is closed after every timeout, wrong
answer or cancelled read, and opened again for the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Literal, Self

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU

from sensors.endpoint import Endpoint
from sensors.errors import LinkError

# Every failure is raised as a BusError and published as data; a line in the log for each would fill the disk of a
# gateway with a dead unit.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

Client = AsyncModbusTcpClient | AsyncModbusSerialClient
Reason = Literal["timeout", "refused", "unreachable", "closed", "exception", "wrong answer"]

#: pymodbus has a timeout of its own; ours is always shorter [s].
_NEVER_S = 3600.0

#: Longest time to open a TCP connection or a serial port [s].
CONNECT_S = 5.0


class BusError(LinkError):
    """A question that got no usable answer.

    Attributes
    ----------
    reason : str
        ``refused`` and ``unreachable``: there is no connection. ``timeout``: nothing came in time. ``closed``: the
        connection was lost. ``exception``: the device said no. ``wrong answer``: another function or length.
    exception_code : int or None
        What the device said (Modbus Application Protocol V1.1b3, 7).
    """

    def __init__(self, reason: Reason, detail: str, exception_code: int | None = None) -> None:
        self.reason = reason
        self.exception_code = exception_code
        super().__init__(f"{reason}: {detail}")

    @property
    def connected(self) -> bool:
        """Whether the bus itself was there, so that other units on it may well answer."""
        return self.reason not in ("refused", "unreachable")


class Bus:
    """A Modbus endpoint; an async context manager.

    Parameters
    ----------
    endpoint : Endpoint
    timeout_s : float
        Longest wait for an answer [s], unless a question brings its own.
    connect_s : float
        Longest wait for the connection [s].
    """

    def __init__(self, endpoint: Endpoint, timeout_s: float = 1.0, connect_s: float | None = None) -> None:
        self.endpoint = endpoint
        self.timeout_s = timeout_s
        self.connect_s = min(CONNECT_S, 3 * timeout_s) if connect_s is None else connect_s
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._asking = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next question opens it again."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        """Ask for registers or bits.

        Parameters
        ----------
        unit : int
        function : {1, 2, 3, 4}
            Coils, discrete inputs, holding registers, input registers.
        address : int
            Zero-based.
        count : int
        timeout_s : float, optional
            Longest wait for the answer [s].

        Returns
        -------
        list of int, (count,)
            Words, or 0 and 1 for bits.

        Raises
        ------
        BusError
        """

        def ask(client: Client) -> Awaitable[ModbusPDU]:
            match function:
                case 1:
                    return client.read_coils(address, count=count, device_id=unit)
                case 2:
                    return client.read_discrete_inputs(address, count=count, device_id=unit)
                case 3:
                    return client.read_holding_registers(address, count=count, device_id=unit)
                case 4:
                    return client.read_input_registers(address, count=count, device_id=unit)
                case _:
                    raise ValueError(f"function {function} reads nothing; accepted: 1, 2, 3, 4")

        async with self._lock:
            answer = await self._ask(ask, unit, function, timeout_s)
            if function in (1, 2):
                # Bits come in whole bytes.
                if len(answer.bits) != (count + 7) // 8 * 8:
                    self._refuse(f"{len(answer.bits)} bits for {count}")
                return [int(bit) for bit in answer.bits[:count]]
            if len(answer.registers) != count:
                self._refuse(f"{len(answer.registers)} registers for {count} at {address}")
            return list(answer.registers)

    async def write(
        self, unit: int, function: int, address: int, values: list[int], timeout_s: float | None = None
    ) -> None:
        """Write what a profile declares as its start action, and nothing else.

        Parameters
        ----------
        unit : int
        function : {5, 6, 15, 16}
            One coil, one register, several coils, several registers.
        address : int
        values : list of int
        timeout_s : float, optional
            Longest wait for the answer [s].

        Raises
        ------
        BusError
        """

        def ask(client: Client) -> Awaitable[ModbusPDU]:
            match function:
                case 5:
                    return client.write_coil(address, bool(values[0]), device_id=unit)
                case 6:
                    return client.write_register(address, values[0], device_id=unit)
                case 15:
                    return client.write_coils(address, [bool(value) for value in values], device_id=unit)
                case 16:
                    return client.write_registers(address, values, device_id=unit)
                case _:
                    raise ValueError(f"function {function} writes nothing; accepted: 5, 6, 15, 16")

        async with self._lock:
            answer = await self._ask(ask, unit, function, timeout_s)
            if answer.address != address:
                self._refuse(f"written to {answer.address} instead of {address}")

    async def _ask(
        self,
        ask: Callable[[Client], Awaitable[ModbusPDU]],
        unit: int,
        function: int,
        timeout_s: float | None,
    ) -> ModbusPDU:
        client = await self._connected()
        wait_s = self.timeout_s if timeout_s is None else timeout_s
        self._asking = True
        try:
            async with asyncio.timeout(wait_s):
                answer = await ask(client)
        except TimeoutError:
            self.close()
            raise BusError("timeout", f"unit {unit} at {self.endpoint} said nothing for {wait_s:g} s") from None
        except ModbusException as error:
            self.close()
            raise BusError("closed", f"{self.endpoint}: {error.string}") from None
        except BaseException:
            # Cancelled, or asked for something that no frame can carry: an answer may still be on its way.
            self.close()
            raise
        finally:
            self._asking = False
        if answer.isError() and answer.function_code == function | 0x80:
            code = answer.exception_code
            raise BusError("exception", f"unit {unit} at {self.endpoint} answered exception {code}", code)
        if answer.function_code != function or answer.dev_id != unit:
            self._refuse(f"function {answer.function_code} of unit {answer.dev_id} for {function} of unit {unit}")
        return answer

    def _refuse(self, what: str) -> None:
        self.close()
        raise BusError("wrong answer", f"{self.endpoint}: {what}")

    async def _connected(self) -> Client:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        client = self._make()
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            made = await client.connect()
        except BaseException:
            client.close()
            raise
        if not made:
            client.close()
            if loop.time() - start >= self.connect_s:
                raise BusError("unreachable", f"no connection to {self.endpoint} within {self.connect_s:g} s")
            raise BusError("refused", f"no connection to {self.endpoint}")
        # From here on the library's own timeout must not fire before ours.
        client.ctx.comm_params.timeout_connect = _NEVER_S
        self._client = client
        return client

    def _connection_changed(self, up: bool) -> None:
        """Let the question that is under way know that its connection is gone, instead of waiting for its timeout."""
        if not up and self._asking and self._client is not None:
            pending = self._client.ctx.response_future
            if not pending.done():
                pending.set_exception(ConnectionException("the other side closed the connection"))

    def _make(self) -> Client:
        endpoint = self.endpoint
        # No retries and no reconnecting behind our back: the breaker above decides.
        if endpoint.kind == "rtu":
            return AsyncModbusSerialClient(
                endpoint.device, framer=FramerType.RTU, baudrate=endpoint.baud, bytesize=endpoint.bytesize,
                parity=endpoint.parity, stopbits=endpoint.stopbits, timeout=self.connect_s, retries=0,
                reconnect_delay=0, trace_connect=self._connection_changed,
            )  # fmt: skip
        return AsyncModbusTcpClient(
            endpoint.host, port=endpoint.port, framer=FramerType.RTU if endpoint.rtu else FramerType.SOCKET,
            timeout=self.connect_s, retries=0, reconnect_delay=0, trace_connect=self._connection_changed,
        )  # fmt: skip
