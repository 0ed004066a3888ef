"""What the broker is told: rights spelled out, nothing overwritten that is not ours, warnings where something ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors import wire
from deploy.broker.certs import Authority
from deploy.broker.config import FROM_GATEWAY, MARK, TO_BOARD, TO_GATEWAY, BrokerPlan, acl, mosquitto_conf, write
from sensors.errors import UsageError
from sensors.site import Site
from tests.deploy.test_cli import EXAMPLE, run

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)

TWO = """\
user gateway.gw-01
topic write rc1/xietang/0/gw-01/obs
topic write rc1/xietang/0/gw-01/birth
topic write rc1/xietang/0/gw-01/state
topic write rc1/xietang/0/gw-01/ans
topic read rc1/xietang/0/gw-01/ack
topic read rc1/xietang/0/gw-01/cmd
topic read rc1/xietang/0/gw-01/cfg

user gateway.gw-02
topic write rc1/xietang/1/gw-02/obs
topic write rc1/xietang/1/gw-02/birth
topic write rc1/xietang/1/gw-02/state
topic write rc1/xietang/1/gw-02/ans
topic read rc1/xietang/1/gw-02/ack
topic read rc1/xietang/1/gw-02/cmd
topic read rc1/xietang/1/gw-02/cfg

user hub
topic read rc1/xietang/0/gw-01/obs
topic read rc1/xietang/0/gw-01/birth
topic read rc1/xietang/0/gw-01/state
topic read rc1/xietang/0/gw-01/ans
topic read rc1/xietang/1/gw-02/obs
topic read rc1/xietang/1/gw-02/birth
topic read rc1/xietang/1/gw-02/state
topic read rc1/xietang/1/gw-02/ans
topic write rc1/xietang/0/gw-01/ack
topic write rc1/xietang/0/gw-01/cfg
topic write rc1/xietang/1/gw-02/ack
topic write rc1/xietang/1/gw-02/cfg

user hub.0
topic read rc1/xietang/0/gw-01/obs
topic read rc1/xietang/0/gw-01/birth
topic read rc1/xietang/0/gw-01/state
topic read rc1/xietang/0/gw-01/ans
topic write rc1/xietang/0/gw-01/ack
topic write rc1/xietang/0/gw-01/cfg

user hub.1
topic read rc1/xietang/1/gw-02/obs
topic read rc1/xietang/1/gw-02/birth
topic read rc1/xietang/1/gw-02/state
topic read rc1/xietang/1/gw-02/ans
topic write rc1/xietang/1/gw-02/ack
topic write rc1/xietang/1/gw-02/cfg

user operator
topic write rc1/xietang/0/gw-01/cmd
topic write rc1/xietang/1/gw-02/cmd
topic read rc1/xietang/0/gw-01/birth
topic read rc1/xietang/0/gw-01/state
topic read rc1/xietang/0/gw-01/ans
topic read rc1/xietang/1/gw-02/birth
topic read rc1/xietang/1/gw-02/state
topic read rc1/xietang/1/gw-02/ans

