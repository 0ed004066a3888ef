"""Kinds of column that many tables share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import mapped_column

#: Instant, milliseconds since the epoch, UTC.
Instant = Annotated[int, mapped_column(BigInteger)]

#: Id of something in the site folder (river, reach, station, outfall, ...), or of a row that people number.
Key = Annotated[str, mapped_column(String(64))]

#: Name or short text; long text.
Short = Annotated[str, mapped_column(String(200))]
Long = Annotated[str, mapped_column(Text)]

Day = date
