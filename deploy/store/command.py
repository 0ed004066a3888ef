"""`riverchief store`: make a store ready, and move history from one to another."""

from __future__ import annotations

from contextlib import ExitStack, closing

import click


@click.group()
def command() -> None:
    """Make a store ready, and move history from one to another.

    A store is sqlite:///PATH or influx://HOST:8086/ORG/BUCKET (influxs:// with TLS; its token is in
    RIVERCHIEF_INFLUX_TOKEN). How long it keeps what may follow: ?raw=3y&hour=10y.
    """


@command.command()
@click.argument("url")
def prepare(url: str) -> None:
    """Make the store at URL where it is missing, bring it up to this version, and do all upkeep that is due."""
    from collectors.stores import prepare_store

    pieces = 1
    with closing(prepare_store(url)) as store:
        while store.tidy():
            pieces += 1
    click.echo(f"{url.partition('?')[0]}: ready ({pieces} pieces of upkeep).")


@command.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_context
def copy(ctx: click.Context, source: str, target: str) -> None:
    """Copy readings, flags, revisions, events, assessments and watermarks from FROM to TO, and compare.

    A copy that was cut off goes on: run it again. Stop the hub of FROM first, or run it again after that.
    """
    from collectors.stores import open_store, prepare_store
    from deploy.regrade.progress import Bars
    from deploy.store.copy import Copy, same_store
    from sensors.errors import UsageError

    if same_store(source, target):
        raise UsageError("FROM and TO are the same store")
    with ExitStack() as stack:
        theirs = stack.enter_context(closing(open_store(source, read_only=True)))
        ours = stack.enter_context(closing(prepare_store(target)))
        copied = Copy(theirs, ours, stack.enter_context(Bars())).run()
    for kind, count in copied.counts.items():
        click.echo(f"{kind:12} {count:12,}  written {copied.written[kind]:12,}  missing {copied.missing[kind]:,}")
    click.echo(f"digest       {copied.digest}  {copied.target_digest}")
    for gateway, (epoch, seq) in copied.kept_marks.items():
        click.echo(f"{gateway}: TO has its own watermark ({epoch}, {seq}), which stays.")
    if not copied.whole:
        click.echo("TO does not have everything; the log says what it refused.", err=True)
        ctx.exit(1)
