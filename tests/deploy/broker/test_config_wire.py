"""Who may do what, asked of a real mosquitto over TLS: everything allowed works, everything else is refused."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack

import pytest
from paho.mqtt.client import topic_matches_sub

from collectors import wire
from collectors.broker import Will
from tests.collectors.brokers import find_mosquitto, until
from tests.deploy.broker.secure import (
    DOWN,
    FIRST,
    HOLDERS,
    NOT_AUTHORISED,
    SECOND,
    UP,
    Client,
    SecureBroker,
    run,
    running,
)

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"),
]

#: Who may write, by topic; written out by hand, not taken from what is tested.
WRITERS = {f"{FIRST}/{channel}": {"gateway.gw-01"} for channel in UP}
WRITERS |= {f"{SECOND}/{channel}": {"gateway.gw-02"} for channel in UP}
WRITERS |= {f"{FIRST}/{channel}": {"hub", "hub.0"} for channel in ("ack", "cfg")}
WRITERS |= {f"{SECOND}/{channel}": {"hub", "hub.1"} for channel in ("ack", "cfg")}
WRITERS |= {f"{FIRST}/cmd": {"operator"}, f"{SECOND}/cmd": {"operator"}}

READERS = {f"{FIRST}/{channel}": {"gateway.gw-01"} for channel in DOWN}
READERS |= {f"{SECOND}/{channel}": {"gateway.gw-02"} for channel in DOWN}
READERS |= {f"{FIRST}/{channel}": {"hub", "hub.0", "board", "operator"} for channel in ("birth", "state")}
READERS |= {f"{SECOND}/{channel}": {"hub", "hub.1", "board", "operator"} for channel in ("birth", "state")}
READERS |= {f"{FIRST}/ans": {"hub", "hub.0", "operator"}, f"{SECOND}/ans": {"hub", "hub.1", "operator"}}
READERS |= {f"{FIRST}/obs": {"hub", "hub.0"}, f"{SECOND}/obs": {"hub", "hub.1"}}


def places() -> Iterable[str]:
    """Topics that somebody may write, and topics near them that nobody may."""
    heads = (FIRST, SECOND, "rc1/xietang/1/gw-01", "rc1/xietang/0/gw-02", "rc1/xietang/0/gw-99", "rc1/xietang/0/hub")
    yield from (f"{head}/{channel}" for head in heads for channel in wire.CHANNELS)
    yield from (FIRST, f"{FIRST}/obs/x", f"{FIRST}/obs/", f"{FIRST}/Obs", f"/{FIRST}/obs", f"{FIRST}//obs", "x")
    yield from (f"{FIRST}/obs".replace("xietang", "other"), f"{FIRST}/obs".replace("rc1", "rc2"), "rc1/xietang/0")
    yield from ("$SYS/broker/uptime", "$share/g/x", "$CONTROL/dynamic-security/v1")


def test_every_publish(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker):
            tried = 0
            for name in HOLDERS:
                async with Client(broker, name) as client:
                    for topic in places():
                        allowed = name in WRITERS.get(topic, ())
                        code = await client.write(topic)
                        assert (code < 0x80) is allowed, (name, topic, code)
                        assert allowed or code == NOT_AUTHORISED, (name, topic, code)
                        tried += 1
            assert tried == 9 * 55

    run(work())


@pytest.mark.parametrize("holder", HOLDERS)
def test_every_subscription(broker: SecureBroker, holder: str) -> None:
    """Live and retained, by name, by pattern and as a member of a share: only what is one's own arrives."""
    filters = (
        "#", "rc1/xietang/+/+/+", "+/+/+/+/obs", "$share/g/#", "$SYS/#", f"{FIRST}/obs", f"{FIRST}/ack",
        f"{SECOND}/cmd", f"{SECOND}/state",
    )  # fmt: skip

    async def work() -> None:
        async with running(broker), AsyncExitStack() as stack:
            clients = {name: Client(broker, name) for name in ("gateway.gw-01", "gateway.gw-02", "hub", "operator")}
            for client in clients.values():
                await stack.enter_async_context(client)
            by = {topic: min(names & {*clients}) for topic, names in WRITERS.items()}
            for topic, writer in by.items():
                assert await clients[writer].write(topic, retain=True) < 0x80
            for filter_ in filters:
                if holder in clients:
                    clients[holder].link.close()
                async with Client(broker, holder) as client:
                    clients |= {holder: client} if holder in clients else {}
                    granted = await client.listen(filter_)
                    await client.fence()
                    for topic, writer in by.items():
                        assert await clients[writer].write(topic, retain=True) < 0x80
                    await client.fence()
                    plain = filter_.removeprefix("$share/g/")
                    own = sorted(t for t, names in READERS.items() if holder in names and topic_matches_sub(plain, t))
                    assert granted or own == [], filter_
                    assert client.topics(retained=False) == own, filter_
                    if plain == filter_:
                        assert client.topics(retained=True) == own, filter_
                    else:  # brokers differ in whether a member of a share gets what is retained
                        assert set(client.topics(retained=True)) <= {*own}, filter_

    run(work())


