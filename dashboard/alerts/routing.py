"""Who is told of an alert: by kind, river, grid and class to a department, and there to whoever is on duty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.alerts.contacts import Outside
from dashboard.alerts.kinds import MAINTENANCE, is_of, rank
from dashboard.alerts.settings import AlertSettings, Route
from dashboard.casework.tables.accounts import Account, Duty
from dashboard.casework.tables.alerts import Alert
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who can be told.

    Attributes
    ----------
    id : str
        Account, or contact key of an office.
    contacts : mapping of str to str
        Channel -> address; only channels that there are.
    """

    id: str
    contacts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody who could be told now.

    Attributes
    ----------
    site : Site
    settings : AlertSettings
    recipients : mapping of str to Recipient
        Whoever can be reached, by account or contact key.
    accounts : tuple of Account
        Those that are not disabled.
    duties : mapping of (str, int) to tuple of str
        Department and level -> accounts on duty.
    """

    site: Site
    settings: AlertSettings
    recipients: Mapping[str, Recipient]
    accounts: tuple[Account, ...]
    duties: Mapping[tuple[str, int], tuple[str, ...]]

    @classmethod
    def of(cls, session: Session, site: Site, settings: AlertSettings, outside: Outside, now_ms: int) -> Self:
        """As the books and the channels file have it at an instant [ms since the epoch, UTC]."""
        accounts = tuple(session.scalars(select(Account).where(Account.disabled.is_(False)).order_by(Account.id)))
        held = {**outside.contacts, **{account.id: account.contacts for account in accounts}}
        recipients = {}
        for name, contacts in held.items():
            usable = {channel: to for channel, to in contacts.items() if channel in outside.channels and to}
            if usable:
                recipients[name] = Recipient(name, usable)
        duties: dict[tuple[str, int], tuple[str, ...]] = {}
        on_duty = select(Duty).where(Duty.start_ms <= now_ms, Duty.end_ms > now_ms).order_by(Duty.id)
        for duty in session.scalars(on_duty):
            key = duty.department, duty.level
            duties[key] = (*duties.get(key, ()), duty.account)
        return cls(site, settings, recipients, accounts, duties)

    def told(self, alert: Alert, level: int) -> list[Recipient]:
        """Who is told of an alert at a level of duty, 1 first; at the first level never nobody, if anybody is there."""
        names = [
            name
            for route in self.settings.routes
            if fits(route, alert)
            for target in route.to
            for name in self.named(target, alert, level)
        ]
        found = self._reachable(names)
        if not found and (level == 1 or level > self.settings.tell.levels):
            found = self.office()
        return found

    def office(self) -> list[Recipient]:
        """The office."""
        named = [account.id for account in self.accounts if account.role == "office"]
        return self._reachable(named) or self._reachable(self.settings.office)

    def on_duty(self, department: str, level: int) -> list[Recipient]:
        """Who is called at a department: on duty by the books, or by the settings, or at first all of it."""
        if found := self._reachable(self.duties.get((department, level), ())):
            return found
        levels = self.settings.duty.get(department, ())
        if level <= len(levels) and (found := self._reachable(levels[level - 1])):
            return found
        if level > 1:
            return []
        everybody = [
            account.id for account in self.accounts if account.department == department and account.role == "department"
        ]
        return self._reachable(everybody)

    def named(self, target: str, alert: Alert, level: int) -> Iterable[str]:
        """Whom a target of a route (`dashboard.alerts.settings.TARGETS`) names at a level of duty."""
        if target == "hears":
            target = str(alert.detail.get("hears", "office"))
        family, _, name = target.partition(":")
        if family == "department" and alert.kind in MAINTENANCE and not name:
            return []
        if family == "account":
            return [name] if level == 1 else []
        if target == "office":
            return [one.id for one in self.office()] if level == 1 else []
        if target == "chief":
            return self._chiefs(alert) if level == 1 else []
        if target == "grid":
            return self._grid_officers(alert) if level == 1 else []
        department = self.settings.maintainer if target == "maintainer" else name or alert.department
        return [one.id for one in self.on_duty(department, level)] if department else []

    def _chiefs(self, alert: Alert) -> Iterator[str]:
        river = self.site.rivers.get(alert.river or "")
        named = [
            account.id for account in self.accounts
            if account.role == "chief" and (not account.rivers or alert.river in account.rivers)
        ]  # fmt: skip
        yield from named
        if river is not None and not named:
            yield from self._offices(river.chief_role)

    def _grid_officers(self, alert: Alert) -> Iterator[str]:
        grids = [
            grid for grid in self.site.grids.values()
            if (grid.id == alert.grid if alert.grid else grid.river == alert.river)
        ]  # fmt: skip
        ids = {grid.id for grid in grids}
        named = [
            account.id for account in self.accounts
            if account.role == "grid_officer" and (ids & set(account.grids) or alert.river in account.rivers)
        ]  # fmt: skip
        yield from named
        if not named:
            for role in sorted({grid.officer_role for grid in grids}):
                yield from self._offices(role)

    def _offices(self, role: str) -> Iterator[str]:
        return (person.contact_key for person in self.site.people if person.role == role)

    def _reachable(self, names: Iterable[str]) -> list[Recipient]:
        return [self.recipients[name] for name in dict.fromkeys(names) if name in self.recipients]


def fits(route: Route, alert: Alert) -> bool:
    """Whether a route is for an alert. Faults of probes are no sort of event here: a route must name them."""
    if alert.kind in MAINTENANCE:
        if alert.kind not in route.kinds:
            return False
    elif not any(is_of(alert.kind, kind) for kind in route.kinds):
        return False
    if route.rivers and alert.river not in route.rivers:
        return False
    if route.classes and alert.detail.get("water_class") not in route.classes:
        return False
    return rank(alert.severity) >= rank(route.severity)
