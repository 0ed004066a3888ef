"""The authority: what its certificates say, that nothing is overwritten, and that what was revoked stays revoked."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.broker import certs
from deploy.broker.certs import Authority, gateway_name, hub_name
from sensors.errors import UsageError
from tests.deploy.test_cli import run

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "certs", NOW)


def states(authority: Authority, now: datetime) -> list[tuple[str, int, str]]:
    return [(entry.name, entry.days_left, entry.state) for entry in authority.entries(now)]


def extension(certificate: x509.Certificate, kind: type) -> tuple[bool, object]:
    found = certificate.extensions.get_extension_for_class(kind)
    return found.critical, found.value


def test_the_authority_signs_holders_and_revocations_only(authority: Authority) -> None:
    ca = authority.certificate
    assert extension(ca, x509.BasicConstraints) == (True, x509.BasicConstraints(ca=True, path_length=0))
    critical, usage = extension(ca, x509.KeyUsage)
    assert critical
    assert isinstance(usage, x509.KeyUsage)
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    assert ca.not_valid_before_utc == NOW - DAY
    assert ca.not_valid_after_utc == NOW + 3650 * DAY
    ca.verify_directly_issued_by(ca)


@pytest.mark.parametrize(
    ("name", "hosts", "days", "purpose"),
    [
        ("server", ("broker.lan", "10.1.2.3"), 397, ExtendedKeyUsageOID.SERVER_AUTH),
        ("gateway.gw-01", (), 180, ExtendedKeyUsageOID.CLIENT_AUTH),
        ("hub", (), 180, ExtendedKeyUsageOID.CLIENT_AUTH),
        ("hub.3", (), 180, ExtendedKeyUsageOID.CLIENT_AUTH),
        ("board", (), 180, ExtendedKeyUsageOID.CLIENT_AUTH),
    ],
)
def test_a_holder_gets_one_purpose(
    authority: Authority, name: str, hosts: tuple[str, ...], days: int, purpose: x509.ObjectIdentifier
) -> None:
    pair = authority.issue(name, NOW, hosts=hosts)
    certificate = pair.x509
    certificate.verify_directly_issued_by(authority.certificate)
    assert [attribute.value for attribute in certificate.subject] == [name]
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == name
    assert extension(certificate, x509.ExtendedKeyUsage) == (False, x509.ExtendedKeyUsage([purpose]))
    assert extension(certificate, x509.BasicConstraints) == (True, x509.BasicConstraints(ca=False, path_length=None))
    critical, usage = extension(certificate, x509.KeyUsage)
    assert isinstance(usage, x509.KeyUsage)
    assert (critical, usage.digital_signature, usage.key_cert_sign, usage.key_encipherment) == (
        True,
        True,
        False,
        False,
    )
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert pair.hosts == hosts
    assert certificate.not_valid_before_utc == NOW - DAY
    assert certificate.not_valid_after_utc == NOW + days * DAY


def test_files_are_the_owner_s_only_and_nothing_half_written_stays(authority: Authority) -> None:
    authority.issue("hub", NOW)
    files = sorted(path for path in authority.folder.rglob("*") if path.is_file())
    assert [path.name for path in files if path.parent == authority.folder] == [
        "ca.crt", "ca.key", "crl.pem", "hub.crt", "hub.key",
    ]  # fmt: skip
    assert len(files) == 6
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (authority.folder, authority.folder / "issued")} == {0o700}


@pytest.mark.parametrize(
    "gateway", ["", "+", "#", "gw-b/obs", "gw b", "../hub", "-gw", "gw\n", "$SYS", "%u", "网关", "g" * 57]
)
def test_an_id_that_could_reach_into_another_s_topics_gets_no_certificate(authority: Authority, gateway: str) -> None:
    with pytest.raises(UsageError, match="found the id"):
        gateway_name(gateway)
    with pytest.raises(UsageError, match="accepted"):
        authority.issue(f"gateway.{gateway}", NOW)
    assert len(list((authority.folder / "issued").iterdir())) == 0


@pytest.mark.parametrize("name", ["ca", "gateway", "hub.", "hub.x", "hub.1/2", "board.1", "admin", "issued/x", "Hub"])
def test_nothing_is_issued_to_other_names(authority: Authority, name: str) -> None:
    key = (authority.folder / "ca.key").read_bytes()
    for call in (authority.issue, authority.renew, authority.revoke, authority.usable):
        with pytest.raises(UsageError, match=r"found the (name|id)"):
            call(name, NOW)
    assert (authority.folder / "ca.key").read_bytes() == key


def test_no_gateway_can_pass_for_the_hub() -> None:
    names = [hub_name(), hub_name(0), "board", *(gateway_name(g) for g in ("hub", "hub.0", "board", "server", "ca"))]
    assert len(set(names)) == len(names)


def test_an_authority_is_not_made_over_another(authority: Authority) -> None:
    before = {path: path.read_bytes() for path in authority.folder.glob("*.*")}
    with pytest.raises(UsageError, match=r"has an authority already \(ca.crt, ca.key\)"):
        Authority.create(authority.folder, NOW)
    assert {path: path.read_bytes() for path in authority.folder.glob("*.*")} == before


def test_a_certificate_is_not_issued_over_another(authority: Authority) -> None:
    pair = authority.issue("hub", NOW)
    before = pair.key.read_bytes(), pair.certificate.read_bytes()
    with pytest.raises(UsageError, match=r"hub has a certificate .* riverchief certs renew .* hub"):
        authority.issue("hub", NOW)
    assert (pair.key.read_bytes(), pair.certificate.read_bytes()) == before
    pair.certificate.unlink()
    with pytest.raises(UsageError, match="hub has a certificate"):
        authority.issue("hub", NOW)
    assert pair.key.read_bytes() == before[0]


def test_no_authority(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no authority in .*; make one with: riverchief certs init"):
        Authority(tmp_path)
    (tmp_path / "ca.crt").write_text("nonsense")
    (tmp_path / "crl.pem").write_text("nonsense")
    with pytest.raises(UsageError, match="cannot read the authority"):
        Authority(tmp_path)


@pytest.mark.parametrize("hosts", [("*.lan",), ("a b",), ("",), ("-x.lan",), ("代理",), ("a", "b/c"), ("h" * 64,)])
def test_hosts_that_are_none(authority: Authority, hosts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="found the host"):
        authority.issue("server", NOW, hosts=hosts)


def test_hosts_are_the_server_s(authority: Authority) -> None:
    for name, hosts in (("server", ()), ("hub", ("h",))):
        with pytest.raises(UsageError, match="found the hosts"):
            authority.issue(name, NOW, hosts=hosts)
    pair = authority.issue("server", NOW, hosts=("broker.lan", "127.0.0.1", "::1"))
    assert pair.hosts == ("broker.lan", "127.0.0.1", "::1")


def test_renewing_keeps_the_name_and_the_hosts_and_changes_the_key(authority: Authority) -> None:
    old = authority.issue("server", NOW, hosts=("broker.lan",))
    key = old.key.read_bytes()
    new = authority.renew("server", NOW + 380 * DAY)
    assert new.hosts == ("broker.lan",)
    assert new.key.read_bytes() != key
    assert new.x509.not_valid_after_utc == NOW + (380 + 397) * DAY
    assert authority.usable("server", NOW + 380 * DAY).x509 == new.x509
    assert not authority.is_revoked(old.x509)
    assert states(authority, NOW + 380 * DAY)[1:] == [("server", 17, "replaced"), ("server", 397, "good")]
    with pytest.raises(UsageError, match=r"no certificate for hub in .*; issue one with: .* --hub$"):
        authority.renew("hub", NOW)


def test_a_renewal_that_was_cut_off_is_seen_and_healed(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.issue("hub", NOW)
    replace_file = certs.replace_file

    def dies_at_the_certificate(path: Path, data: bytes) -> None:
        if path.suffix == ".crt":
            raise OSError(28, "No space left on device", str(path))
        replace_file(path, data)

    monkeypatch.setattr(certs, "replace_file", dies_at_the_certificate)
    with pytest.raises(UsageError, match="No space left on device"):
        authority.renew("hub", NOW)
    monkeypatch.undo()
    assert ("hub", 180, "broken") in states(authority, NOW)
    assert authority.due(NOW) == ["hub"]
    with pytest.raises(UsageError, match="is broken; renew it with"):
        authority.usable("hub", NOW)
    authority.renew("hub", NOW)
    assert authority.usable("hub", NOW)
    # The certificate that nobody ever got is on record and can be revoked with the others.
    assert authority.revoke("hub", NOW) == 3


def test_revoking_takes_everything_that_a_holder_was_ever_given(authority: Authority) -> None:
    first = authority.issue("gateway.gw-01", NOW)
    second = authority.renew("gateway.gw-01", NOW)
    other = authority.issue("gateway.gw-02", NOW)
    assert authority.revoke("gateway.gw-01", NOW + DAY) == 2
    assert [authority.is_revoked(pair.x509) for pair in (first, second, other)] == [True, True, False]
    assert not second.key.exists()
    assert not second.certificate.exists()
    with pytest.raises(UsageError, match="nothing to revoke"):
        authority.revoke("gateway.gw-01", NOW + DAY)
    third = authority.issue("gateway.gw-01", NOW + DAY)
    assert authority.usable("gateway.gw-01", NOW + DAY).x509 == third.x509
    assert not authority.is_revoked(third.x509)
    assert [state for _, _, state in states(authority, NOW + DAY)[1:]] == ["revoked", "revoked", "good", "good"]


def test_the_list_of_revocations_grows_and_never_goes_out_of_date(authority: Authority) -> None:
    for name in ("hub", "board"):
        authority.issue(name, NOW)
    stale = Authority(authority.folder)  # as another process would have it
    authority.revoke("hub", NOW + DAY)
    stale.revoke("board", NOW + 2 * DAY)
    crl = x509.load_pem_x509_crl((authority.folder / "crl.pem").read_bytes())
    assert sorted(entry.revocation_date_utc for entry in crl) == [NOW + DAY, NOW + 2 * DAY]
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 3
    assert crl.next_update_utc == authority.certificate.not_valid_after_utc
    key = authority.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(key)


def test_the_list_counts_days(authority: Authority) -> None:
    authority.issue("hub", NOW)
    authority.issue("board", NOW, days=10)
    assert states(authority, NOW) == [("ca", 3650, "good"), ("board", 10, "due"), ("hub", 180, "good")]
    hub = {days: states(authority, NOW + days * DAY)[2] for days in (150, 151, 180)}
    assert hub == {150: ("hub", 30, "good"), 151: ("hub", 29, "due"), 180: ("hub", 0, "due")}
    later = NOW + 180 * DAY + timedelta(seconds=1)
    assert states(authority, later)[1:] == [("board", -171, "expired"), ("hub", -1, "expired")]
    authority.renew("hub", later)
    assert [name for name, _, _ in states(authority, later)] == ["ca", "board", "hub"]
    assert authority.due(later) == ["board"]


def test_what_can_be_handed_out(authority: Authority) -> None:
    pair = authority.issue("gateway.gw-01", NOW, days=40)
    assert authority.usable("gateway.gw-01", NOW + 10 * DAY, days=30).x509 == pair.x509
    with pytest.raises(UsageError, match=r"about to expire: 29 days left, at least 30 wanted; renew it with: .*gw-01"):
        authority.usable("gateway.gw-01", NOW + 11 * DAY, days=30)
    with pytest.raises(UsageError, match="is expired; renew it with"):
        authority.usable("gateway.gw-01", NOW + 41 * DAY)
    with pytest.raises(UsageError, match=r"no certificate for gateway.gw-02 .* --gateway gw-02$"):
        authority.usable("gateway.gw-02", NOW)
    key = authority.issue("hub", NOW).key.read_bytes()
    pair.key.write_bytes(key)
    with pytest.raises(UsageError, match="is broken"):
        authority.usable("gateway.gw-01", NOW)


def test_another_authority_s_certificate_is_not_handed_out(authority: Authority, tmp_path: Path) -> None:
    foreign = Authority.create(tmp_path / "other", NOW).issue("hub", NOW)
    for path in (foreign.certificate, foreign.key):
        (authority.folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match="is broken"):
        authority.usable("hub", NOW)


def test_nothing_outlives_the_authority(authority: Authority) -> None:
    end = authority.certificate.not_valid_after_utc
    assert authority.issue("hub", end - 10 * DAY).x509.not_valid_after_utc == end
    with pytest.raises(UsageError, match="has expired"):
        authority.issue("board", end)
    with pytest.raises(UsageError, match="found a validity of 826 days"):
        authority.issue("board", NOW, days=826)


def contexts(authority: Authority, server: str, client: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Both sides as strict as the broker and our clients are."""
    folder = authority.folder
    there = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(folder / f"{server}.crt", folder / f"{server}.key")
    there.load_verify_locations(folder / "ca.crt")
    there.load_verify_locations(folder / "crl.pem")
    there.verify_mode = ssl.CERT_REQUIRED
    there.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
    here = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    here.load_cert_chain(folder / f"{client}.crt", folder / f"{client}.key")
    here.verify_flags |= ssl.VERIFY_X509_STRICT
    return there, here


