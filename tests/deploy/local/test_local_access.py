"""Who may reach the system on one machine, and the first account of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import sign_in
from dashboard.casework.database import open_books
from deploy.cli import EXAMPLE_SITE
from deploy.local.local import Options, _System, run_local
from deploy.local.supervisor import Supervisor
from deploy.office.books_command import now_ms
from sensors.errors import UsageError
from sensors.site import load_site


def test_a_demonstration_is_not_shown_to_other_machines(tmp_path: Path) -> None:
    options = Options(EXAMPLE_SITE, tmp_path / "var", 8501, True, virtual=True, host="0.0.0.0")
    with pytest.raises(UsageError, match="lets anybody be the office"):
        run_local(options, print)
    assert not (tmp_path / "var").exists()


def test_the_first_account_is_told_once(tmp_path: Path) -> None:
    said: list[str] = []
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    options = Options(EXAMPLE_SITE, tmp_path, 8501, True)
    supervisor = Supervisor(tmp_path, said.append)
    system = _System(options, load_site(EXAMPLE_SITE), tmp_path, supervisor, said.append, 0.0)
    system._begin_accounts(url)
    system._begin_accounts(url)
    supervisor.stop()
    assert len(said) == 1
    once = said[0].split("password for once: ")[1].split()[0]
    books = open_books(url)
    found = sign_in(books, "admin", once, now_ms(), AccessSettings())
    books.close()
    assert found is not None
    assert (found.role, found.must_change) == ("admin", True)
