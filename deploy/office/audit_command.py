"""`riverchief audit`: whether anybody has changed the books behind the program's back."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.office.books_command import books_options, opened


@click.group()
def command() -> None:
    """The audit trail of the books."""


@command.command()
@books_options
@click.option(
    "--head", help="Seal that was noted earlier, or its first 12 digits or more; it must still be in the trail."
)
@click.pass_context
def verify(ctx: click.Context, books: str, files: Path | None, head: str | None) -> None:
    """Follow the trail from its first entry to its head; exit code 1 where anything was tampered with.

    Keep the head that it tells elsewhere: who can rewrite the whole database can rewrite the trail, but not your note.
    """
    from dashboard.casework.audit import holds
    from dashboard.casework.audit import verify as verify_trail

    with opened(books, files, must_exist=True) as there, there.read() as session:
        verdict = verify_trail(session)
        problems = list(verdict.problems)
        if head is not None and not holds(session, head):
            problems.append(f"no entry has the seal {head}: the trail was written anew")
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{verdict.entries} entries, head {verdict.head}: {'TAMPERED WITH' if problems else 'intact'}")
    if problems:
        ctx.exit(1)
