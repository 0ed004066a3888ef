"""`riverchief doctor`: looks whether this installation is whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sensors.durations import DAY_MS

if TYPE_CHECKING:
    from deploy.doctor.checks import Examine, Finding

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

#: How far deadlines that are given now may reach [d].
_AHEAD_DAYS = 30


@click.command()
@click.option("--site", type=_FOLDER, help="The site's folder.")
@click.option("--store", help="Where the hub keeps readings.")
@click.option("--books", envvar="RIVERCHIEF_BOOKS", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
@click.option("--files", type=_FOLDER, help="Folder of photos and documents, where the books are on a server.")
@click.option("--data", type=_FOLDER, help="Folder of a gateway's spools.")
@click.option("--broker", help="mqtt://HOST:PORT, or mqtts://HOST:PORT.")
@click.option("--ca", type=_FILE, help="Authority that vouches for the broker.")
@click.option("--cert", type=_FILE, help="Certificate with which this machine's service speaks to the broker.")
@click.option("--key", type=_FILE, help="Its private key.")
@click.option("--certs", type=click.Path(path_type=Path), multiple=True,
              help="Certificate, or folder of them; may be given often.")  # fmt: skip
@click.option("--channels", type=_FILE, envvar="RIVERCHIEF_CHANNELS", help="The channels file.")
@click.option("--ntp", metavar="HOST", help="Time server to compare this clock with.")
@click.option("--ready", metavar="HOST:PORT", multiple=True,
              help="Service with --metrics on that address; may be given often.")  # fmt: skip
@click.option("--lock", type=_FILE, help="uv.lock, or the requirements that came with the wheels.")
@click.option("--quick", is_flag=True, help="Do not hash every installed file.")
@click.option("--deep", is_flag=True, help="Look for damage in every page of store and books; slow.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    ctx: click.Context, site: Path | None, store: str | None, books: str | None, files: Path | None, data: Path | None,
    broker: str | None, ca: Path | None, cert: Path | None, key: Path | None, certs: tuple[Path, ...],
    channels: Path | None, ntp: str | None, ready: tuple[str, ...], lock: Path | None, quick: bool, deep: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Look at this installation and change nothing; exit code 0 whole, 1 warnings, 2 faults.

    What is not given is not looked at.
    """
    from collectors.clock import machine_ms
    from deploy.broker.tls import TlsFiles
    from deploy.doctor import checks, kept, packages, wire

    now_ms = machine_ms()
    places = [path for path in (_path(store), _path(books), files, data, site) if path is not None]
    secret = [path for path in (_path(books), channels, key) if path is not None]
    written = [path for path in (_home(store), _home(books), files, data) if path is not None]
    looks: dict[str, Examine] = {
        "versions": checks.versions,
        "origin": packages.origins,
        "lock": partial(packages.locked, lock),
    }
    if not quick:
        looks["files"] = packages.files
    if site is not None:
        looks["site"] = partial(_site, site)
    if channels is not None:
        looks["channels"] = partial(_channels, site, channels)
    if store is not None:
        looks["store"] = partial(kept.store, store, now_ms, deep=deep)
    if books is not None:
        looks["books"] = partial(kept.books, books, files, deep=deep)
        if site is not None:
            looks["calendar"] = partial(_calendar, site, now_ms)
    if data is not None:
        looks["spool"] = partial(kept.spools, data, now_ms)
    if broker is not None:
        looks["broker"] = partial(wire.broker, broker, TlsFiles(ca, cert, key))
    paths = [*certs, *([cert] if cert is not None else [])]
    if paths:
        looks["certificates"] = partial(wire.certificates, paths, wire.now())
    looks["clock"] = partial(wire.clock, ntp)
    looks["disk"] = partial(checks.disks, places or [Path()])
    looks["permissions"] = partial(checks.permissions, secret, written)
    if ready:
        looks["service"] = partial(wire.services, ready)
    findings: list[Finding] = []
    for name, look in looks.items():
        findings += checks.examined(name, look)
    code = checks.worst(findings)
    if as_json:
        told = {"exit": code, "findings": [one.as_dict() for one in findings]}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(checks.table(findings))
    ctx.exit(code)


def _site(folder: Path) -> Iterator[Finding]:
    from deploy.doctor.checks import good
    from deploy.site.check import check_site

    found = check_site(folder)
    yield good("site", f"{found.id}: {len(found.stations)} stations, {len(found.gateways)} gateways, no mistake")


def _channels(site: Path | None, path: Path) -> Iterator[Finding]:
    from dashboard.alerts.contacts import load_outside
    from deploy.doctor.checks import Finding, good
    from sensors.site import load_site

    if site is None:
        yield Finding("channels", "skipped", "the channels file goes with a site", "give --site as well")
        return
    outside = load_outside(path, load_site(site))
    if outside.channels:
        yield good("channels", f"{len(outside.channels)} channels, {len(outside.contacts)} contacts")
    else:
        yield Finding("channels", "warning", "there is no channel: nobody is told", "docs/alerts.md says how")


def _calendar(folder: Path, now_ms: int) -> Iterator[Finding]:
    """Whether the days off of the deadlines that are given now are known."""
    from dashboard.casework.desk import Desk
    from deploy.doctor.checks import Finding, good
    from sensors.site import load_site

    years = Desk.of(load_site(folder)).calendar.unannounced(now_ms, now_ms + _AHEAD_DAYS * DAY_MS)
    if not years:
        yield good("calendar", f"the days off of the next {_AHEAD_DAYS} days are known")
        return
    yield Finding(
        "calendar", "warning",
        f"the days off of {', '.join(map(str, years))} are not known: deadlines there may be off by them",
        "a newer package `holidays`, or [calendar] in casework.toml: docs/casework.md",
    )  # fmt: skip


def _path(url: str | None) -> Path | None:
    """File of an SQLite URL."""
    scheme, found, path = (url or "").partition("?")[0].partition(":///")
    return Path(path) if found and scheme == "sqlite" and path else None


def _home(url: str | None) -> Path | None:
    path = _path(url)
    return path.parent if path is not None else None
