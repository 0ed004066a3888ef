"""`riverchief command`: tells a gateway to do something, and shows what came of it."""

from __future__ import annotations

import asyncio
import getpass
import json
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collectors.broker import Address
    from collectors.wire_care import Answer, Command
    from sensors.site import Site

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

#: Longest wait for the broker [s].
CONNECT_S = 15.0


@click.command()
@click.argument("site", type=_FOLDER)
@click.argument("gateway")
@click.argument("name")
@click.argument("station", required=False, default="")
@click.option("--value", type=float, help="Of a setting or a calibration.")
@click.option("--confirm", metavar="TOKEN", default="", help="What a calibration was answered with; good once.")
@click.option("--broker", required=True, help="mqtt://HOST:PORT, or mqtts://HOST:PORT for an encrypted connection.")
@click.option("--ca", type=_FILE, help="Authority that vouches for the broker (mqtts).  [default: the system's]")
@click.option("--cert", type=_FILE, help="Certificate of an operator (riverchief certs issue --operator).")
@click.option("--key", type=_FILE, help="Its private key.")
@click.option("--wait", "wait_s", type=click.FloatRange(1, 3600), default=60, show_default=True,
              help="Seconds to wait for the answer; the command expires then.")  # fmt: skip
def command(
    site: Path, gateway: str, name: str, station: str, value: float | None, confirm: str, broker: str,
    ca: Path | None, cert: Path | None, key: Path | None, wait_s: float,
) -> None:  # fmt: skip
    """Tell a GATEWAY of a SITE to do NAME, at a STATION.

    Every gateway knows probe, sample and restart; what else a station can do (clean, settings, calibration) its profile
    declares, and probe lists it. A calibration is answered with what is there and what would be written; nothing is
    done until the same command is given again with the --confirm TOKEN of that answer.
    """
    from deploy.broker.holders import OPERATOR, check_holder
    from deploy.broker.tls import TlsFiles, broker_address
    from sensors.errors import UsageError
    from sensors.site import load_site

    here = load_site(site)
    if gateway not in here.gateways:
        raise UsageError(f"the site has no gateway {gateway}; it has {', '.join(here.gateways)}")
    if cert is not None:
        check_holder(cert, OPERATOR, "--operator")
    address = broker_address(broker, TlsFiles(ca, cert, key))
    order = make(name, station, value, confirm, wait_s)
    answer = asyncio.run(tell(here, gateway, address, order, wait_s))
    words = " ".join(filter(None, (gateway, name, station)))
    click.echo(f"{words}: {', '.join(filter(None, (answer.status, answer.detail)))}")
    if answer.data:
        click.echo(json.dumps(dict(answer.data), ensure_ascii=False, indent=2))
    if answer.status == "confirm":
        click.echo(f"To have it done: the same command with --confirm {answer.token}")
    sys.exit(0 if answer.status in ("done", "confirm") else 1)


def make(name: str, station: str, value: float | None, confirm: str, valid_s: float) -> Command:
    """A command of this moment, by whoever runs this process.

    Raises
    ------
    UsageError
        If a gateway would not take it for one.
    """
    from collectors.clock import machine_ms
    from collectors.wire import WireError
    from collectors.wire_care import Command, encode_command, parse_command
    from sensors.errors import UsageError

    now_ms = machine_ms()
    by = f"{getpass.getuser()}@{socket.gethostname()}"[:120]
    made = Command(secrets.token_hex(8), name, now_ms, now_ms + round(valid_s * 1000), station, value, confirm, by)
    try:
        return parse_command(encode_command("x", made), "x")
    except (WireError, ValueError) as error:
        raise UsageError(str(error)) from None


async def tell(site: Site, gateway: str, address: Address, order: Command, wait_s: float) -> Answer:
    """Send a command and wait for its answer [s].

    Raises
    ------
    UsageError
        If the broker cannot be reached or refuses it, the gateway is not there, or no answer comes.
    """
    from collectors import wire
    from collectors.broker import Identity, Session
    from collectors.wire_care import encode_command
    from sensors.errors import LinkError, UsageError

    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Answer] = loop.create_future()
    shard = site.gateways[gateway].shard
    session = Session(address, Identity(f"{site.id}-operator-{secrets.token_hex(4)}"))
    session.subscribe(wire.topic(site.id, shard, gateway, "ans"), _listener(gateway, order.id, answered))
    async with session:
        try:
            async with asyncio.timeout(CONNECT_S):
                await session.connected()
        except TimeoutError:
            # It names the address.
            raise UsageError(session.state.error or f"no connection to {address}: no answer") from None
        try:
            await session.publish(wire.topic(site.id, shard, gateway, "cmd"), encode_command(gateway, order))
        except LinkError as error:
            raise UsageError(f"the broker did not take it: {error}") from None
        if session.state.nobody_listens:
            raise UsageError(f"{gateway} is not connected to the broker; nothing was done")
        try:
            async with asyncio.timeout(wait_s):
                return await answered
        except TimeoutError:
            raise UsageError(
                f"no answer of {gateway} within {wait_s:.0f} s; whether it was done is in its audit file"
            ) from None


def _listener(gateway: str, identity: str, answered: asyncio.Future[Answer]) -> Callable[..., None]:
    from collectors.broker import Message
    from collectors.wire import WireError
    from collectors.wire_care import parse_answer

    def hear(message: Message) -> None:
        message.ack()
        try:
            answer = parse_answer(message.payload, gateway)
        except WireError:
            return
        if answer.id == identity and not answered.done():
            answered.set_result(answer)

    return hear
