"""`riverchief hub`: one process that does all of the hub's work, or a part of it."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("site", type=_FOLDER)
@click.option("--broker", help="mqtt://HOST:PORT, or mqtts://HOST:PORT for an encrypted connection.")
@click.option("--store", required=True, help="Where readings go, e.g. sqlite:///var/xietang/store.sqlite.")
@click.option("--shard", "shards", type=click.IntRange(0, 999), multiple=True,
              help="Take in the gateways of this shard only; may be given often.  [default: all]")  # fmt: skip
@click.option("--no-judge", is_flag=True, help="Only take in: another process judges.")
@click.option("--judge-only", is_flag=True, help="Only judge what others take in; needs no broker.")
@click.option("--no-watch", is_flag=True, help="Grade, but leave detection to `riverchief city watch`.")
@click.option("--books", envvar="RIVERCHIEF_BOOKS",
              help="sqlite:///PATH or postgresql://USER@HOST/NAME: laboratory results, visits.")  # fmt: skip
@click.option("--files", type=_FOLDER, help="Folder of photos and documents, where the books are on a server.")
@click.option("--ca", type=_FILE, help="Authority that vouches for the broker (mqtts).  [default: the system's]")
@click.option("--cert", type=_FILE, help="This process's own certificate: hub, or hub.N for --shard N.")
@click.option("--key", type=_FILE, help="Its private key.")
@click.option("--metrics", metavar="HOST:PORT", envvar="RIVERCHIEF_METRICS",
              help="Serve /metrics, /healthz and /readyz there.")  # fmt: skip
def command(
    site: Path, broker: str | None, store: str, shards: tuple[int, ...], no_judge: bool, judge_only: bool,
    no_watch: bool, books: str | None, files: Path | None,
    ca: Path | None, cert: Path | None, key: Path | None, metrics: str | None,
) -> None:  # fmt: skip
    """Take readings from the broker into the store and judge them.

    Several processes share the work where one is not enough: an ingester for each shard (--shard N --no-judge) and one
    that judges (--judge-only), on one machine or on several.
    """
    from deploy.broker.tls import TlsFiles
    from deploy.hub.hub import serve

    serve(
        site,
        broker,
        store,
        TlsFiles(ca, cert, key),
        shards=shards,
        judge=not no_judge,
        judge_only=judge_only,
        books_url=books,
        files=files,
        metrics=metrics,
        watch=not no_watch,
    )
