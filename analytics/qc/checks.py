"""The tests of quality control: name, flag, what its two numbers say; one bit each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from sensors.reading import Quality


class Test(IntEnum):
    """Which test set a flag; the value is its bit in a mask."""

    __test__ = False

    GROSS_RANGE = 0
    SENTINEL = 1
    VISIT = 2
    SPAN = 3
    SPIKE = 4
    STEP = 5
    FLAT_LINE = 6
    NOISE = 7
    ATTENUATED = 8
    RATE_OF_CHANGE = 9
    CLIMATOLOGY = 10
    CONSISTENCY = 11
    BIAS = 12
    DRIFT = 13
    FOULING = 14
    AFTER_SPIKE = 15

    @property
    def key(self) -> str:
        """Name in files and stores."""
        return self.name.lower()

    @property
    def bit(self) -> int:
        """Bit of the test in a mask."""
        return 1 << self.value


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a test says, and the flag that it gives.

    Attributes
    ----------
    flag : Quality
        FAIL only where the value cannot be water's; everything statistical is SUSPECT.
    statistic, limit : str
        What the two numbers kept as evidence are.
    """

    flag: Quality
    statistic: str
    limit: str


MEANING: dict[Test, Meaning] = {
    Test.GROSS_RANGE: Meaning(Quality.FAIL, "value", "end of the sensor's range"),
    Test.SENTINEL: Meaning(Quality.FAIL, "value", "code that a logger writes for 'no value'"),
    Test.VISIT: Meaning(Quality.FAIL, "change from the sample before", "change that counts as evidence"),
    Test.SPAN: Meaning(Quality.SUSPECT, "value", "end of what the site's water reaches"),
    Test.SPIKE: Meaning(Quality.SUSPECT, "height above or below all that lasts", "largest credible height"),
    Test.STEP: Meaning(Quality.SUSPECT, "gap between the hour before and the time after", "largest credible gap"),
    Test.FLAT_LINE: Meaning(Quality.SUSPECT, "hours without a change", "hours that are credible"),
    Test.NOISE: Meaning(Quality.SUSPECT, "typical change between samples, in the window", "largest credible one"),
    Test.ATTENUATED: Meaning(Quality.SUSPECT, "typical change between samples, in the window", "least credible one"),
    Test.RATE_OF_CHANGE: Meaning(Quality.SUSPECT, "change across a gap", "largest credible change"),
    Test.CLIMATOLOGY: Meaning(Quality.SUSPECT, "value", "end of the range of season and hour"),
    Test.CONSISTENCY: Meaning(Quality.SUSPECT, "value", "limit set by another determinand"),
    Test.BIAS: Meaning(Quality.SUSPECT, "height of the jump that was not taken back", "largest credible jump"),
    Test.DRIFT: Meaning(Quality.SUSPECT, "departure of the level, in its own yardstick", "largest credible one"),
    Test.FOULING: Meaning(Quality.SUSPECT, "departure of the level, in its own yardstick", "largest credible one"),
    Test.AFTER_SPIKE: Meaning(Quality.SUSPECT, "hours since the last spike", "hours that a spike is remembered"),
}

FAIL_MASK = sum(test.bit for test, meaning in MEANING.items() if meaning.flag is Quality.FAIL)