user board
topic read rc1/xietang/0/gw-01/birth
topic read rc1/xietang/0/gw-01/state
topic read rc1/xietang/1/gw-02/birth
topic read rc1/xietang/1/gw-02/state
"""


def two_gateways(site: Site) -> Site:
    """The site with two gateways, each in a shard of its own."""
    first, second = list(site.gateways.values())[:2]
    gateways = {first.id: first, second.id: replace(second, shard=1)}
    stations = {name: station for name, station in site.stations.items() if station.gateway in gateways}
    return replace(site, gateways=gateways, stations=stations)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    authority = Authority.create(tmp_path / "certs", NOW)
    authority.issue("server", NOW, hosts=("127.0.0.1",))
    return authority


@pytest.fixture
def plan(tmp_path: Path) -> BrokerPlan:
    return BrokerPlan(tmp_path / "out", tmp_path / "state", 18883, "127.0.0.1")


def test_every_right_is_spelled_out(xietang: Site) -> None:
    text = acl(two_gateways(xietang))
    assert "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip() == TWO.strip()


def test_no_right_is_a_pattern(xietang: Site) -> None:
    for line in acl(xietang).splitlines():
        if line and not line.startswith("#"):
            word, rest = line.split(" ", 1)
            assert word in ("user", "topic")
            assert not set("+#%$*") & set(rest)
            assert word == "user" or (len(rest.split("/")) == 5 and wire.parse_topic(rest.split(" ")[1]))


def test_every_channel_has_one_direction() -> None:
    assert sorted((*FROM_GATEWAY, *TO_GATEWAY)) == sorted(wire.CHANNELS)
    assert set(TO_BOARD) <= set(FROM_GATEWAY)


def test_the_configuration_lets_nobody_in_without_a_certificate(xietang: Site, plan: BrokerPlan) -> None:
    text = mosquitto_conf(xietang, plan)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    listener = lines[lines.index("listener 18883 127.0.0.1") :]
    assert lines[0] == "per_listener_settings true"
    assert [line for line in lines if line.startswith("listener")] == listener[:1]
    assert set(listener) >= {
        "allow_anonymous false", "require_certificate true", "use_identity_as_username true",
        "use_username_as_clientid true", "tls_version tlsv1.2", f"crlfile {plan.home}/crl.pem",
        f"acl_file {plan.home}/acl",
    }  # fmt: skip
    assert f"max_packet_size {wire.MAX_BYTES + 4096}" in lines
    assert f"persistence_location {plan.state}/" in lines
    assert "listener 8883\n" in mosquitto_conf(xietang, BrokerPlan(plan.home))


@pytest.mark.parametrize("text", ["/tmp/a b", "/tmp/a\nallow_anonymous true", "/tmp/\x00"])
def test_what_would_become_another_line_is_refused(xietang: Site, text: str) -> None:
    for plan in (BrokerPlan(Path(text)), BrokerPlan(Path("/x"), Path(text)), BrokerPlan(Path("/x"), bind=text)):
        with pytest.raises(UsageError, match="without spaces or control characters"):
            mosquitto_conf(xietang, plan)


def test_the_folder_is_complete_private_and_without_the_authority_s_key(
    xietang: Site, authority: Authority, plan: BrokerPlan
) -> None:
    out = plan.home
    written = write(xietang, authority, out, plan, NOW)
    names = sorted(path.name for path in out.iterdir())
    assert sorted(written.changed) == names
    assert names == ["acl", "ca.crt", "crl.pem", "mosquitto.conf", "server.crt", "server.key"]
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}
    secret = (authority.folder / "ca.key").read_bytes()
    assert all(path.read_bytes() != secret for path in out.iterdir())


def test_a_second_run_changes_only_what_is_other(xietang: Site, authority: Authority, plan: BrokerPlan) -> None:
    write(xietang, authority, plan.home, plan, NOW)
    assert write(xietang, authority, plan.home, plan, NOW).changed == ()
    authority.issue("gateway.gw-01", NOW)
    authority.revoke("gateway.gw-01", NOW)
    assert write(xietang, authority, plan.home, plan, NOW).changed == ("crl.pem",)
    assert write(two_gateways(xietang), authority, plan.home, plan, NOW).changed == ("mosquitto.conf", "acl")
    authority.renew("server", NOW)
    assert write(two_gateways(xietang), authority, plan.home, plan, NOW).changed == ("server.crt", "server.key")


def test_a_configuration_from_elsewhere_stays(
    xietang: Site, authority: Authority, plan: BrokerPlan, tmp_path: Path
) -> None:
    out = tmp_path / "etc"
    out.mkdir()
    (out / "mosquitto.conf").write_text("listener 1883\n")
    with pytest.raises(UsageError, match="was not written by riverchief broker-config"):
        write(xietang, authority, out, plan, NOW)
    assert [path.name for path in out.iterdir()] == ["mosquitto.conf"]
    with pytest.raises(UsageError, match="has an authority in it"):
        write(xietang, authority, authority.folder, plan, NOW)
    assert not (authority.folder / "acl").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot make"):
        write(xietang, authority, tmp_path / "file" / "out", plan, NOW)


def test_without_a_server_certificate_there_is_no_broker(xietang: Site, plan: BrokerPlan, tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "certs", NOW)
    with pytest.raises(UsageError, match=r"no certificate for server .* --server HOST"):
        write(xietang, authority, plan.home, plan, NOW)
    authority.issue("server", NOW, hosts=("h",), days=10)
    with pytest.raises(UsageError, match=r"server.crt is expired; renew it with"):
        write(xietang, authority, plan.home, plan, NOW + 11 * DAY)
    assert not plan.home.exists()


def test_warnings(xietang: Site, authority: Authority, plan: BrokerPlan) -> None:
    site = two_gateways(xietang)
    authority.issue("gateway.gw-01", NOW, days=20)
    authority.issue("gateway.old", NOW)
    assert write(site, authority, plan.home, plan, NOW).warnings == (
        "gateway.gw-01: due, 20 days left (renewal is due below 30)",
        "no certificate yet: gateway.gw-02",
        "not in the site, so without any right; revoke them if they are gone: gateway.old",
    )
    authority.renew("gateway.gw-01", NOW)
    authority.issue("gateway.gw-02", NOW)
    authority.revoke("gateway.old", NOW)
    assert write(site, authority, plan.home, plan, NOW).warnings == ()


def test_the_command(monkeypatch, capsys, tmp_path: Path) -> None:
    folder, out = str(tmp_path / "c"), str(tmp_path / "out")
    words = ("broker-config", str(EXAMPLE), "--certs", folder, "--out", out)
    code, _, err = run(monkeypatch, capsys, *words)
    assert code == 1
    assert "riverchief certs init" in err
    assert run(monkeypatch, capsys, "certs", "init", folder)[0] == 0
    assert run(monkeypatch, capsys, "certs", "issue", folder, "--server", "127.0.0.1")[0] == 0
    code, text, err = run(monkeypatch, capsys, *words, "--home", "/etc/riverchief-broker", "--port", "8884")
    assert code == 0
    assert text == f"{out}: mosquitto.conf, acl, ca.crt, crl.pem, server.crt, server.key changed\n"
    assert err.startswith("warning: no certificate yet: gateway.gw-01, ")
    config = (tmp_path / "out" / "mosquitto.conf").read_text(encoding="utf-8")
    assert config.startswith(MARK)
    assert "certfile /etc/riverchief-broker/server.crt" in config
    assert "listener 8884\n" in config
