"""A Modbus server of libmodbus (Debian libmodbus5) in a process of its own: its C code shares nothing with ours.

``python libmodbus_server.py tcp`` prints its port, ``... rtu DEVICE UNIT`` prints 0; holding register n holds 3 n + 1,
input register n holds 7 n + 2. Ends when its standard input is closed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import socket
import sys
import threading

REGISTERS = 300


class _Mapping(ctypes.Structure):
    """``modbus_mapping_t`` of modbus.h 3.1."""

    _fields_ = [
        *((f"n_{name}", ctypes.c_int) for name in ("bits", "start_bits", "input_bits", "start_input_bits")),
        *((f"n_{name}", ctypes.c_int) for name in ("inputs", "start_inputs", "registers", "start_registers")),
        ("bits", ctypes.POINTER(ctypes.c_uint8)),
        ("input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("inputs", ctypes.POINTER(ctypes.c_uint16)),
        ("registers", ctypes.POINTER(ctypes.c_uint16)),
    ]  # fmt: skip


def library() -> ctypes.CDLL | None:
    """libmodbus, None where it is not installed."""
    name = ctypes.util.find_library("modbus")
    if name is None:
        return None
    found = ctypes.CDLL(name)
    found.modbus_new_tcp.restype = found.modbus_new_rtu.restype = ctypes.c_void_p
    found.modbus_mapping_new.restype = ctypes.POINTER(_Mapping)
    return found


def main(kind: str, *words: str) -> None:
    """Serve until standard input is closed."""
    lib = library()
    assert lib is not None
    mapping = lib.modbus_mapping_new(16, 16, REGISTERS, REGISTERS)
    for at in range(REGISTERS):
        mapping.contents.registers[at], mapping.contents.inputs[at] = 3 * at + 1, 7 * at + 2
    for at in range(16):
        mapping.contents.bits[at], mapping.contents.input_bits[at] = at % 3 == 0, at % 5 == 0
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    query = (ctypes.c_uint8 * 260)()
    if kind == "rtu":
        device, unit = words
        context = ctypes.c_void_p(lib.modbus_new_rtu(device.encode(), 9600, ctypes.c_char(b"N"), 8, 1))
        lib.modbus_set_slave(context, int(unit))
        assert lib.modbus_connect(context) == 0
        print(0, flush=True)
        while True:
            if (length := lib.modbus_receive(context, query)) > 0:
                lib.modbus_reply(context, query, length, mapping)
    context = ctypes.c_void_p(lib.modbus_new_tcp(b"127.0.0.1", 0))
    listener = ctypes.c_int(lib.modbus_tcp_listen(context, 4))
    print(socket.socket(fileno=os.dup(listener.value)).getsockname()[1], flush=True)
    while True:
        lib.modbus_tcp_accept(context, ctypes.byref(listener))
        while (length := lib.modbus_receive(context, query)) != -1:
            lib.modbus_reply(context, query, length, mapping)
        lib.modbus_close(context)


if __name__ == "__main__":
    main(*sys.argv[1:])
