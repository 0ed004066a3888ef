"""What an event shows, in the words of people: what stands out, what speaks against it, rain, neighbours, source."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.casework.evidence import CANNOT_TELL, Evidence
from dashboard.i18n import Translator
from dashboard.wording import Wording
from sensors.site import Site

#: Reasons that took away less than this are not told [multiples of the series' scale].
LEAST = 0.05

#: What another determinand shows from here on is told [multiples of its scale].
RISEN = 2.0

#: From this probability on an outfall is called the likely one.
LIKELY = 0.5

#: Neighbours that are told, the nearest first.
NEIGHBOURS = 4


@dataclass(frozen=True, slots=True)
class Explanation:
    """Sentences by what they are about; each may be empty.

    Attributes
    ----------
    shows : tuple of str
        What stands out, and by how much.
    against : tuple of str
        What speaks against a discharge.
    rain, neighbours, source : tuple of str
        The rain before, what stations up and down the water did, where it comes from.
    """

    shows: tuple[str, ...]
    against: tuple[str, ...]
    rain: tuple[str, ...]
    neighbours: tuple[str, ...]
    source: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.shows, *self.against, *self.rain, *self.neighbours, *self.source)


def kind_word(_: Translator, kind: str) -> str:
    """Kind of an event for people."""
    words = {
        "discharge": _("Suspected discharge"), "overflow": _("Overflow"), "operation": _("Gate or pump operation"),
        "fault": _("Suspected probe fault"), "unknown": _("Unusual water"),
    }  # fmt: skip
    return words.get(kind, kind)


def explained(told: Evidence, site: Site, w: Wording) -> Explanation:
    """Put evidence into words; what is not known is not told.

    Parameters
    ----------
    told : Evidence
    site : Site
    w : Wording
        Of the reader, or of the office for what is kept.
    """
    return Explanation(
        tuple(_shows(told, site, w)), tuple(_against(told, w)), tuple(_rain(told, w)),
        tuple(_neighbours(told, site, w)), tuple(_source(told, w)),
    )  # fmt: skip


def described(told: Evidence, site: Site, words: Translator) -> str:
    """The same as an order carries it: one sentence a line."""
    return "\n".join(explained(told, site, Wording.of(site, words)).lines)


def _shows(told: Evidence, site: Site, w: Wording) -> list[str]:
    _ = w._
    lines = []
    if told.get("illustrative"):
        lines.append(_("Illustrative: the figures below were made up and stand in no curve of the station"))
    rises = told.get("rises", {})
    if (first := told.get("first")) is not None:
        key = first["determinand"]
        values = {
            "determinand": w.determinand(key), "station": w.place(site.stations[first["station"]]), "unit": w.unit(key),
            "value": w.number(key, first["value"]), "baseline": w.number(key, first["baseline"]),
        }  # fmt: skip
        if first["value"] >= first["baseline"]:
            text = _("{determinand} at {station} rose from {baseline} to {value} {unit}", **values).rstrip()
        else:
            text = _("{determinand} at {station} fell from {baseline} to {value} {unit}", **values).rstrip()
        if key in rises:
            text = _("{text}, {times} times what it usually varies", text=text, times=f"{abs(rises[key]):.1f}")
        lines.append(text)
        others = [name for name in rises if name != key and abs(rises[name]) >= RISEN]
        if others:
            shown = w.join([
                _("{text} ({times} times its usual variation)", text=w.determinand(name),
                  times=f"{abs(rises[name]):.1f}")
                for name in others
            ])  # fmt: skip
            lines.append(_("Also outside at this station: {names}", names=shown))
    elif keys := told.get("determinands"):
        lines.append(_("Outside: {names}", names=w.names(keys)))
    if (count := round(told.get("episodes", 1))) > 1:
        lines.append(_.plural("Seen {count} time", "Seen {count} times so far", count))
    return lines


def _against(told: Evidence, w: Wording) -> list[str]:
    _ = w._
    if "against" not in told:
        return []
    reasons = [
        f"{reason_word(_, name)} (−{amount:.1f})"
        for name, amount in sorted(told["against"].items(), key=lambda item: -item[1])
        if amount >= LEAST
    ]
    if not reasons:
        return [_("Nothing speaks against it")]
    return [_("Speaks against a discharge: {reasons}", reasons=w.join(reasons))]


def reason_word(_: Translator, reason: str) -> str:
    """What speaks against a discharge, for people."""
    words = {
        "rough": _("the readings are restless"),
        "doubt": _("quality control doubts the probe"),
        "common": _("many stations show it at the same time"),
        "unsteady": _("the water goes back and forth here"),
        "rain": _("rain washes it in"),
        "operation": _("a gate or pump was operated"),
        "alone": _("it stands alone, as when a probe fouls"),
        "front": _("it came slowly, as when a probe drifts"),
    }  # fmt: skip
    return words.get(reason, reason)


def _rain(told: Evidence, w: Wording) -> list[str]:
    _ = w._
    if "rain_mm" in told:
        if told["rain_mm"] < LEAST:
            return [_("No rain in the 24 hours before")]
        return [_("Rain of the 24 hours before: {amount:.1f} mm", amount=told["rain_mm"])]
    if told.get("rain_known") is False:
        return [_("No rain gauge reported: rain cannot be ruled out")]
    return []


def _neighbours(told: Evidence, site: Site, w: Wording) -> list[str]:
    _ = w._
    lines = []
    for one in sorted(told.get("neighbours", []), key=lambda one: abs(one["travel_h"]))[:NEIGHBOURS]:
        values = {"station": w.place(site.stations[one["station"]]), "rise": f"{one['rise']:.1f}",
                  "hours": f"{abs(one['travel_h']):.1f}"}  # fmt: skip
        if one["travel_h"] < 0:
            lines.append(_("{hours} h upstream, {station}: {rise} times its usual variation", **values))
        else:
            lines.append(_("{hours} h downstream, {station}: {rise} times its usual variation", **values))
    if silent := told.get("silent"):
        names = w.join([w.place(site.stations[name]) for name in silent])
        lines.append(_("Nothing unusual at {stations}", stations=names))
    return lines


def _source(told: Evidence, w: Wording) -> list[str]:
    _ = w._
    if told.get("cannot_tell", 0.0) >= CANNOT_TELL:
        return [_("The outfall cannot be told from what the stations saw")]
    if not told["candidates"]:
        return []
    best = told["candidates"][0]
    share = f"{best['probability']:.0%}".replace("%", " %")
    if best["probability"] < LIKELY:
        said = _("No outfall stands out; the first in the ranking is {outfall} ({share})", outfall=best["outfall"],
                 share=share)  # fmt: skip
        return [said]
    return [_("Most likely from outfall {outfall} ({share})", outfall=best["outfall"], share=share)]
