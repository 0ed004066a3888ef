"""A private certificate authority in a folder: who may speak to the broker, and as whom.

Files of the folder, readable by their owner only::

    ca.crt ca.key           the authority; whoever has the key can be anybody, so the folder lives on no gateway
    crl.pem                 what was revoked; never missing, because the broker wants one
    NAME.crt NAME.key       what a holder uses now: server, hub, hub.0, board, operator, gateway.gw-01
    issued/SERIAL.crt       every certificate that was ever issued, so that all of a holder's can be revoked

The name of a holder is the common name of its certificate and its user name at the broker. It begins with what the
holder is, and an id of a site has no dot in it: no gateway, however it is called, can pass for the hub.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from collectors import wire
from deploy.broker import x509_forms as forms
from deploy.broker.private_files import locked, replace_file, write_new
from sensors.errors import UsageError

#: How long things are valid [days]. Somebody carries a gateway's certificate to the river, so it lasts half a year;
#: the authority outlives the hardware.
CA_DAYS, SERVER_DAYS, CLIENT_DAYS = 3650, 397, 180

#: Longest validity of a holder's certificate [days].
MOST_DAYS = 825

#: With fewer days left a certificate is due for renewal.
DUE_DAYS = 30

#: Certificates begin this much in the past: a box whose clock is somewhat behind must not refuse a fresh one.
BACKDATED = timedelta(days=1)

SERVER, HUB, BOARD, OPERATOR, GATEWAY = "server", "hub", "board", "operator", "gateway"


def gateway_name(gateway: str) -> str:
    """Name of a gateway as a holder.

    Raises
    ------
    UsageError
        If the id could reach outside its own place in the topic tree, or is too long.
    """
    # A name such as `gw-b/obs` or `+` crosses into other people's topics wherever a broker fills names into patterns.
    most = forms.LONGEST_NAME - len(GATEWAY) - 1
    if not wire.ID.fullmatch(gateway) or len(gateway) > most:
        raise UsageError(f"found the id {gateway!r:.80}; accepted: {wire.ID.pattern}, at most {most} characters")
    return f"{GATEWAY}.{gateway}"


def hub_name(shard: int | None = None) -> str:
    """Name of the hub that takes every shard, or of one that takes a single shard."""
    return HUB if shard is None else f"{HUB}.{shard}"


def _how_to_issue(name: str) -> str:
    """Option of `riverchief certs issue` for a holder.

    Raises
    ------
    UsageError
        If nothing is ever issued to such a name.
    """
    kind, dot, rest = name.partition(".")
    if name == SERVER:
        return "--server HOST"
    if name in (HUB, BOARD, OPERATOR):
        return f"--{name}"
    if kind == HUB and rest.isascii() and rest.isdigit() and len(rest) < 6:
        return f"--hub --shard {rest}"
    if kind == GATEWAY and dot and name == gateway_name(rest):
        return f"--gateway {rest}"
    raise UsageError(f"found the name {name!r:.80}; accepted: server, hub, hub.SHARD, board, operator, gateway.ID")


@dataclass(frozen=True, slots=True)
class Pair:
    """What a holder uses now.

    Attributes
    ----------
    name : str
    certificate, key : Path
    x509 : cryptography.x509.Certificate
    """

    name: str
    certificate: Path
    key: Path
    x509: x509.Certificate

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names and addresses that a server's certificate is good for."""
        return forms.hosts_of(self.x509)


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate of the list.

    Attributes
    ----------
    name : str
    until : datetime
        In UTC.
    days_left : int
        Whole days; negative where it has expired.
    state : str
        ``good``, ``due``, ``expired``, ``revoked``, ``replaced`` (valid, but not what the holder uses now) or
        ``broken`` (key and certificate do not belong together).
    hosts : tuple of str
    """

    name: str
    until: datetime
    days_left: int
    state: str
    hosts: tuple[str, ...] = ()


class Authority:
    """The authority of a folder.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    UsageError
        If there is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
            self._crl = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes())
        except FileNotFoundError:
            raise UsageError(f"no authority in {folder}; make one with: riverchief certs init {folder}") from None
        except (ValueError, OSError) as error:
            raise UsageError(f"cannot read the authority in {folder}: {error}") from None

    @classmethod
    def create(cls, folder: Path, now: datetime, days: int = CA_DAYS) -> Authority:
        """Make a new authority; never over another.

        Raises
        ------
        UsageError
            If the folder has one, or cannot be written.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make {folder}: {error.strerror}") from None
        with locked(folder):
            there = [name for name in ("ca.crt", "ca.key") if (folder / name).exists()]
            if there:
                raise UsageError(
                    f"{folder} has an authority already ({', '.join(there)}); a new one would shut every gateway out"
                )
            key = forms.new_key()
            # With a name of its own, so that two authorities can be told apart in a log.
            name = f"RiverChief CA {secrets.token_hex(4)}"
            certificate = forms.authority(name, key, now - BACKDATED, now + timedelta(days=days))
            (folder / "issued").mkdir(mode=0o700, exist_ok=True)
            crl = forms.revocations((), 1, now, by=(certificate, key))
            write_new(folder / "ca.key", forms.key_pem(key))
            replace_file(folder / "crl.pem", forms.crl_pem(crl))
            # Last: a folder that has this is whole.
            write_new(folder / "ca.crt", forms.certificate_pem(certificate))
        return cls(folder)

    def issue(self, name: str, now: datetime, *, hosts: Sequence[str] = (), days: int | None = None) -> Pair:
        """Issue a key and a certificate to a holder that has none.

        Parameters
        ----------
        name : str
            ``server``, ``board``, or what `gateway_name` or `hub_name` says.
        now : datetime
            With a time zone.
        hosts : sequence of str
            Of the server: the DNS names and addresses by which it is reached.
        days : int, optional
            Validity; shorter where the authority ends before.

        Raises
        ------
        UsageError
            If it has one, the name or a host is none, or the authority has expired.
        """
        how = _how_to_issue(name)
        if (name == SERVER) != bool(hosts):
            raise UsageError(f"found the hosts {hosts!r} for {name}; accepted: at least one for {SERVER}, else none")
        with locked(self.folder):
            certificate, key = self._paths(name)
            if certificate.exists() or key.exists():
                raise UsageError(
                    f"{name} has a certificate ({certificate}); renew it with: riverchief certs renew {self.folder} "
                    f"{name}, or revoke it first and then issue with {how}"
                )
            return self._issue(name, now, hosts, days)

    def renew(self, name: str, now: datetime, *, days: int | None = None) -> Pair:
        """Give a holder a new key and certificate; the old one stays valid until it ends.

        Raises
        ------
        UsageError
            If it has none, or the authority has expired.
        """
        with locked(self.folder):
            old = self.pair(name)
            if old is None:
                raise UsageError(self._missing(name))
            return self._issue(name, now, old.hosts, days)

    def _issue(self, name: str, now: datetime, hosts: Sequence[str], days: int | None) -> Pair:
        days = days or (SERVER_DAYS if hosts else CLIENT_DAYS)
        if days > MOST_DAYS:
            raise UsageError(f"found a validity of {days} days; accepted: up to {MOST_DAYS}")
        end = min(now + timedelta(days=days), self.certificate.not_valid_after_utc)
        if end <= now:
            raise UsageError(f"the authority in {self.folder} has expired; make another in a new folder")
        key, by = forms.new_key(), (self.certificate, self._key())
        certificate = forms.holder(name, key, now - BACKDATED, end, by=by, hosts=hosts)
        pem = forms.certificate_pem(certificate)
        # Recorded before anybody can use it: what has no record could never be revoked.
        write_new(self.folder / "issued" / f"{certificate.serial_number:040x}.crt", pem)
        paths = self._paths(name)
        replace_file(paths[1], forms.key_pem(key))
        replace_file(paths[0], pem)
        return Pair(name, *paths, certificate)

    def revoke(self, name: str, now: datetime) -> int:
        """Revoke every certificate that a holder was given and that is still valid; its present pair is removed.

        Returns
        -------
        int
            How many.

        Raises
        ------
        UsageError
            If there is none.
        """
        paths = self._paths(name)
        with locked(self.folder):
            self._crl = x509.load_pem_x509_crl((self.folder / "crl.pem").read_bytes())  # another may have been quicker
            known = {entry.serial_number: entry.revocation_date_utc for entry in self._crl}
            fresh = {
                certificate.serial_number: now
                for certificate in self._issued()
                if forms.common_name(certificate) == name
                and certificate.serial_number not in known
                and certificate.not_valid_after_utc > now
            }
            if not fresh:
                raise UsageError(f"nothing to revoke: no certificate of {self.folder} for {name} is still valid")
            number = self._crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number + 1
            crl = forms.revocations({**known, **fresh}.items(), number, now, by=(self.certificate, self._key()))
            replace_file(self.folder / "crl.pem", forms.crl_pem(crl))
            self._crl = crl
            for path in paths:
                path.unlink(missing_ok=True)
        return len(fresh)

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Whether the list of revocations has a certificate."""
        return self._crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None

    def pair(self, name: str) -> Pair | None:
        """What a holder uses now; None where it was given nothing.

        Raises
        ------
        UsageError
            If the name is none, or its certificate cannot be read.
        """
        paths = self._paths(name)
        try:
            return Pair(name, *paths, x509.load_pem_x509_certificate(paths[0].read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            raise UsageError(f"cannot read {paths[0]}: {error}") from None

    def usable(self, name: str, now: datetime, *, days: int = 0) -> Pair:
        """What a holder uses now, if it can be handed out.

        Raises
        ------
        UsageError
            If there is none, it is revoked or broken, or it has fewer than `days` days left.
        """
        pair = self.pair(name)
        if pair is None:
            raise UsageError(self._missing(name))
        entry = self._entry(pair.x509, pair, now)
        how = f"renew it with: riverchief certs renew {self.folder} {name}"
        if entry.state in ("revoked", "broken", "expired"):
            raise UsageError(f"{pair.certificate} is {entry.state}; {how}")
        if entry.days_left < days:
            raise UsageError(
                f"{pair.certificate} is about to expire: {entry.days_left} days left, at least {days} wanted; {how}"
            )
        return pair

    def entries(self, now: datetime) -> list[Entry]:
        """The authority, then every certificate that is in use or has not expired, by name and end."""
        until = self.certificate.not_valid_after_utc
        days = (until - now).days
        found: list[Entry] = []
        for certificate in self._issued():
            pair = self.pair(forms.common_name(certificate))
            entry = self._entry(certificate, pair, now)
            if entry.state != "expired" or (pair is not None and pair.x509 == certificate):
                found.append(entry)
        found.sort(key=lambda entry: (entry.name, entry.until))
        return [Entry("ca", until, days, _age(days)), *found]

    def due(self, now: datetime) -> list[str]:
        """Holders whose present certificate must be renewed."""
        return [entry.name for entry in self.entries(now)[1:] if entry.state in ("due", "expired", "broken")]

    def _entry(self, certificate: x509.Certificate, pair: Pair | None, now: datetime) -> Entry:
        until = certificate.not_valid_after_utc
        days = (until - now).days
        state = _age(days)
        if self.is_revoked(certificate):
            state = "revoked"
        elif pair is None or pair.x509 != certificate:
            state = state if state == "expired" else "replaced"
        elif not self._is_whole(pair):
            state = "broken"
        return Entry(forms.common_name(certificate), until, days, state, forms.hosts_of(certificate))

    def _is_whole(self, pair: Pair) -> bool:
        # A renewal that was cut off in the middle leaves the new key beside the old certificate.
        try:
            return forms.belong_together(pair.x509, pair.key.read_bytes(), self.certificate)
        except OSError:
            return False

    def _issued(self) -> Iterator[x509.Certificate]:
        for path in sorted((self.folder / "issued").glob("*.crt")):
            yield x509.load_pem_x509_certificate(path.read_bytes())

    def _missing(self, name: str) -> str:
        return (
            f"no certificate for {name} in {self.folder}; "
            f"issue one with: riverchief certs issue {self.folder} {_how_to_issue(name)}"
        )

    def _paths(self, name: str) -> tuple[Path, Path]:
        _how_to_issue(name)  # or `ca` would be a holder, and its renewal the end of the authority
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def _key(self) -> forms.Key:
        try:
            return forms.load_key((self.folder / "ca.key").read_bytes())
        except (ValueError, TypeError, OSError) as error:
            raise UsageError(f"cannot read the authority's key in {self.folder}: {error}") from None


def _age(days: int) -> str:
    if days < 0:
        return "expired"
    return "due" if days < DUE_DAYS else "good"
