"""Numbers of HJ 212-2017: systems, commands, answers.

Commands that are marked with 2025 were seen in another program (github caoyiliang/HJ212), not in the text of
HJ 212-2025: unverified, and answered as unsupported.
"""

from __future__ import annotations

from enum import IntEnum

#: System codes (ST): surface water, and the one that every answer carries.
SURFACE_WATER, ANSWER = 21, 91


class Command(IntEnum):
    """Command numbers (CN)."""

    SET_TIMEOUT = 1000
    GET_TIME = 1011
    SET_TIME = 1012
    ASK_TIME = 1013
    GET_REALTIME_INTERVAL = 1061
    SET_REALTIME_INTERVAL = 1062
    GET_MINUTE_INTERVAL = 1063
    SET_MINUTE_INTERVAL = 1064
    SET_PASSWORD = 1072
    REALTIME = 2011
    STOP_REALTIME = 2012
    DEVICE_STATE = 2021
    STOP_DEVICE_STATE = 2022
    DAY = 2031
    RUNNING_TIME = 2041
    MINUTE = 2051
    HOUR = 2061
    RESTART = 2081
    CALIBRATE = 3011
    SAMPLE = 3012
    CLEAN = 3013
    COMPARE = 3014
    KEEP_SAMPLE = 3015
    SET_SAMPLING_PERIOD = 3016
    GET_SAMPLING_PERIOD = 3017
    GET_SAMPLE_TIME = 3018
    GET_DEVICE_ID = 3019
    GET_DEVICE_INFO = 3020
    SET_DEVICE_INFO = 3021
    REQUEST_ANSWER = 9011
    RESULT = 9012
    NOTICE_ANSWER = 9013
    DATA_ANSWER = 9014


#: Commands of HJ 212-2025 (unverified): hardware number, MN, key, raw data, noise, checks, furnace, heartbeat.
COMMANDS_2025 = frozenset({1001, 1002, 1014, 2013, 2052, 2062, 2111, 3022, 3024, 9015})

#: What a station sends of its own accord and waits for a data answer to.
UPLOADS = frozenset(
    {
        Command.REALTIME, Command.DEVICE_STATE, Command.DAY, Command.RUNNING_TIME, Command.MINUTE, Command.HOUR,
        Command.RESTART, Command.KEEP_SAMPLE, Command.GET_DEVICE_ID, Command.GET_DEVICE_INFO,
    }
)  # fmt: skip


class RequestAnswer(IntEnum):
    """What a device says to a request at once (QnRtn)."""

    READY = 1
    REFUSED = 2
    WRONG_PASSWORD = 3
    WRONG_MN = 4
    WRONG_ST = 5
    WRONG_FLAG = 6
    WRONG_QN = 7
    WRONG_CN = 8
    WRONG_CRC = 9
    UNKNOWN = 100


class Result(IntEnum):
    """How the execution of a request ended (ExeRtn)."""

    DONE = 1
    FAILED = 2
    WRONG_CONDITION = 3
    TIMEOUT = 4
    BUSY = 5
    FAULT = 6
    NO_DATA = 100
