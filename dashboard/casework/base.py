"""What every table of the books is made of."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

#: Names that migrations can rely on, whatever the database would have chosen.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the books. Instants are ``*_ms``, milliseconds since the epoch, UTC; calendar days are dates."""

    metadata = MetaData(naming_convention=NAMING)

    #: Whether changes of its rows go into the audit trail. Queues and histories that programs keep do not.
    __audited__ = True
