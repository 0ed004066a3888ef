"""What one hub process does: which shards it takes in, whether it judges, and under which name the broker knows it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.broker.certs import hub_name
from deploy.broker.holders import check_holder
from sensors.errors import UsageError
from sensors.site import Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """Part of the hub's work.

    Attributes
    ----------
    shards : tuple of int
        Shards whose gateways are taken in, in order; every shard of the site where empty.
    ingest : bool
        Whether readings are taken in at all.
    judge : bool
        Whether what is stored is judged. One process of a site does.
    """

    shards: tuple[int, ...] = ()
    ingest: bool = True
    judge: bool = True

    @property
    def label(self) -> str:
        """Name of the process among those of its site: ``all``, ``judge``, or the shards as in ``0.2``."""
        if not self.ingest:
            return "judge"
        return ".".join(map(str, self.shards)) or "all"

    def client_id(self, site: str) -> str:
        """Fixed name of the session: whoever comes back under it finds what the broker has kept."""
        return f"{site}-hub" if not self.shards else f"{site}-hub-{self.label}"


def role_of(site: Site, shards: Sequence[int], *, judge: bool = True, judge_only: bool = False) -> Role:
    """Role from what the command line says.

    Raises
    ------
    UsageError
        If the site has no such shard, or the options contradict each other.
    """
    if judge_only and (shards or not judge):
        raise UsageError("--judge-only takes nothing in: it goes with neither --shard nor --no-judge")
    known = sorted({gateway.shard for gateway in site.gateways.values()})
    strange = sorted(set(shards) - set(known))
    if strange:
        raise UsageError(f"no gateway of {site.id} is on shard {_listed(strange)}; it has {_listed(known)}")
    return Role(tuple(sorted(set(shards))), ingest=not judge_only, judge=judge or judge_only)


def check_certificate(role: Role, certificate: Path) -> None:
    """Refuse a certificate that does not go with a role: another holder's, or one of other shards.

    Two processes with one certificate would end each other's sessions, and one of a single shard may not read others.

    Raises
    ------
    UsageError
        If it does not go with the role, or is none.
    """
    if len(role.shards) > 1:
        raise UsageError(
            f"a certificate is for one shard or for all; start a hub for each of the shards {_listed(role.shards)}"
        )
    option = f"--hub --shard {role.shards[0]}" if role.shards else "--hub"
    check_holder(certificate, hub_name(role.shards[0] if role.shards else None), option)


def _listed(shards: Sequence[int]) -> str:
    return ", ".join(map(str, shards))
