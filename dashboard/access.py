"""Who looks at the board, and whose rivers and orders they see; what a role may do is told by `dashboard.rights`.

How somebody came to be known (a local login, an identity provider, the demonstration) is not decided here: see
`dashboard.accounts`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dashboard.casework.lifecycle import Actor
from dashboard.casework.tables.accounts import Account
from dashboard.rights import may
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody at the board.

    Attributes
    ----------
    account : str
        Account, as the audit trail names it; empty for the public.
    name : str
    role : str
        One of `dashboard.casework.tables.accounts.ROLES`.
    department : str or None
    rivers : frozenset of str or None
        The rivers that are the person's, those on which their grids lie included; None for all.
    grids : frozenset of str or None
        The grids that are the person's; None for all on their rivers.
    """

    account: str
    name: str
    role: str
    department: str | None = None
    rivers: frozenset[str] | None = None
    grids: frozenset[str] | None = None

    @classmethod
    def of(cls, account: Account, site: Site) -> Viewer:
        """Viewer of an account; an empty area is all of the site."""
        return cls(
            account.id, account.name, account.role, account.department,
            rivers_at(site, account.rivers, account.grids), frozenset(account.grids) or None,
        )  # fmt: skip

    @property
    def actor(self) -> Actor:
        """Who takes a step in the books; an admin acts for the office."""
        return Actor(self.account, "office" if self.role == "admin" else self.role, self.department)

    def sees_river(self, river: str | None) -> bool:
        """Whether a river is in the viewer's area; what belongs to no river is everybody's."""
        return self.rivers is None or river is None or river in self.rivers

    def sees_grid(self, grid: str | None) -> bool:
        """Whether a grid is in the viewer's area; what belongs to no grid is everybody's."""
        return self.grids is None or grid is None or grid in self.grids

    def may(self, right: str) -> bool:
        """Whether the viewer's role has a right of `dashboard.rights`."""
        return may(self.role, right)

    def is_(self, *roles: str) -> bool:
        """Whether the viewer has one of these roles: for what a page shows of theirs. For what they may do, `may`."""
        return self.role in roles


def rivers_at(site: Site, rivers: Collection[str], grids: Collection[str]) -> frozenset[str] | None:
    """Rivers of an area: its own, and those on which its grids lie; None for all, where it names neither.

    A grid that the site has no more leads to no river: an area never grows because something was taken from the site.
    """
    if not rivers and not grids:
        return None
    return frozenset(rivers) | {site.grids[grid].river for grid in grids if grid in site.grids}


#: Somebody who has not signed in.
PUBLIC = Viewer("", "", "public")


def engineer_of(site: Site) -> Viewer:
    """Whoever sits at a machine whose board has no books: everything about the water, and nothing to change."""
    return Viewer("", site.name, "engineer")
