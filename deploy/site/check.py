"""Every mistake in a site folder, in the files of all services: what `riverchief check` looks at."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from sensors.errors import ConfigError, Problem
from sensors.site import Site, load_site


def check_site(folder: Path) -> Site:
    """Load a site and the settings that other services keep in its folder.

    What a part needs that is not installed on this machine is left out: a gateway knows nothing of alerts.

    Raises
    ------
    SiteError
        With every mistake in the site itself.
    ConfigError
        With every mistake in ``quality.toml``, ``alerts.toml`` and ``casework.toml``.
    """
    site = load_site(folder)
    problems: list[Problem] = []
    for check in _checks(site):
        try:
            check()
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return site


def _checks(site: Site) -> list[Callable[[], object]]:
    checks: list[Callable[[], object]] = []
    if importlib.util.find_spec("numpy") is not None:
        from deploy.quality_limits import site_limits

        checks.append(lambda: site_limits(site.folder))
    if importlib.util.find_spec("sqlalchemy") is not None:
        from dashboard.alerts.settings import load_alerts
        from dashboard.casework.settings import load_settings

        checks += [lambda: load_alerts(site), lambda: load_settings(site)]
    return checks
