"""People who may sign in, and who is on duty."""

from __future__ import annotations

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Hidden, Instant, Key, Short

#: Who somebody is to the board; see `dashboard.access`.
ROLES = ("public", "engineer", "department", "grid_officer", "chief", "office", "admin")


class Account(Base):
    """A person: role, area, how to be reached, and the means to sign in."""

    __tablename__ = "account"

    id: Mapped[Key] = mapped_column(primary_key=True)
    name: Mapped[Short]
    role: Mapped[Key] = mapped_column(index=True)
    department: Mapped[Key | None] = mapped_column(index=True)
    #: Rivers and grids that are the person's; empty is all of the role's.
    rivers: Mapped[list[str]] = mapped_column(JSON, default=list)
    grids: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Addresses by channel: {"wecom": "...", "email": "..."}.
    contacts: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    #: Subject at the identity provider (OIDC), or the hash of a local password (argon2).
    oidc_subject: Mapped[Short | None] = mapped_column(unique=True)
    password_hash: Mapped[Hidden | None]
    must_change: Mapped[bool] = mapped_column(default=True)
    disabled: Mapped[bool] = mapped_column(default=False)
    #: Raised to end every session of the account.
    session_epoch: Mapped[int] = mapped_column(default=0)
    created_ms: Mapped[Instant]


class Duty(Base):
    """Who is on duty for a department, from when to when."""

    __tablename__ = "duty"

    id: Mapped[int] = mapped_column(primary_key=True)
    department: Mapped[Key] = mapped_column(index=True)
    account: Mapped[Key]
    #: 1 is called first, 2 when the first does not answer, ...
    level: Mapped[int] = mapped_column(default=1)
    start_ms: Mapped[Instant]
    end_ms: Mapped[Instant]


class LoginFailure(Base):
    """Failed sign-ins, for lockout."""

    __tablename__ = "login_failure"
    __audited__ = False

    account: Mapped[Key] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    last_ms: Mapped[Instant]
