"""What tests, faults, flags and states of a station are called, in one language."""

from __future__ import annotations

from dashboard.wording import Wording
from sensors.reading import Quality


def name_of_test(test: str, w: Wording) -> str:
    """What a test of quality control is called; its key where nobody has a word for it."""
    _ = w._
    words = {
        "gross_range": _("outside the sensor's range"), "sentinel": _("code for no value"), "visit": _("people there"),
        "span": _("beyond what this water reaches"), "spike": _("spike"),
        "after_spike": _("soon after a spike"), "step": _("jump"),
        "flat_line": _("stands still"), "noise": _("noisy"), "attenuated": _("too smooth"),
        "rate_of_change": _("changed too fast"), "climatology": _("beyond season and hour"),
        "consistency": _("contradicts another determinand"), "bias": _("jump that stayed"), "drift": _("drift"),
        "fouling": _("fouling"), "review": _("rejected by a person"),
    }  # fmt: skip
    return words.get(test, test)


def fault_name(kind: str, w: Wording) -> str:
    """What a lasting fault is called."""
    _ = w._
    words = {
        "spikes": _("spikes"), "step_bias": _("jump that stayed"), "noise": _("noisy"), "flatline": _("stands still"),
        "drift": _("drift"), "fouling": _("fouling"), "dropout": _("dropout"), "maintenance": _("people there"),
    }  # fmt: skip
    return words.get(kind, kind)


def quality_name(quality: int, w: Wording) -> str:
    """What a flag says."""
    _ = w._
    words = {
        int(Quality.GOOD): _("good"), int(Quality.NOT_EVALUATED): _("not checked yet"),
        int(Quality.SUSPECT): _("suspect"), int(Quality.FAIL): _("failed"), int(Quality.MISSING): _("missing"),
    }  # fmt: skip
    return words.get(quality, str(quality))


def state_name(state: str, w: Wording) -> str:
    """What a station says of itself: letters of HJ 212."""
    _ = w._
    words = {
        "N": _("normal"), "F": _("stopped"), "M": _("in maintenance"), "S": _("manual"), "D": _("faulty"),
        "C": _("being calibrated"), "T": _("over its range"), "B": _("no connection"),
    }  # fmt: skip
    return words.get(state, state)


def means(text: str, w: Wording) -> str:
    """What a number behind a flag is: the tests say it in English."""
    _ = w._
    words = {
        "value": _("value"),
        "end of the sensor's range": _("end of the sensor's range"),
        "code that a logger writes for 'no value'": _("code that a logger writes for 'no value'"),
        "change from the sample before": _("change from the sample before"),
        "change that counts as evidence": _("change that counts as evidence"),
        "end of what the site's water reaches": _("end of what the site's water reaches"),
        "height above or below all that lasts": _("height above or below all that lasts"),
        "largest credible height": _("largest credible height"),
        "gap between the hour before and the time after": _("gap between the hour before and the time after"),
        "largest credible gap": _("largest credible gap"),
        "hours without a change": _("hours without a change"),
        "hours that are credible": _("hours that are credible"),
        "typical change between samples, in the window": _("typical change between samples, in the window"),
        "largest credible one": _("largest credible one"),
        "least credible one": _("least credible one"),
        "change across a gap": _("change across a gap"),
        "largest credible change": _("largest credible change"),
        "end of the range of season and hour": _("end of the range of season and hour"),
        "limit set by another determinand": _("limit set by another determinand"),
        "height of the jump that was not taken back": _("height of the jump that was not taken back"),
        "largest credible jump": _("largest credible jump"),
        "departure of the level, in its own yardstick": _("departure of the level, in its own yardstick"),
        "hours since the last spike": _("hours since the last spike"),
        "hours that a spike is remembered": _("hours that a spike is remembered"),
    }
    return words.get(text, text)
