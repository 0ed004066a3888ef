"""HJ 212-2017, the protocol of the bureaus: frames, an uplink to a platform, a listener for stations that speak it."""

from __future__ import annotations

from collectors.hj212.codes import Command, RequestAnswer, Result
from collectors.hj212.connection import Timing
from collectors.hj212.feed import Reach
from collectors.hj212.frame import crc16, encode, parse
from collectors.hj212.link import LinkState
from collectors.hj212.listener import Hj212Listener, ListenerState
from collectors.hj212.parts import Joiner, join, split
from collectors.hj212.requests import Registration
from collectors.hj212.segment import Flag, Frame, Hj212Error
from collectors.hj212.stream import FrameReader
from collectors.hj212.uplink import Hj212Uplink

__all__ = [
    "Command", "Flag", "Frame", "FrameReader", "Hj212Error", "Hj212Listener", "Hj212Uplink", "Joiner", "LinkState",
    "ListenerState", "Reach", "Registration", "RequestAnswer", "Result", "Timing", "crc16", "encode", "join", "parse",
    "split",
]  # fmt: skip