def test_the_board_and_strangers_hear_and_say_what_was_meant() -> None:
    """The tables above, read once more from the other side."""
    heard = {name: [topic for topic, names in READERS.items() if name in names] for name in HOLDERS}
    said = {name: [topic for topic, names in WRITERS.items() if name in names] for name in HOLDERS}
    assert {name: (len(said[name]), len(heard[name])) for name in HOLDERS} == {
        "gateway.gw-01": (4, 3), "gateway.gw-02": (4, 3), "hub": (4, 8), "hub.0": (2, 4), "hub.1": (2, 4),
        "board": (0, 4), "operator": (2, 6), "gateway.gw-99": (0, 0), "gateway.hub": (0, 0),
    }  # fmt: skip
    assert not any(topic.endswith("obs") for topic in heard["board"])


def test_a_client_of_mqtt_3_gets_no_further(broker: SecureBroker) -> None:
    """It is told that all is well; nobody hears it all the same."""

    async def work() -> None:
        async with running(broker), Client(broker, "hub") as hub, Client(broker, "gateway.gw-01", version=4) as old:
            await hub.link.subscribe(["#"])
            assert await old.write(f"{SECOND}/obs") == 0
            assert await old.write(f"{FIRST}/obs") == 0
            await hub.fence()
            assert hub.topics(retained=False) == [f"{FIRST}/obs"]

    run(work())


def test_a_last_will_is_written_by_the_same_rights(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker), Client(broker, "hub") as hub:
            await hub.link.subscribe(["#"])
            for topic in (f"{SECOND}/birth", f"{FIRST}/ack", f"{FIRST}/birth"):
                async with Client(broker, "gateway.gw-01", will=Will(topic, b"gone")) as client:
                    client.link.abort("pulled the plug")
            await until(lambda: hub.heard)
            # The next one of the same name comes after the wills before it.
            async with Client(broker, "gateway.gw-01") as client:
                await client.write(f"{FIRST}/obs")
            await hub.fence()
            assert [message.topic for message in hub.heard] == [f"{FIRST}/birth", f"{FIRST}/obs"]

    run(work())


def test_nobody_takes_another_s_session(broker: SecureBroker) -> None:
    """Under the hub's client id a gateway would end its connection and inherit what waits for it."""

    async def work() -> None:
        async with running(broker), Client(broker, "gateway.gw-01") as gateway:
            async with Client(broker, "hub", client_id="xietang-hub", persistent=True) as hub:
                await hub.link.subscribe(["rc1/xietang/+/+/obs"])
                async with Client(broker, "gateway.gw-02", client_id="xietang-hub"):
                    pass
                await gateway.write(f"{FIRST}/obs", b"1")
                await until(lambda: hub.heard)
                assert not hub.link.closed.done()
            await gateway.write(f"{FIRST}/obs", b"2")
            for clean in (True, False):
                async with Client(broker, "gateway.gw-02", client_id="xietang-hub", persistent=not clean) as thief:
                    await thief.fence()
                    assert thief.heard == []
            async with Client(broker, "hub", client_id="xietang-hub", persistent=True) as hub:
                await until(lambda: hub.heard)
                assert [message.payload for message in hub.heard] == [b"2"]

    run(work())


def test_a_copied_key_shows(broker: SecureBroker) -> None:
    """Two boxes with one certificate are one client: the first is put out, whatever they call themselves."""

    async def work() -> None:
        async with (
            running(broker),
            Client(broker, "gateway.gw-01", client_id="a") as first,
            Client(broker, "gateway.gw-01", client_id="b"),
        ):
            await until(first.link.closed.done)

    run(work())
