from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors import link
from collectors.broker import Address, Identity, Message, Refused, Session, Will, parse_address
from sensors.errors import LinkError
from tests.collectors.brokers import HOST, Amqtt, running, until

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.broker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("collectors.broker.LAST_RETRY_S", 0.05)
    monkeypatch.setattr("collectors.link.SILENT_S", 0.2)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


class Listener:
    """A session that remembers what it heard."""

    def __init__(self, address: Address, identity: Identity, *filters: str, ack: bool = True) -> None:
        self.session = Session(address, identity)
        self.heard: list[Message] = []
        self.ack = ack
        for name in filters:
            self.session.subscribe(name, self.hear)

    def hear(self, message: Message) -> None:
        self.heard.append(message)
        if self.ack:
            message.ack()

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.heard]


def test_several_may_listen_to_one_filter(make_broker: Make) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            first = Listener(broker.address, Identity("hub", persistent=True), "rc1/x/0/+/state")
            second = list[Message]()
            first.session.subscribe("rc1/x/0/+/state", second.append)
            async with first.session, Session(broker.address, Identity("gw1")) as session:
                await asyncio.gather(first.session.connected(), session.connected())
                await session.publish("rc1/x/0/gw1/state", b"1")
                await until(lambda: first.heard and second)
                assert (len(first.heard), len(second)) == (1, 1)

    run(work())


def test_what_is_published_is_heard(make_broker: Make) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            listener = Listener(broker.address, Identity("hub", persistent=True), "rc1/x/0/+/obs")
            async with listener.session, Session(broker.address, Identity("gw1")) as session:
                await asyncio.gather(listener.session.connected(), session.connected())
                for n in range(50):
                    await session.publish(f"rc1/x/0/gw{n % 3}/obs", b"%d" % n)
                await session.publish("rc1/x/0/gw1/state", b"not asked for")
                await until(lambda: len(listener.heard) == 50)
                assert listener.payloads == [b"%d" % n for n in range(50)]
                assert session.state.version == (4 if isinstance(broker, Amqtt) else 5)
                assert session.state.connections == 1

    run(work())


def test_many_at_once_and_large_ones(make_broker: Make) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            listener = Listener(broker.address, Identity("hub", persistent=True), "t")
            async with listener.session, Session(broker.address, Identity("gw1")) as session:
                await asyncio.gather(listener.session.connected(), session.connected())
                large = b"x" * 900_000
                await asyncio.gather(
                    *(session.publish("t", b"%d" % n) for n in range(100)), session.publish("t", large)
                )
                await until(lambda: len(listener.heard) == 101)
                assert set(listener.payloads) == {large, *(b"%d" % n for n in range(100))}

    run(work())


def test_a_client_without_a_lasting_session_acknowledges_by_itself(make_broker: Make) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            listener = Listener(broker.address, Identity("gw1"), "t", ack=False)
            async with listener.session, Session(broker.address, Identity("hub")) as session:
                await asyncio.gather(listener.session.connected(), session.connected())
                for n in range(100):  # five times what a broker lets be under way
                    await session.publish("t", b"%d" % n)
                await until(lambda: len(listener.heard) == 100)

    run(work())


def test_retained_messages_wait_for_the_subscriber(make_broker: Make) -> None:
    async def work() -> None:
        async with running(make_broker()) as broker:
            async with Session(broker.address, Identity("hub")) as session:
                await session.connected()
                await session.publish("rc1/x/0/gw1/ack", b"17", retain=True)
                assert not session.state.nobody_listens
            listener = Listener(broker.address, Identity("gw1"), "rc1/x/0/gw1/ack")
            async with listener.session:
                await until(lambda: listener.heard)
                assert listener.payloads == [b"17"]
                assert listener.heard[0].retained

    run(work())


@pytest.mark.mosquitto
def test_what_is_not_acknowledged_comes_again(make_mosquitto: Make) -> None:
    async def work() -> None:
        async with running(make_mosquitto()) as broker:
            listener = Listener(broker.address, Identity("hub", persistent=True), "t", ack=False)
            async with listener.session, Session(broker.address, Identity("gw1")) as session:
                await asyncio.gather(listener.session.connected(), session.connected())
                for n in range(3):
                    await session.publish("t", b"%d" % n)
                await until(lambda: len(listener.heard) == 3)
                listener.heard[0].ack()
                await until(lambda: not listener.session._link._client.want_write())  # type: ignore[union-attr]
                listener.session._link.abort("cut")  # type: ignore[union-attr]
                await until(lambda: len(listener.heard) == 5)
                assert listener.payloads == [b"0", b"1", b"2", b"1", b"2"]
                assert [message.duplicate for message in listener.heard[3:]] == [True, True]
                listener.heard[0].ack()  # of the connection that is gone: harmless

    run(work())


@pytest.mark.mosquitto
def test_a_persistent_session_misses_nothing_while_it_is_away(make_mosquitto: Make) -> None:
    async def work() -> None:
        async with running(make_mosquitto()) as broker, Session(broker.address, Identity("gw1")) as session:
            await session.connected()
            async with Listener(broker.address, Identity("hub", persistent=True), "t").session as hub:
                await hub.connected()
            await session.publish("t", b"while away")
            listener = Listener(broker.address, Identity("hub", persistent=True), "t")
            async with listener.session:
                await until(lambda: listener.heard)
            assert listener.payloads == [b"while away"]

    run(work())


