"""Tells whoever started a service that it is ready: systemd's notification protocol (sd_notify(3)), no library needed.

The one-machine supervisor listens on the same kind of socket as systemd does, so a service reports in one way only.
"""

from __future__ import annotations

import os
import socket

#: How long a service waits for a listener that does not read [s].
LISTENER_WAIT_S = 1.0


def notify(**fields: str) -> None:
    """Send fields such as ``READY="1"`` or ``STATUS="..."``; does nothing where nobody asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    message = "\n".join(f"{key}={value}" for key, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(LISTENER_WAIT_S)
        try:
            channel.sendto(message.encode(), address)
        except OSError:
            # Whoever listened is gone or no longer reads; a service does not stop because nobody watches it.
            return


class Listener:
    """Receives what services send; give `environ` to each service that is started.

    The address lives in Linux's abstract namespace, so nothing is left on disk.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0riverchief-{os.getpid()}-{id(self)}")
        self._address = self._socket.getsockname().decode()

    def environ(self, service: str) -> dict[str, str]:
        """Environment by which a service reports under its name."""
        return {"NOTIFY_SOCKET": "@" + self._address[1:], "RIVERCHIEF_SERVICE": service}

    def receive(self, timeout_s: float) -> dict[str, str] | None:
        """Next message as a mapping; None where none came in time [s]."""
        self._socket.settimeout(timeout_s)
        try:
            text = self._socket.recv(65536).decode(errors="replace")
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def ready(**fields: str) -> None:
    """Report readiness under the service's name, with fields of its own (prefixed ``X_``, which systemd ignores)."""
    extra = {f"X_{key.upper()}": value for key, value in fields.items()}
    notify(READY="1", X_SERVICE=os.environ.get("RIVERCHIEF_SERVICE", ""), **extra)


def status(text: str, **fields: str) -> None:
    """Report what the service is doing, for people and, in the fields, for programs."""
    extra = {f"X_{key.upper()}": value for key, value in fields.items()}
    notify(STATUS=text, X_SERVICE=os.environ.get("RIVERCHIEF_SERVICE", ""), **extra)
