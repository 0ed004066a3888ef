"""Every channel: says that it delivered when the other side said so, and never otherwise; and tells no secret."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dashboard.alerts.channels import MODULES, read_channel
from dashboard.alerts.channels.base import Answer, Channel, Told
from dashboard.alerts.sender import try_once
from sensors.lists import Checker
from sensors.toml_table import Table
from tests.dashboard.alerts import fakes
from tests.dashboard.alerts.fakes import HOOK, KEY, SECRET, TOKEN, Asked, Fake, Reply, serving

#: What apprise imports on some Pythons.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOLD = Told.of("id-1", "serious", "斜塘河：Ⅴ类", ["监测站：西闸桥"], "https://board.example/alert/t0k", "确认：")


@dataclass(frozen=True)
class Case:
    """A channel over HTTP: its fake, its table for an address of that, whom it tells, and how it says no."""

    behave: Callable[[Asked], Reply]
    table: Callable[[str], dict[str, Any]]
    address: str
    secrets: tuple[str, ...]
    #: Bodies with HTTP 200 that are no success.
    refusals: tuple[Any, ...] = ()
    #: Answer that asks to be left in peace.
    busy: Any = None


CASES = {
    "wecom": Case(
        fakes.wecom, lambda url: {"kind": "wecom", "key": KEY, "url": f"{url}/send"}, "15300000001", (KEY,),
        ({"errcode": 93000, "errmsg": "invalid webhook url"}, {"errcode": "0"}, {"errmsg": "ok"}, [], None, 0),
        {"errcode": 45009, "errmsg": "api freq out of limit"},
    ),
    "dingtalk": Case(
        fakes.dingtalk, lambda url: {"kind": "dingtalk", "token": TOKEN, "secret": SECRET, "url": f"{url}/robot"},
        "15300000001", (TOKEN, SECRET),
        ({"errcode": 310000, "errmsg": f"keywords not in content {SECRET}"}, {"errcode": False}, {}),
        {"errcode": 410100, "errmsg": "发送速度太快而限流"},
    ),
    "feishu": Case(
        fakes.feishu, lambda url: {"kind": "feishu", "hook": HOOK, "secret": SECRET, "url": f"{url}/hook/"},
        "ou_1", (HOOK, SECRET),
        ({"code": 19021, "msg": "sign match fail"}, {"code": 9499, "msg": "Bad Request", "data": {}}, {"code": None}),
        {"code": 11232, "msg": "frequency limited psm"},
    ),
    "webhook": Case(
        fakes.webhook, lambda url: {"kind": "webhook", "url": f"{url}/in?k={KEY}", "secret": SECRET}, "li",
        (SECRET, KEY),
    ),
    "aliyun_sms": Case(
        fakes.aliyun,
        lambda url: {"kind": "aliyun_sms", "key_id": "LTAI123", "key_secret": SECRET, "signature": "斜塘河长办",
                     "template": "SMS_1", "url": f"{url}/"},
        "15300000001", (SECRET, "LTAI123"),
        ({"Code": "isv.AMOUNT_NOT_ENOUGH", "Message": "账户余额不足"}, {}, "OK"),
        {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控Permits:1"},
    ),
    "apprise": Case(
        fakes.listener,
        lambda url: {"kind": "apprise", "url": url.replace("http", "json", 1) + f"/{KEY}?+to={{address}}"},
        "li", (KEY,),
    ),
}  # fmt: skip

#: Channels that do not speak HTTP have tests of their own.
OTHERS = {"file", "email"}


def open_channel(raw: dict[str, Any]) -> Channel:
    check = Checker("channels.toml")
    channel = read_channel(Table(raw, "channel.x.", check))
    assert check.problems == []
    assert channel is not None
    assert channel.per_minute > 0
    return channel


def send(raw: dict[str, Any], address: str, timeout_s: float = 15.0) -> Answer:
    return asyncio.run(try_once(open_channel(raw), address, TOLD, timeout_s))


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What reaches the service's log, at the level at which most is told."""
    root, text = logging.getLogger(), io.StringIO()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    root.removeHandler(handler)


def check_secrets(case: Case, answer: Answer, log: str) -> None:
    for secret in case.secrets:
        assert secret not in answer.text
        assert secret not in log


def test_every_channel_is_tested() -> None:
    assert set(CASES) | OTHERS == set(MODULES)


def test_it_delivers(case: Case, log: io.StringIO) -> None:
    with serving(case.behave) as fake:
        answer = send(case.table(fake.url), case.address)
        assert answer.ok, answer
        assert answer.wait_s == 0
        assert len(fake.asked) == 1
    check_secrets(case, answer, log.getvalue())