def test_the_will_speaks_for_who_is_gone(make_broker: Make) -> None:
    will = Will("rc1/x/0/gw1/birth", b"gone")

    async def work() -> None:
        async with running(make_broker()) as broker:
            listener = Listener(broker.address, Identity("hub"), "rc1/x/0/+/birth")
            async with listener.session:
                await listener.session.connected()
                async with Session(broker.address, Identity("gw1", will=will)) as session:
                    await session.connected()
                    session._link.abort("pulled the plug")  # type: ignore[union-attr]
                    await until(lambda: listener.heard)
                    await until(lambda: session.state.connections == 2)
                async with Session(broker.address, Identity("gw2")) as session:
                    await session.connected()
                    await session.publish("rc1/x/0/gw2/birth", b"after a goodbye")
                    await until(lambda: b"after a goodbye" in listener.payloads)
                said = listener.payloads
                if isinstance(broker, Amqtt):
                    # It may read the end of the connection before the goodbye that came with it.
                    said = sorted(set(said), reverse=True)
                assert said == [b"gone", b"after a goodbye"]

    run(work())


@pytest.mark.mosquitto
def test_nobody_listens_is_told(make_mosquitto: Make) -> None:
    async def work() -> None:
        async with running(make_mosquitto()) as broker, Session(broker.address, Identity("gw1")) as session:
            await session.connected()
            await session.publish("rc1/x/0/gw1/obs", b"hello?")
            assert session.state.nobody_listens
            listener = Listener(broker.address, Identity("hub"), "#")
            async with listener.session:
                await listener.session.connected()
                await session.publish("rc1/x/0/gw1/obs", b"hello!")
                assert not session.state.nobody_listens

    run(work())


@pytest.mark.mosquitto
def test_a_refused_publish_is_no_success(make_mosquitto: Make, tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic write mine/#\n")

    async def work() -> None:
        broker = make_mosquitto(f"allow_anonymous true\nacl_file {acl}\n")
        async with running(broker), Session(broker.address, Identity("gw1")) as session:
            await session.connected()
            with pytest.raises(Refused) as caught:
                await session.publish("yours/obs", b"1")
            assert caught.value.reason_code == 0x87  # not authorized
            assert "Not authorized" in session.state.error
            await session.publish("mine/obs", b"2")
            assert session.state.error == ""

    run(work())


@pytest.mark.mosquitto
def test_wrong_credentials_are_told_and_tried_again(make_mosquitto: Make, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    tool = shutil.which("mosquitto_passwd") or pytest.skip("mosquitto_passwd is not installed")
    subprocess.run([tool, "-b", "-c", str(passwords), "gw1", "right"], check=True, capture_output=True)

    async def work() -> None:
        broker = make_mosquitto(f"allow_anonymous false\npassword_file {passwords}\n")
        async with running(broker):
            wrong = replace(broker.address, username="gw1", password="wrong")
            async with Session(wrong, Identity("gw1")) as session:
                await until(lambda: "uthori" in session.state.error)
                assert not session.state.connected
                with pytest.raises(LinkError, match="not connected"):
                    await session.publish("t", b"1")
            right = replace(broker.address, username="gw1", password="right")
            async with Session(right, Identity("gw1")) as session:
                await session.connected()

    run(work())


@pytest.mark.mosquitto
def test_tls(make_mosquitto: Make, tmp_path: Path) -> None:
    tool = shutil.which("openssl") or pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            tool, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ],
        check=True, capture_output=True,
    )  # fmt: skip

    async def work() -> None:
        broker = make_mosquitto(listener=f"certfile {certificate}\nkeyfile {key}\n")
        broker.address = parse_address(f"mqtts://{HOST}:{broker.port}", ca=certificate)
        async with running(broker):
            listener = Listener(broker.address, Identity("hub", persistent=True), "t")
            async with listener.session, Session(broker.address, Identity("gw1")) as session:
                await asyncio.gather(listener.session.connected(), session.connected())
                sent = [b"%d" % n * 20_000 for n in range(30)]
                await asyncio.gather(*(session.publish("t", payload) for payload in sent))
                await until(lambda: len(listener.heard) == 30)
                assert sorted(listener.payloads) == sorted(sent)
            stranger = replace(broker.address, tls=ssl.create_default_context())
            async with Session(stranger, Identity("gw2")) as session:
                await until(lambda: "certificate" in session.state.error.lower())

    run(work())


