"""`riverchief alert`: run the alert service, try channels out, look at alerts and at what could not be delivered."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deploy.office.books_command import opened

if TYPE_CHECKING:
    from dashboard.alerts.sender import Office

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False)

_site = click.option("--site", type=_FOLDER, required=True, help="The site's folder, with its alerts.toml.")
_books = click.option("--books", required=True, envvar="RIVERCHIEF_BOOKS",
                      help="sqlite:///PATH or postgresql://USER@HOST/NAME.")  # fmt: skip
_channels = click.option("--channels", type=_FILE, envvar="RIVERCHIEF_CHANNELS", required=True,
                         help="Channels, secrets and contacts; a file outside the site's folder.")  # fmt: skip
_files = click.option("--files", type=click.Path(path_type=Path, file_okay=False),
                      help="Folder of photos and documents, where the books are on a server.")  # fmt: skip


@click.group()
def command() -> None:
    """Tell people: run the service, try channels out, see what was told and what could not be delivered."""


@command.command()
@_site
@click.option("--store", required=True, help="Where the hub keeps readings, e.g. sqlite:///var/xietang/store.sqlite.")
@_books
@click.option("--channels", type=_FILE, envvar="RIVERCHIEF_CHANNELS",
              help="Channels, secrets and contacts. Without it, alerts are raised and nobody is told.")  # fmt: skip
@_files
@click.option(
    "--hub",
    "hubs",
    multiple=True,
    default=("all",),
    show_default=True,
    metavar="LABEL",
    help="Hub process that has to be running: all, judge, or its shards as in 0.2; may be given often.",
)
@click.option("--listen", metavar="HOST:PORT",
              help="Serve the page on which alerts are acknowledged; alerts.toml has its address.")  # fmt: skip
@click.option("--metrics", metavar="HOST:PORT", envvar="RIVERCHIEF_METRICS",
              help="Serve /metrics, /healthz and /readyz there.")  # fmt: skip
def run(
    site: Path, store: str, books: str, channels: Path | None, files: Path | None, hubs: tuple[str, ...],
    listen: str | None, metrics: str | None,
) -> None:  # fmt: skip
    """Open cases, watch deadlines, raise alerts and deliver them, until told to stop."""
    from deploy.office.alerts import serve

    serve(site, store, books, channels, files=files, hubs=hubs, listen=listen, metrics=metrics)


@command.command()
@click.argument("name", metavar="CHANNEL|ACCOUNT")
@_site
@_channels
@click.option("--books", envvar="RIVERCHIEF_BOOKS", help="Where accounts are; offices need none.")
@_files
@click.option("--to", default="-", show_default=True,
              help="Address on the channel: a mobile number, a mail address; - for nobody.")  # fmt: skip
def test(name: str, site: Path, channels: Path, books: str | None, files: Path | None, to: str) -> None:
    """Send a message that is marked as a test, now, and print what each channel answers.

    NAME is a channel of the channels file, an account of the books, or a contact key of people.csv.
    """
    import asyncio

    from dashboard.alerts.contacts import load_outside
    from dashboard.alerts.settings import load_alerts
    from dashboard.casework.desk import Desk
    from deploy.office.alerts import try_channels
    from sensors.errors import UsageError
    from sensors.site import load_site

    where = load_site(site)
    settings, outside = load_alerts(where), load_outside(channels, where)
    ways = {name: to} if name in outside.channels else _contacts(name, books, files) or outside.contacts.get(name)
    if not ways:
        known = ", ".join(outside.channels) or "there are none"
        hint = "" if books else "; accounts are looked for where --books is given"
        raise UsageError(f"{name} is neither a channel ({known}) nor somebody with contacts{hint}")
    desk = Desk.of(where, language=settings.language)
    failed = False
    for channel, answer in asyncio.run(try_channels(desk, settings, outside, ways, _now_ms())):
        failed |= not answer.ok
        click.echo(f"{channel}: {'delivered' if answer.ok else 'NOT delivered'}: {answer.text}")
    if failed:
        raise click.exceptions.Exit(1)


@command.command("list")
@_site
@_books
@_files
@click.option("--all", "everything", is_flag=True, help="Cleared ones too, the newest 200.")
def list_(site: Path, books: str, files: Path | None, everything: bool) -> None:
    """List open alerts, and who was told."""
    from sqlalchemy import select

    from dashboard.casework.tables.alerts import Alert

    query = select(Alert).order_by(Alert.id.desc()).limit(200)
    if not everything:
        query = select(Alert).where(Alert.cleared_ms.is_(None)).order_by(Alert.id)

    def show(office: Office, session: Any) -> None:
        count = 0
        for alert in session.scalars(query):
            count += 1
            states = sorted({f"{one.account}/{one.channel} {one.state}" for one in alert.messages})
            ack = f", acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
            over = f", over since {office.desk.calendar.minute(alert.cleared_ms)}" if alert.cleared_ms else ""
            raised = office.desk.calendar.minute(alert.raised_ms)
            click.echo(
                f"{alert.id:6}  {raised}  {alert.severity:8}  {alert.kind:16}  {alert.title}"
                f"{ack}{over}; {', '.join(states) or 'nobody was told'}"
            )
        if not count:
            click.echo("There are no alerts.")

    _with_books(site, books, files, show)


@command.command()
@click.argument("number", type=int)
@_site
@_books
@_files
@click.option("--by", required=True, help="Account, or contact key of people.csv, that takes it on.")
def ack(number: int, site: Path, books: str, files: Path | None, by: str) -> None:
    """Acknowledge alert NUMBER of `alert list`, so that nobody else is called."""
    from dashboard.alerts.acknowledging import acknowledge
    from dashboard.casework.tables.accounts import Account
    from dashboard.casework.tables.alerts import Alert
    from sensors.errors import UsageError

    def take(office: Office, session: Any) -> None:
        known = {person.contact_key for person in office.desk.site.people}
        if by not in known and session.get(Account, by) is None:
            raise UsageError(f"--by {by!r}: found no such account; accepted: an account, or {', '.join(sorted(known))}")
        alert = session.get(Alert, number)
        if alert is None:
            raise UsageError(f"there is no alert {number}")
        if acknowledge(session, alert, by, _now_ms()):
            click.echo(f"{number} acknowledged by {by}")
        else:
            click.echo(f"{number} was acknowledged by {alert.acknowledged_by} already")

    _with_books(site, books, files, take, actor=by)


@command.command()
@_site
@_books
@_files
@click.option("--requeue", "ids", type=int, multiple=True, metavar="MESSAGE", help="Try this one again.")
@click.option("--requeue-all", is_flag=True, help="Try all of them again.")
def dead(site: Path, books: str, files: Path | None, ids: tuple[int, ...], requeue_all: bool) -> None:
    """List messages that were given up, with the last answer; or try them again."""
    from dashboard.alerts.outbox import dead as given_up
    from dashboard.alerts.outbox import requeue

    def show(office: Office, session: Any) -> None:
        rows = given_up(session)
        for message, alert, last in rows:
            when = office.desk.calendar.minute(last.time_ms) if last else "never tried"
            click.echo(f"{message.id:6}  {message.account} over {message.channel}: {alert.title}")
            click.echo(f"        {message.attempts} tries, last {when}: {last.answer if last else ''}")
        if not rows:
            click.echo("Nothing was given up.")

    def again(_office: Office, session: Any) -> None:
        click.echo(f"{requeue(session, None if requeue_all else ids, _now_ms())} messages wait again")

    if ids or requeue_all:
        _with_books(site, books, files, again, actor="riverchief")
    else:
        _with_books(site, books, files, show)


@command.command()
@click.argument("number", type=int)
@_site
@_books
@_files
@_channels
def why(number: int, site: Path, books: str, files: Path | None, channels: Path) -> None:
    """Say who alert NUMBER is for, who of them cannot be reached, and what became of each message."""
    from dashboard.alerts.why import why as reasons
    from dashboard.casework.tables.alerts import Alert
    from sensors.errors import UsageError

    def tell(office: Office, session: Any) -> None:
        alert = session.get(Alert, number)
        if alert is None:
            raise UsageError(f"there is no alert {number}")
        for line in reasons(session, office, alert, _now_ms()):
            click.echo(line)

    _with_books(site, books, files, tell, channels=channels)


def _with_books(
    site: Path, url: str, files: Path | None, work: Callable[[Office, Any], None], *, actor: str = "",
    channels: Path | None = None,
) -> None:  # fmt: skip
    """Do something with books that there are; with an actor, a change. Only `run` begins books."""
    from dashboard.alerts.contacts import Outside, load_outside
    from dashboard.alerts.sender import Office
    from dashboard.alerts.settings import load_alerts
    from dashboard.casework.desk import Desk
    from sensors.site import load_site

    where = load_site(site)
    settings = load_alerts(where)
    outside = load_outside(channels, where) if channels is not None else Outside()
    with opened(url, files, must_exist=True) as books:
        office = Office(books, Desk.of(where, language=settings.language), settings, outside)
        with books.change(actor, _now_ms(), "riverchief alert") if actor else books.read() as session:
            work(office, session)


def _contacts(name: str, url: str | None, files: Path | None) -> dict[str, str]:
    from dashboard.casework.tables.accounts import Account

    if url is None:
        return {}
    with opened(url, files, must_exist=True) as books, books.read() as session:
        account = session.get(Account, name)
        return dict(account.contacts) if account is not None else {}


def _now_ms() -> int:
    from collectors.clock import clock_from

    return clock_from(os.environ.get("RIVERCHIEF_CLOCK"))()