@pytest.mark.parametrize("status", [301, 400, 403, 404, 500, 502])
def test_other_statuses_are_no_success(case: Case, status: int, log: io.StringIO) -> None:
    echo = " ".join(case.secrets).encode()
    with serving(case.behave) as fake:
        fake.answer(status, b"no " + echo, {"Location": fake.url + "/elsewhere"})
        answer = send(case.table(fake.url), case.address)
        assert not answer.ok
        assert answer.text
        assert len(fake.asked) == 1, "it followed a redirect"
    check_secrets(case, answer, log.getvalue())


def test_a_refusal_with_status_200_is_no_success(case: Case) -> None:
    for body in (*case.refusals, *([b"<html>hotspot login</html>", b""] if case.refusals else [])):
        with serving(case.behave) as fake:
            fake.answer(200, body)
            answer = send(case.table(fake.url), case.address)
        assert not answer.ok, body
        assert answer.wait_s == 0
        check_secrets(case, answer, "")


def test_too_often_asks_for_a_pause(case: Case) -> None:
    if case.busy is None:
        pytest.skip("says so by HTTP 429 only")
    with serving(case.behave) as fake:
        fake.answer(200, case.busy)
        answer = send(case.table(fake.url), case.address)
    assert not answer.ok
    assert answer.wait_s >= 60


@pytest.mark.parametrize(("after", "wait_s"), [("7", 7.0), ("", 60.0), ("1e9", 900.0), ("Wed, 21 Oct 2026", 60.0)])
def test_429_asks_for_a_pause(case: Case, after: str, wait_s: float) -> None:
    if case is CASES["apprise"]:
        pytest.skip("apprise does not tell")
    with serving(case.behave) as fake:
        fake.answer(429, b"slow down", {"Retry-After": after} if after else {})
        answer = send(case.table(fake.url), case.address)
    assert (answer.ok, answer.wait_s) == (False, wait_s)


def test_a_server_that_hangs_is_given_up(case: Case) -> None:
    with serving(case.behave) as fake:
        fake.hang()
        loop = asyncio.new_event_loop()
        try:
            begun = loop.time()
            answer = loop.run_until_complete(try_once(open_channel(case.table(fake.url)), case.address, TOLD, 0.3))
            assert loop.time() - begun < 5
        finally:
            fake.hanging.set()
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
    assert (answer.ok, answer.text) == (False, "no answer in 0.3 s")


def test_nobody_there(case: Case, log: io.StringIO) -> None:
    answer = send(case.table(fakes.nothing_there()), case.address)
    assert not answer.ok
    check_secrets(case, answer, log.getvalue())


def test_a_certificate_that_nobody_vouches_for_is_refused(case: Case, certificate: Path) -> None:
    with serving(case.behave, certificate) as fake:
        answer = send(case.table(fake.url), case.address)
        assert not answer.ok
        assert fake.asked == [], "the secret went to a stranger"


def test_a_secret_never_goes_in_clear_over_a_network(case: Case) -> None:
    if case is CASES["apprise"]:
        pytest.skip("one writes the whole address oneself")
    check = Checker("channels.toml")
    read_channel(Table(case.table("http://203.0.113.9"), "channel.x.", check))
    assert [problem.where for problem in check.problems] == ["channel.x.url"]
    assert not any(secret in str(problem) for problem in check.problems for secret in case.secrets)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def only(fake: Fake) -> Asked:
    [asked] = fake.asked
    return asked


def test_what_the_bots_are_sent() -> None:
    with serving(fakes.wecom) as fake:
        send(CASES["wecom"].table(fake.url), "all")
        assert only(fake).json["text"]["mentioned_mobile_list"] == ["@all"]
        assert only(fake).json["text"]["content"] == (
            "斜塘河：Ⅴ类\n监测站：西闸桥\n确认： https://board.example/alert/t0k"
        )
    with serving(fakes.dingtalk) as fake:
        send(CASES["dingtalk"].table(fake.url), "-")
        assert only(fake).json["at"] == {}
    with serving(fakes.feishu) as fake:
        send(CASES["feishu"].table(fake.url), "ou_9")
        assert only(fake).json["content"]["text"].startswith('<at user_id="ou_9"></at> 斜塘河')


def test_a_webhook_is_told_the_same_id_at_every_try() -> None:
    with serving(fakes.webhook) as fake:
        for _ in range(2):
            send(CASES["webhook"].table(fake.url), "li")
        first, second = (asked.json for asked in fake.asked)
    assert first == second
    assert (first["id"], first["recipient"], first["severity"]) == ("id-1", "li", "serious")
