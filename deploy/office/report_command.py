"""`riverchief report`: a report of a day, month, quarter or year as PDF, Word and Excel."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.office.books_command import now_ms, opened

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("site", type=_FOLDER)
@click.option("--store", required=True, help="Where the evaluations are, e.g. sqlite:///var/xietang/store.sqlite.")
@click.option("--books", help="sqlite:///PATH or postgresql://USER@HOST/NAME.  [default: the water alone]")
@click.option("--files", type=_FOLDER, help="Folder of photos and documents.  [default: files, beside an SQLite file]")
@click.option("--period", required=True, help="2026-10-05, 2026-10, 2026-Q4 or 2026.")
@click.option("--out", type=_FOLDER, required=True, help="Folder that gets the files; made where there is none.")
@click.option("--format", "formats", default="pdf,docx,xlsx", show_default=True, help="Forms, with commas.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--by", default="riverchief", show_default=True, help="Who makes it, as it is printed.")
@click.option("--made", help="When it is made, ISO 8601 with its zone: for the same bytes again.  [default: now]")
@click.option("--input", "source", default="probes", show_default=True, help="What the readings are; virtual is said.")
def command(
    site: Path, store: str, books: str | None, files: Path | None, period: str, out: Path, formats: str, lang: str,
    by: str, made: str | None, source: str,
) -> None:  # fmt: skip
    """Print the report of a period of a SITE; docs/reports.md explains what stands in it."""
    from collectors.stores import open_store
    from dashboard.casework.desk import Desk
    from dashboard.reports.content import content, stamp
    from dashboard.reports.keep import FORMATS, file_name, printed
    from dashboard.reports.periods import period_of
    from sensors.errors import UsageError
    from sensors.site import load_site

    forms = [form.strip() for form in formats.split(",")]
    if unknown := sorted(set(forms) - set(FORMATS)):
        raise UsageError(f"--format: found {unknown[0]!r:.40}; accepted: {', '.join(FORMATS)}, with commas")
    desk, now = Desk.of(load_site(site), language=lang), _made(made)
    wanted = period_of(period, desk.calendar.zone)
    readings = open_store(store, read_only=True)
    try:
        if books is None:
            report = content(readings, None, desk, wanted, lang, now, source=source)
        else:
            with opened(books, files, must_exist=True) as known:
                report = content(readings, known, desk, wanted, lang, now, source=source)
    finally:
        readings.close()
    if report is None:
        raise UsageError(f"nothing was evaluated for {wanted.label}")
    out.mkdir(parents=True, exist_ok=True)
    for form, data in printed(report, stamp(by, now, desk, lang), forms).items():
        path = out / file_name(report, form)
        path.write_bytes(data)
        click.echo(str(path))


def _made(text: str | None) -> int:
    from datetime import datetime

    from sensors.errors import UsageError

    if text is None:
        return now_ms()
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise UsageError(f"--made: found {text!r:.40}; accepted: a time with its zone, as in 2026-11-01T09:00+08:00")
    return round(when.timestamp() * 1000)
