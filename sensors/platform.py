"""HJ 212 in a site folder: platforms of the bureau that stations are reported to, and stations that report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: Kinds of data by the words of ``site.toml``, and their command numbers (HJ 212-2017, table 5).
DATA: Mapping[str, int] = {"realtime": 2011, "minute": 2051, "hour": 2061, "day": 2031}

#: Lengths that the standard allows for the period of minute data [min].
MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)

#: What stands for the profile of a station that reports itself: its registers are nobody's business.
REPORTS = "hj212"

MN = re.compile(r"[0-9A-Za-z]{1,24}")
MN_FORM = "1 to 24 of 0-9 A-Z a-z (24 hexadecimal digits by the standard)"

_ENDPOINT = re.compile(r"hj212:(?P<mn>.*)")


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform of the bureau (上位机) that stations are reported to.

    Attributes
    ----------
    id, host : str
    port : int
    stations : mapping of str to str
        Station -> its number (MN) at the platform.
    data : tuple of str
        Which of `DATA` are sent.
    minute_min : int
        Length of the period of minute data [min].
    password_file : str
        File on the gateway with a line ``MN=PASSWORD`` for each station; empty where all have the standard's 123456.
    """

    id: str
    host: str
    port: int
    stations: Mapping[str, str]
    data: tuple[str, ...] = tuple(DATA)
    minute_min: int = 10
    password_file: str = ""


def mn_of(endpoint: str) -> str | None:
    """MN of a station that reports over HJ 212 by itself; None where it is polled.

    Examples
    --------
    >>> mn_of("hj212:010000A8900016F000169DC0")
    '010000A8900016F000169DC0'
    >>> mn_of("tcp://10.0.0.1") is None
    True
    """
    match = _ENDPOINT.fullmatch(endpoint)
    return match["mn"] if match else None
