"""Kinds of column that many tables share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from sqlalchemy import BigInteger, Dialect, String, Text
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

#: Instant, milliseconds since the epoch, UTC.
Instant = Annotated[int, mapped_column(BigInteger)]

#: Id of something in the site folder (river, reach, station, outfall, ...), or of a row that people number.
Key = Annotated[str, mapped_column(String(64))]

#: Name or short text; long text.
Short = Annotated[str, mapped_column(String(200))]
Long = Annotated[str, mapped_column(Text)]

Day = date


class HiddenText(TypeDecorator[bytes]):
    """Text that the trail does not repeat: it is bytes to the program, of which the trail keeps the SHA-256 only."""

    impl = String(200)
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> str | None:
        """As the database has it."""
        return None if value is None else value.decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> bytes | None:
        """As the program has it."""
        return None if value is None else value.encode()


#: What a password is compared with, and the like.
Hidden = Annotated[bytes, mapped_column(HiddenText)]
