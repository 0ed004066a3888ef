"""`riverchief books`: bring the lists of the office into the books, and get them out again."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dashboard.casework.database import Books
    from dashboard.casework.exchange.exchange import Report
    from sensors.site import Site

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

#: Mistakes that are told one by one.
TOLD = 100

#: Exit code of an import that took the right rows and left others out.
LEFT_OUT = 3


def books_options(function: Callable[..., None]) -> Callable[..., None]:
    """Options that say which books are meant."""
    for name, kind, required, help_ in (
        ("--files", _FOLDER, False, "Folder of photos and documents.  [default: files, beside an SQLite file]"),
        ("--books", str, True, "sqlite:///PATH or postgresql://USER@HOST/NAME (password in PGPASSFILE)."),
    ):
        function = click.option(name, type=kind, required=required, help=help_)(function)
    return function


@contextmanager
def opened(url: str, files: Path | None, *, must_exist: bool = False) -> Iterator[Books]:
    """Books for one command; one that begins none refuses books that are not there."""
    from dashboard.casework.database import open_books
    from sensors.errors import UsageError

    try:
        books = open_books(url, files, must_exist=must_exist)
    except UsageError as error:
        if not must_exist:
            raise
        # Not 1: that is what `audit verify` says of a trail that was tampered with.
        raise click.BadParameter(str(error), param_hint="--books") from error
    try:
        yield books
    finally:
        books.close()


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return round(datetime.now(UTC).timestamp() * 1000)


@click.group()
def command() -> None:
    """Bring the lists of the office into the books, and get them out again.

    BOOK is outfalls, shops, leak_points, pipes, clearings, river_works, structures, boats, inspections, patrols,
    public_reports, visits, samples or river_policy; docs/books.md describes their columns.
    """


@command.command("import")
@click.argument("site", type=_FOLDER)
@click.argument("book")
@click.argument("file", type=_FILE)
@books_options
@click.option("--dry-run", is_flag=True, help="Only look: what would be new, changed, the same, wrong.")
@click.option("--good-rows", is_flag=True, help="Import the rows that are right where others are wrong.")
@click.option("--sheet", help="Sheet of an Excel file.  [default: the one whose header fits]")
@click.option("--actor", help="Who imports it, for the audit trail.  [default: who runs the command]")
@click.option("--reason", default="", help="Why, for the audit trail.  [default: the name of the file]")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True,
              help="Language in which mistakes are told.")  # fmt: skip
@click.pass_context
def import_(
    ctx: click.Context, site: Path, book: str, file: Path, books: str, files: Path | None, dry_run: bool,
    good_rows: bool, sheet: str | None, actor: str | None, reason: str, language: str,
) -> None:  # fmt: skip
    """Import FILE (.csv or .xlsx) into a BOOK; nothing at all where any row is wrong.

    Exit code: 0 where every row is right, 1 where nothing came in (of a file, or of a dry run, that has mistakes), 3
    where --good-rows left rows out.
    """
    from dashboard.casework.exchange.exchange import import_file
    from sensors.site import load_site

    with opened(books, files) as there:
        report = import_file(
            there, load_site(site), book, file, actor or getpass.getuser(), now_ms(), good_rows_only=good_rows,
            dry_run=dry_run, sheet=sheet, reason=reason,
        )  # fmt: skip
    for line in mistakes(report, language):
        click.echo(line, err=True)
    if report.extra:
        click.echo(f"{report.file}: not read: the columns {', '.join(report.extra)}", err=True)
    done = "dry run" if dry_run else "imported" if report.written else "nothing imported"
    click.echo(
        f"{report.file}: {report.rows} rows: {report.new} new, {report.changed} changed, {report.same} the same, "
        f"{report.wrong} wrong ({done})"
    )
    if report.mistakes:
        right = report.new + report.changed + report.same
        ctx.exit(LEFT_OUT if good_rows and right else 1)


@command.command()
@click.argument("site", type=_FOLDER)
@click.argument("book")
@click.argument("file", type=_FILE)
@books_options
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Of the headers.")
@click.option("--empty", is_flag=True, help="Only the header: a form to fill in.")
def export(site: Path, book: str, file: Path, books: str, files: Path | None, language: str, empty: bool) -> None:
    """Export a BOOK to FILE (.csv or .xlsx), as `import` reads it back."""
    from dashboard.casework.exchange.write import export_file
    from sensors.site import load_site

    # A form to fill in is asked for before there are books.
    with opened(books, files, must_exist=not empty) as there, there.read() as session:
        rows = export_file(session, load_site(site), book, file, language=language, empty=empty)
    click.echo(f"{file}: {rows} rows")


@command.command()
@click.argument("site", type=_FOLDER)
@books_options
@click.option("--demo", is_flag=True, help="Fill empty books with illustrative entries, for virtual rivers only.")
@click.option("--seed", "number", type=int, default=1, show_default=True, help="Of the virtual rivers (--demo).")
def seed(site: Path, books: str, files: Path | None, demo: bool, number: int) -> None:
    """Begin the books with the outfalls of the SITE folder; run it again when the folder has new ones."""
    from dashboard.casework.seed.seed import seed as seed_books
    from dashboard.casework.seed.seed import seed_demo
    from sensors.site import load_site

    known: Site = load_site(site)
    with opened(books, files) as there:
        click.echo(f"outfalls: {seed_books(there, known, now_ms())} new")
        if demo:
            for table, rows in seed_demo(there, known, now_ms(), number).items():
                click.echo(f"{table}: {rows} illustrative")


@command.command()
@click.argument("site", type=_FOLDER)
@books_options
@click.option("--days", type=click.IntRange(0, 400), default=28, show_default=True, help="How far to look ahead.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def calibrations(site: Path, books: str, files: Path | None, days: int, language: str) -> None:
    """List the calibrations that are overdue or due, week by week, station by station."""
    from zoneinfo import ZoneInfo

    from dashboard.casework.visits import calibrations_due, due_by_week
    from sensors.determinand import DETERMINANDS
    from sensors.site import load_site

    known = load_site(site)
    today = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(known.timezone)).date()
    with opened(books, files, must_exist=True) as there, there.read() as session:
        weeks = due_by_week(calibrations_due(session, today, days), today)
    chinese = language == "zh"
    for monday, dues in weeks:
        overdue = "已超期" if chinese else "overdue"
        click.echo(overdue if monday is None else f"{monday} –" if not chinese else f"{monday} 起一周")
        for due in dues:
            station, kind = known.stations.get(due.station), DETERMINANDS.get(due.determinand)
            place = due.station if station is None else station.name if chinese else station.name_en
            what = due.determinand if kind is None else kind.name if chinese else kind.name_en
            click.echo(f"  {due.due_on}  {due.station:6} {place}  {what}")
    if not weeks:
        click.echo("没有到期的校准" if chinese else "nothing is due")


def mistakes(report: Report, language: str = "en") -> Iterator[str]:
    """Lines that tell the mistakes of an import, the first `TOLD` of them one by one."""
    from dashboard.i18n import translator

    for mistake in report.mistakes[:TOLD]:
        if language == "en":
            yield str(mistake.problem(report.file))
        else:
            yield f"{report.file}: {mistake.told(translator(language))}"
    if len(report.mistakes) > TOLD:
        yield f"{report.file}: … {len(report.mistakes)} mistakes in all"