def shake_hands(authority: Authority, server: str, client: str, host: str = "broker.lan") -> str:
    """One handshake without a socket; what the server knows the client as."""
    there, here = contexts(authority, server, client)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        here.wrap_bio(to_client, to_server, server_hostname=host),
        there.wrap_bio(to_server, to_client, server_side=True),
    ]
    for turn in range(8):
        try:
            sides[turn % 2].do_handshake()
        except ssl.SSLWantReadError:
            continue
    certificate = sides[1].getpeercert()
    assert certificate is not None
    return dict(pairs[0] for pairs in certificate["subject"])["commonName"]


@pytest.fixture
def living(tmp_path: Path) -> Authority:
    """An authority of this moment: handshakes look at the real clock."""
    now = datetime.now(UTC)
    authority = Authority.create(tmp_path / "certs", now)
    authority.issue("server", now, hosts=("broker.lan", "127.0.0.1"))
    authority.issue("gateway.gw-01", now)
    return authority


def test_both_sides_know_each_other(living: Authority) -> None:
    assert shake_hands(living, "server", "gateway.gw-01") == "gateway.gw-01"
    assert shake_hands(living, "server", "gateway.gw-01", "127.0.0.1") == "gateway.gw-01"


def test_a_broker_elsewhere_is_refused(living: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(living, "server", "gateway.gw-01", "broker.evil")


def test_a_gateway_s_certificate_cannot_play_the_broker(living: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unsuitable certificate purpose"):
        shake_hands(living, "gateway.gw-01", "gateway.gw-01")


def test_the_broker_s_certificate_cannot_play_a_gateway(living: Authority) -> None:
    with pytest.raises(ssl.SSLError, match="unsuitable certificate purpose"):
        shake_hands(living, "server", "server")


def test_what_was_revoked_or_has_expired_does_not_get_in(living: Authority) -> None:
    now = datetime.now(UTC)
    living.issue("hub", now - 200 * DAY)
    with pytest.raises(ssl.SSLError, match="expired"):
        shake_hands(living, "server", "hub")
    pair = living.issue("board", now)
    saved = {path: path.read_bytes() for path in (pair.certificate, pair.key)}
    assert shake_hands(living, "server", "board") == "board"
    living.revoke("board", now)
    for path, data in saved.items():
        path.write_bytes(data)
    with pytest.raises(ssl.SSLError, match="revoked"):
        shake_hands(living, "server", "board")


def test_the_command(monkeypatch, capsys, tmp_path: Path) -> None:
    folder = str(tmp_path / "c")
    assert run(monkeypatch, capsys, "certs", "init", folder)[0] == 0
    words = ("--server", "broker.lan", "--server", "127.0.0.1", "--gateway", "gw-01", "--gateway", "gw-02")
    code, out, _ = run(monkeypatch, capsys, "certs", "issue", folder, *words, "--hub", "--board")
    assert (code, out.count(" until ")) == (0, 5)
    assert run(monkeypatch, capsys, "certs", "issue", folder, "--hub", "--shard", "2", "--days", "9")[0] == 0
    assert run(monkeypatch, capsys, "certs", "revoke", folder, "gateway.gw-02")[0] == 0
    code, out, _ = run(monkeypatch, capsys, "certs", "list", folder)
    lines = [line.split() for line in out.splitlines()]
    assert [(line[0], line[4]) for line in lines] == [
        ("ca", "good"), ("board", "good"), ("gateway.gw-01", "good"), ("gateway.gw-02", "revoked"), ("hub", "good"),
        ("hub.2", "due"), ("server", "good"),
    ]  # fmt: skip
    assert lines[-1][5:] == ["broker.lan,", "127.0.0.1"]
    assert lines[2][1:3] == ["179", "days"]
    code, out, _ = run(monkeypatch, capsys, "certs", "renew", folder)
    assert (code, out.count("hub.2.crt")) == (0, 1)
    assert run(monkeypatch, capsys, "certs", "renew", folder)[1] == "Nothing is due.\n"


def test_the_command_says_what_is_wrong(monkeypatch, capsys, tmp_path: Path) -> None:
    folder = str(tmp_path / "c")
    code, out, err = run(monkeypatch, capsys, "certs", "list", folder)
    assert (code, out) == (1, "")
    assert err == f"riverchief: no authority in {folder}; make one with: riverchief certs init {folder}\n"
    assert run(monkeypatch, capsys, "certs", "init", folder)[0] == 0
    for words, text in {
        ("issue", folder): "say for whom",
        ("issue", folder, "--shard", "1"): "--shard goes with --hub",
        ("revoke", folder): "Missing argument",
    }.items():
        code, _, err = run(monkeypatch, capsys, "certs", *words)
        assert code == 2
        assert text in err
    code, _, err = run(monkeypatch, capsys, "certs", "issue", folder, "--gateway", "gw-b/obs")
    assert code == 1
    assert err.startswith("riverchief: found the id 'gw-b/obs'; accepted: ")
