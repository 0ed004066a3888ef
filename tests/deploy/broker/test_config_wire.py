"""Who may do what, asked of a real mosquitto over TLS: everything allowed works, everything else is refused."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import topic_matches_sub

from collectors import wire
from collectors.broker import Identity, Message, Session, Will
from collectors.link import Link, Refused, Version
from collectors.quarantine import Quarantine
from collectors.spool import Spool
from collectors.stores.sqlite import SqliteStore
from collectors.uplink import Pace, Uplink, identity
from deploy.broker.certs import Authority
from deploy.broker.config import BrokerPlan, write
from deploy.broker.tls import PLAIN, TlsFiles, broker_address
from deploy.hub.hub import Hub
from sensors.errors import LinkError
from sensors.reading import Observation, Quality
from sensors.site import Site
from tests.collectors.brokers import HOST, find_mosquitto, free_port, until
from tests.deploy.broker.test_config import two_gateways

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"),
]

FIRST, SECOND = "rc1/xietang/0/gw-01", "rc1/xietang/1/gw-02"
UP, DOWN = ("obs", "birth", "state", "ans"), ("ack", "cmd", "cfg")

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

#: Holders that the site knows, and two of the same authority that it does not.
STRANGERS = ("gateway.gw-99", "gateway.hub")
HOLDERS = ("gateway.gw-01", "gateway.gw-02", "hub", "hub.0", "hub.1", "board", "operator", *STRANGERS)

NOW_MS = 1_795_000_000_000

#: MQTT 5 reason code.
NOT_AUTHORISED = 0x87


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 100))


def without_the_second(site: Site) -> Site:
    stations = {station.id: station for station in site.slice("gw-01")}
    return replace(site, gateways={"gw-01": site.gateways["gw-01"]}, stations=stations)


class SecureBroker:
    """A mosquitto with the configuration that is tested, for two gateways in two shards."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site, self.port = two_gateways(site), free_port()
        self.plan = BrokerPlan(folder / "broker", folder / "state", self.port, HOST)
        self.plan.state.mkdir()
        now = datetime.now(UTC)
        self.authority = Authority.create(folder / "certs", now)
        self.authority.issue("server", now, hosts=(HOST,))
        for name in HOLDERS:
            self.authority.issue(name, now)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self) -> Path:
        write(self.site, self.authority, self.plan.home, self.plan, datetime.now(UTC))
        config = self.plan.home / "mosquitto.conf"
        if os.geteuid() == 0:
            # As root it would become another user, who may not read the folder of a test.
            config.write_text(config.read_text(encoding="utf-8") + "user root\n", encoding="utf-8")
        return config

    def reload(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    async def start(self) -> None:
        config = self.configure()
        program = find_mosquitto()
        assert program is not None
        with (self.plan.home / "log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(config)], stderr=log)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError), socket.create_connection((HOST, self.port)):
                    return
                assert self._process.poll() is None, (self.plan.home / "log").read_text()
                await asyncio.sleep(0.003)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def files(self, name: str, folder: Path | None = None) -> TlsFiles:
        certs = self.authority.folder
        return TlsFiles(certs / "ca.crt", (folder or certs) / f"{name}.crt", (folder or certs) / f"{name}.key")

    def url(self) -> str:
        return f"mqtts://{HOST}:{self.port}"


@asynccontextmanager
async def running(broker: SecureBroker) -> AsyncIterator[SecureBroker]:
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


class Client:
    """A link that remembers what it heard."""

    def __init__(self, broker: SecureBroker, name: str, *, files: TlsFiles | None = None, **more: Any) -> None:
        self.name, self.heard = name, list[Message]()
        version: Version = more.pop("version", 5)
        address = broker_address(more.pop("url", broker.url()), files or broker.files(name))
        self.link = Link(address, Identity(more.pop("client_id", name), **more), version, self._hear)

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        message.ack()

    async def __aenter__(self) -> Client:
        await self.link.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.link.close()

    async def fence(self) -> None:
        """When this returns, everything that the broker had for this client before has been heard."""
        await self.link.subscribe(["nothing/is/ever/here"])

    async def write(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """Reason code of a publish."""
        try:
            return await self.link.publish(topic, payload, retain=retain)
        except Refused as error:
            return error.reason_code

    async def listen(self, topic_filter: str) -> bool:
        """Subscribe; False where the broker says no. mosquitto 2.0 says yes to everybody and then delivers nothing."""
        try:
            await self.link.subscribe([topic_filter])
        except Refused:
            return False
        return True

    def topics(self, *, retained: bool) -> list[str]:
        return sorted(message.topic for message in self.heard if message.retained == retained)


@pytest.fixture
def broker(tmp_path: Path, xietang: Site) -> SecureBroker:
    return SecureBroker(tmp_path, xietang)


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


async def is_refused(client: Client) -> None:
    with pytest.raises(LinkError) as caught:
        async with client:
            pass
    # Before MQTT had a word in it.
    assert not isinstance(caught.value, Refused)


def test_who_does_not_get_in(broker: SecureBroker, tmp_path: Path) -> None:
    authority, now = broker.authority, datetime.now(UTC)
    foreign = Authority.create(tmp_path / "foreign", now)
    foreign.issue("hub", now)
    authority.renew("gateway.gw-02", now - timedelta(days=200))
    stolen = tmp_path / "stolen"
    stolen.mkdir()
    for path in authority.folder.glob("hub.0.*"):
        shutil.copy(path, stolen)
    authority.revoke("hub.0", now)

    async def work() -> None:
        async with running(broker):
            ca, plain = authority.folder / "ca.crt", f"mqtt://{HOST}:{broker.port}"
            await is_refused(Client(broker, "of another authority", files=broker.files("hub", foreign.folder)))
            await is_refused(Client(broker, "expired", files=broker.files("gateway.gw-02")))
            await is_refused(Client(broker, "revoked", files=broker.files("hub.0", stolen)))
            await is_refused(Client(broker, "the broker's own", files=broker.files("server")))
            await is_refused(Client(broker, "without a certificate", files=TlsFiles(ca)))
            await is_refused(Client(broker, "unencrypted", url=plain, files=PLAIN))
            untrusting = broker.files("hub")
            untrusting = TlsFiles(foreign.folder / "ca.crt", untrusting.certificate, untrusting.key)
            with pytest.raises(LinkError, match=r"not to be trusted: .* did not issue it"):
                await Client(broker, "who trusts another", files=untrusting).link.open()
            async with Client(broker, "hub") as hub, Client(broker, "gateway.gw-01") as gateway:
                assert await hub.write(f"{FIRST}/ack") < 0x80
                assert await gateway.write(f"{FIRST}/obs") < 0x80
            log = (broker.plan.home / "log").read_text()
            assert log.count("New client connected") == 2, log

    run(work())


def test_a_password_in_place_of_a_certificate_is_nothing(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker):
            url = f"mqtts://hub:hub@{HOST}:{broker.port}"
            await is_refused(Client(broker, "hub", url=url, files=TlsFiles(broker.authority.folder / "ca.crt")))
            async with Client(broker, "gateway.gw-01", url=url) as client:
                assert await client.write(f"{FIRST}/ack") == NOT_AUTHORISED
                assert await client.write(f"{FIRST}/obs") < 0x80

    run(work())


def test_old_versions_of_tls_are_refused(broker: SecureBroker) -> None:
    def shake(low: ssl.TLSVersion, high: ssl.TLSVersion) -> str | None:
        files = broker.files("gateway.gw-01")
        assert files.certificate is not None
        context = ssl.create_default_context(cafile=str(files.ca))
        context.load_cert_chain(files.certificate, files.key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = low, high
        with (
            socket.create_connection((HOST, broker.port)) as raw,
            context.wrap_socket(raw, server_hostname=HOST) as secured,
        ):
            return secured.version()

    async def work() -> None:
        async with running(broker):
            assert await asyncio.to_thread(shake, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
            assert await asyncio.to_thread(shake, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
            with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                await asyncio.to_thread(shake, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)

    run(work())


def test_a_payload_that_is_too_large_harms_nobody_else(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker), Client(broker, "hub") as hub, Client(broker, "gateway.gw-01") as gateway:
            await hub.link.subscribe(["#"])
            assert await gateway.write(f"{FIRST}/obs", b"x" * wire.MAX_BYTES) == 0
            with contextlib.suppress(LinkError):
                assert await gateway.write(f"{FIRST}/obs", b"x" * (wire.MAX_BYTES + 8192)) >= 0x80
            await hub.fence()
            assert [len(message.payload) for message in hub.heard] == [wire.MAX_BYTES]

    run(work())


def test_a_reload_takes_new_rights_and_keeps_the_door_as_it_is(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker), Client(broker, "gateway.gw-02") as gone, Client(broker, "gateway.gw-01") as stays:
            assert await gone.write(f"{SECOND}/obs") < 0x80
            broker.site = without_the_second(broker.site)
            broker.configure()
            broker.reload()
            async with asyncio.timeout(10):
                while await gone.write(f"{SECOND}/obs") != NOT_AUTHORISED:
                    await asyncio.sleep(0.003)
            assert await stays.write(f"{FIRST}/obs") < 0x80
            async with Client(broker, "hub") as hub:
                assert await hub.write(f"{FIRST}/ack") < 0x80
            await is_refused(Client(broker, "nobody", files=TlsFiles(broker.authority.folder / "ca.crt")))

    run(work())


class River:
    """A gateway without probes: a spool and its uplink."""

    def __init__(self, folder: Path, broker: SecureBroker, gateway: str) -> None:
        self.gateway, self.broker, self.made = broker.site.gateways[gateway], broker, 0
        self.station = broker.site.slice(gateway)[0].id
        self.path = folder / f"{gateway}.spool"

    async def run_in(self, stack: AsyncExitStack) -> None:
        site, gateway = self.broker.site.id, self.gateway
        self.spool = await stack.enter_async_context(Spool(self.path, flush_s=0.002))
        address = broker_address(self.broker.url(), self.broker.files(f"gateway.{gateway.id}"))
        self.session = Session(address, identity(site, gateway.shard, gateway.id, self.spool.epoch))
        self.uplink = Uplink(
            self.session, self.spool, site=site, shard=gateway.shard, gateway=gateway.id, now_ms=lambda: NOW_MS,
            pace=Pace(batch_rows=2, resend_s=0.3, most_resend_s=1.0, delete_s=0.01),
        )  # fmt: skip
        await stack.enter_async_context(self.session)
        await stack.enter_async_context(self.uplink)

    async def make(self, rows: int) -> None:
        for _ in range(rows):
            self.made += 1
            values = {"ph": (float(self.made), Quality.NOT_EVALUATED)}
            await self.spool.append(Observation(self.station, NOW_MS - 10**6 + self.made, values))
        await self.spool.flush()

    def stored(self, store: SqliteStore) -> list[float | None]:
        return list(store.range(self.station, ["ph"], 0, NOW_MS).value)


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.broker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("collectors.broker.LAST_RETRY_S", 0.05)


class Middle:
    """A hub that can be stopped and started again."""

    def __init__(self, broker: SecureBroker, store: SqliteStore) -> None:
        self.broker, self.store, self.quarantine = broker, store, Quarantine(None)

    async def start(self) -> None:
        self._stop = asyncio.Event()
        address = broker_address(self.broker.url(), self.broker.files("hub"))
        hub = Hub(self.broker.site, address, self.store, self.quarantine, lambda: NOW_MS)
        self._task = asyncio.create_task(hub.run(self._stop))

    async def stop(self) -> None:
        self._stop.set()
        await self._task


@asynccontextmanager
async def everything(broker: SecureBroker, folder: Path) -> AsyncIterator[tuple[River, River, Middle]]:
    """Two gateways, the broker, the hub and its store."""
    async with running(broker), AsyncExitStack() as stack:
        store = SqliteStore(folder / "readings.sqlite")
        stack.callback(store.close)
        hub = Middle(broker, store)
        await hub.start()
        stack.push_async_callback(hub.stop)
        rivers = River(folder, broker, "gw-01"), River(folder, broker, "gw-02")
        for river in rivers:
            await river.run_in(stack)
        yield (*rivers, hub)


@pytest.mark.usefixtures("_quick")
def test_from_two_spools_to_the_store(broker: SecureBroker, tmp_path: Path) -> None:
    """The whole chain with these certificates; then one gateway is stolen and locked out, and the other goes on."""

    async def work() -> None:
        async with everything(broker, tmp_path) as (first, second, hub):
            for river in (first, second):
                await river.make(50)
                await river.uplink.delivered()
                assert river.session.state.version == 5
                assert river.stored(hub.store) == [float(n) for n in range(1, 51)]
            await broker.stop()
            broker.authority.revoke("gateway.gw-02", datetime.now(UTC))
            await first.make(5)
            await second.make(5)
            await broker.start()
            await first.uplink.delivered()
            assert len(first.stored(hub.store)) == 55
            # Locked out, not lost: what it measured is on its disk until it has another certificate.
            assert not second.session.state.connected
            assert (len(second.stored(hub.store)), second.uplink.backlog) == (50, 5)
            assert hub.quarantine.counts == {}

    run(work())


@pytest.mark.parametrize("removed", [False, True], ids=["all stay", "one is removed"])
@pytest.mark.usefixtures("_quick")
def test_a_hub_that_starts_again_asks_for_no_more_than_its_rights(
    broker: SecureBroker, tmp_path: Path, removed: bool
) -> None:
    """Its store knows gateways of other shards, and such as the site has no more: refused, they must not hold it up."""

    async def work() -> None:
        async with everything(broker, tmp_path) as (first, second, hub):
            for river in (first, second):
                await river.make(1)
                await river.uplink.delivered()
            await hub.stop()
            if removed:
                await broker.stop()
                broker.site = without_the_second(broker.site)
                await broker.start()
            await hub.start()
            # More messages than the broker sends without an acknowledgement.
            await first.make(50)
            await first.uplink.delivered()
            assert len(first.stored(hub.store)) == 51
            await second.make(1)
            if removed:
                await until(lambda: "Not authorized" in second.session.state.error)
                assert second.uplink.backlog == 1
            else:
                await second.uplink.delivered()
                assert len(second.stored(hub.store)) == 2

    run(work())