def test_a_broker_that_comes_back_is_found(make_broker: Make) -> None:
    async def work() -> None:
        broker = make_broker()
        ups = 0

        def up() -> None:
            nonlocal ups
            ups += 1

        listener = Listener(broker.address, Identity("hub", persistent=True), "t")
        listener.session.on_up.append(up)
        async with listener.session, Session(broker.address, Identity("gw1")) as session:
            await until(lambda: "no connection" in session.state.error)
            async with running(broker):
                await asyncio.gather(session.connected(), listener.session.connected())
                await session.publish("t", b"1")
                await until(lambda: listener.heard)
                await broker.kill()
                await until(lambda: not session.state.connected and not listener.session.state.connected)
                await broker.start()
                await asyncio.gather(session.connected(), listener.session.connected())
                await session.publish("t", b"2")
                await until(lambda: len(listener.heard) == 2)
            assert ups == 2
            assert session.state.connections == 2

    run(work())


async def against(answer: bytes | None, hold: bool = True) -> str:
    """What a session says about a server that answers every client like this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await reader.read(100)
            if answer:
                writer.write(answer)
                await writer.drain()
            if hold:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    async with Session(Address(HOST, server.sockets[0].getsockname()[1]), Identity("gw1")) as session:
        await until(lambda: session.state.error)
        error = session.state.error
        assert not session.state.connected
    server.close()
    return error


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="silence"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="another protocol"),
        pytest.param(b"\xff" * 200, id="noise"),
        pytest.param(b"\x20\x00", id="empty CONNACK"),
        pytest.param(b"\x20\x03\x00\x00\xff", id="properties cut short"),
        pytest.param(b"\x20\x03\x00\x95\x00", id="refused"),
        pytest.param(b"\x20\x03\x00\x63\x00", id="unknown reason"),
        pytest.param(b"\x30\x05\x00\x01\xffxx", id="a message before CONNACK"),
    ],
)
def test_whatever_answers_that_is_no_broker(answer: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "OPEN_S", 0.05)

    async def work() -> None:
        assert await against(answer)
        assert await against(answer, hold=False)

    run(work())


CONNACK_5, CONNACK_311, WRONG_VERSION = b"\x20\x03\x00\x00\x00", b"\x20\x02\x00\x00", b"\x20\x03\x00\x84\x00"


class Scripted:
    """A server that answers each CONNECT as it is told and closes at once; an answer of None is silence."""

    def __init__(self, *answers: tuple[int, bytes | None]) -> None:
        self.answers = dict(enumerate(answers))
        self.asked: list[tuple[int, bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            packet = await reader.read(1000)
            version, name = packet[8], packet[packet.index(b"gw1") :][:12]
            accepts, answer = self.answers.get(len(self.asked), (version, None))
            self.asked.append((version, name))
            if version == accepts and answer is not None:
                writer.write(answer)
                await writer.drain()
            else:
                await reader.read()
        writer.close()


@pytest.mark.parametrize(
    ("script", "versions"),
    [
        ([(5, CONNACK_5), (5, None), (5, CONNACK_5), (5, None)], [5, 5, 5, 5]),  # silence of one that has spoken
        ([(5, CONNACK_5), (5, WRONG_VERSION), (4, CONNACK_311)], [5, 5, 4]),  # replaced by another
        ([(5, None), (4, CONNACK_311), (4, CONNACK_311)], [5, 4, 4]),  # never spoke it
    ],
)
def test_one_that_spoke_mqtt_5_is_not_spoken_down_to(
    script: list[tuple[int, bytes | None]], versions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "OPEN_S", 0.3)

    async def work() -> None:
        scripted = Scripted(*script)
        server = await asyncio.start_server(scripted.serve, HOST, 0)
        async with Session(Address(HOST, server.sockets[0].getsockname()[1]), Identity("gw1")):
            await until(lambda: len(scripted.asked) >= len(versions))
        server.close()
        assert [version for version, _ in scripted.asked][: len(versions)] == versions

    run(work())


def test_a_way_that_is_cut_is_no_reason_for_an_older_version(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def connect(self: link.Link) -> None:
        tried.append(self.version)
        raise TimeoutError("timed out")

    monkeypatch.setattr(link.Link, "_connect", connect)

    async def work() -> None:
        async with Session(Address(HOST, 1), Identity("gw1")) as session:
            await until(lambda: len(tried) >= 3)
            assert "no connection to" in session.state.error

    run(work())
    assert set(tried) == {5}


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://broker", Address("broker", 1883)),
        ("mqtt://10.0.0.1:1884/", Address("10.0.0.1", 1884)),
        ("mqtt://gw1:p%40ss@broker", Address("broker", 1883, None, "gw1", "p@ss")),
    ],
)
def test_addresses(url: str, address: Address) -> None:
    assert parse_address(url) == address


def test_addresses_with_tls() -> None:
    address = parse_address("mqtts://broker")
    assert address.port == 8883
    assert address.tls is not None
    assert address.tls.verify_mode is ssl.CERT_REQUIRED
    assert str(address) == "mqtts://broker:8883"


@pytest.mark.parametrize(
    "url", ["", "broker", "http://broker", "mqtt://", "mqtt://broker:99999", "mqtt://broker/topic"]
)
def test_addresses_refused(url: str) -> None:
    with pytest.raises(ValueError, match="accepted: mqtt://"):
        parse_address(url)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(ValueError) as caught:
        parse_address("http://gw1:secret@broker")
    assert "secret" not in str(caught.value)
