"""The site folder of a running hub: who has edited it, and why what stands there now is not worked from."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectors.clock import Now
from deploy.local.folder import LocalFolder
from sensors.errors import Problem, SiteError
from sensors.site import Site, load_site

log = logging.getLogger(__name__)


class SiteFolder:
    """A site folder that is read again when something in it changes, and on SIGHUP.

    Parameters
    ----------
    folder : Path
    now_ms : callable
        [ms since the epoch, UTC]

    Attributes
    ----------
    folder : Path
    problems : tuple of str
        Every mistake of the folder as it stands; empty while it is worked from.
    """

    def __init__(self, folder: Path, now_ms: Now) -> None:
        self.folder, self._now_ms = folder, now_ms
        self._local = LocalFolder(folder)
        self._asked = asyncio.Event()
        self._taken_ms = now_ms()
        self._refused_ms: int | None = None
        self.problems: tuple[str, ...] = ()

    @contextmanager
    def on_signal(self) -> Iterator[None]:
        """Look at once on SIGHUP, for as long as it lasts."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._asked.set)
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(signal.SIGHUP)

    @property
    def due(self) -> bool:
        """Whether it is to be read again: somebody has edited it, or has asked for it."""
        asked = self._asked.is_set()
        self._asked.clear()
        return self._local.changed() or asked

    def read(self, running: Site, shards: Collection[int] | None) -> Site | None:
        """The site as it stands there now; None where the hub has to go on as it is, and why is in `problems`.

        Parameters
        ----------
        running : Site
            What the hub works from.
        shards : collection of int or None
            Those whose gateways it takes in, where it is to take in every gateway; None where any other may be there.
        """
        try:
            site = load_site(self.folder)
            if strange := _out_of_reach(running, site, shards):
                raise SiteError(strange)
        except SiteError as error:
            self.problems = tuple(map(str, error.problems))
            self._refused_ms = self._now_ms()
            log.error("site %s refused; the old one goes on:\n%s", self.folder, "\n".join(self.problems))
            return None
        self.problems, self._refused_ms, self._taken_ms = (), None, self._now_ms()
        log.info("site %s read again: %d gateways, %d stations", self.folder, len(site.gateways), len(site.stations))
        return site

    def report(self) -> dict[str, Any]:
        """For the hub's state: ``taken_ms``, ``refused_ms`` [ms since the epoch, UTC] and ``problems``."""
        return {"taken_ms": self._taken_ms, "refused_ms": self._refused_ms, "problems": list(self.problems)}


def _out_of_reach(running: Site, site: Site, shards: Collection[int] | None) -> Sequence[Problem]:
    """What a hub cannot follow without a restart: its topics are made when it begins."""
    if site.id != running.id:
        return [Problem("site.toml", "site.id", site.id, f"{running.id}; another site needs a restart of the hub")]
    if shards is None:
        return []
    known = ", ".join(map(str, sorted(shards)))
    return [
        Problem("site.toml", f"gateway {gateway.id}: shard", str(gateway.shard), f"{known}; another needs a restart")
        for gateway in site.gateways.values()
        if gateway.shard not in shards
    ]
