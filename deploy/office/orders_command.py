"""`riverchief orders`: work orders, notices, the red and black list and the goals, for a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.office.books_command import books_options, now_ms, opened

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

_language = click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)


@click.group()
def command() -> None:
    """Look at work orders, notices, the red and black list and the goals; docs/casework.md explains them."""


@command.command("list")
@click.argument("site", type=_FOLDER)
@books_options
@click.option("--state", "states", multiple=True, help="Only of this state; may be given often.")
@click.option("--department", help="Only with a part of this department.")
@click.option("--river", help="Only of this river.")
@click.option("--overdue", is_flag=True, help="Only those whose next step is late.")
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@_language
def list_(
    site: Path, books: str, files: Path | None, states: tuple[str, ...], department: str | None, river: str | None,
    overdue: bool, most: int, language: str,
) -> None:  # fmt: skip
    """List orders of a SITE, newest first, and count all that were asked for."""
    from dashboard.casework.desk import Desk
    from dashboard.casework.lifecycle import STATES
    from dashboard.casework.order_lists import OrderFilter, order_counts, orders_page
    from sensors.errors import UsageError
    from sensors.site import load_site

    if unknown := sorted(set(states) - set(STATES)):
        raise UsageError(f"state {unknown[0]!r}: found no such state; accepted: {', '.join(STATES)}")
    desk, now = Desk.of(load_site(site), language=language), now_ms()
    for what, asked, accepted in (
        ("river", river, desk.site.rivers),
        ("department", department, desk.site.departments),
    ):
        if asked is not None and asked not in accepted:
            raise UsageError(f"{what} {asked!r:.60}: found no such {what}; accepted: {', '.join(accepted)}")
    wanted = OrderFilter(states, department, river, overdue_ms=now if overdue else None)
    with opened(books, files, must_exist=True) as known, known.read() as session:
        page, counts = orders_page(session, wanted, limit=most), order_counts(session, wanted, now)
    for row in page.rows:
        due_ms = row.due_ms if row.office_due_ms is None else row.office_due_ms
        due = "" if due_ms is None else desk.calendar.minute(due_ms)
        late = "!" if row.overdue(now) else " "
        click.echo(f"{row.code or row.number:14} {late} {due:16} {desk.words(STATES[row.state])}  {row.title}")
    click.echo(", ".join(f"{desk.words(STATES[state])} {count}" for state, count in sorted(counts.states.items())))


@command.command()
@click.argument("site", type=_FOLDER)
@click.argument("number")
@click.argument("out", type=_FILE)
@books_options
def notice(site: Path, number: str, out: Path, books: str, files: Path | None) -> None:
    """Print the notice NUMBER again as OUT, a .docx or a .pdf."""
    from sqlalchemy import select

    from dashboard.casework.notices import notice_docx, notice_pdf
    from dashboard.casework.tables.orders import Notice
    from sensors.errors import UsageError

    if out.suffix not in (".docx", ".pdf"):
        raise UsageError(f"{out.name}: found {out.suffix or 'no ending'}; accepted: .docx, .pdf")
    with opened(books, files, must_exist=True) as known, known.read() as session:
        found = session.scalars(select(Notice).where(Notice.number == number)).first()
    if found is None:
        raise UsageError(f"there is no notice {number}")
    out.write_bytes(notice_pdf(found) if out.suffix == ".pdf" else notice_docx(found, site))
    click.echo(str(out))


@command.command()
@click.argument("site", type=_FOLDER)
@click.option("--store", required=True, help="Where the monthly grades are, e.g. sqlite:///var/xietang/store.sqlite.")
@books_options
@click.option("--seed", is_flag=True, help="First add the goals that a site begins with, where they are missing.")
@_language
def goals(site: Path, store: str, books: str, files: Path | None, seed: bool, language: str) -> None:
    """Tell how far the goals of a SITE are, when they will be reached at this pace, and how much is open."""
    from collectors.stores import open_store
    from dashboard.casework.desk import Desk
    from dashboard.casework.goals import STANDINGS, goal_states, seed_goals
    from dashboard.casework.grades import last_month, month_grades
    from sensors.site import load_site

    desk, now = Desk.of(load_site(site), language=language), now_ms()
    day = desk.calendar.day(now)
    readings = open_store(store, read_only=True)
    try:
        grades = month_grades(readings, desk.site, last_month(desk, day))
    finally:
        readings.close()
    with opened(books, files, must_exist=not seed) as known:
        if seed:
            with known.change("riverchief", now, "goals of the site") as session:
                seed_goals(session, day.year)
        with known.read() as session:
            states = goal_states(session, desk, day, grades)
    for state in states:
        name = state.goal.name if language == "zh" else state.goal.name_en or state.goal.name
        when = state.forecast.reached_on
        # What nobody has evaluated, or what there is nothing of, has no figure.
        figure = "-" if state.measured.unknown else f"{state.measured.value:g}"
        click.echo(
            f"{figure} / {state.needed:g} {state.measured.unit:5}  "
            f"{state.goal.due_on}  {'' if when is None else when.isoformat():10}  "
            f"{desk.words(STANDINGS[state.standing])}  {name}  ({len(state.measured.obstacles)})"
        )
