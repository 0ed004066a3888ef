"""Illustrative books for a demonstration on virtual rivers: nobody surveyed, wrote or measured any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.casework.base import Base
from dashboard.casework.seed.care import care_rows
from dashboard.casework.tables.inspections import Finding, Inspection, Patrol, PatrolRecord, PublicReport
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, RiverPolicy, Shop
from dashboard.casework.tables.works import Boat, Pipe, RiverWork, SedimentClearing, Structure
from dashboard.casework.vocabulary import PATROL_TYPES, POLICY_LISTS
from sensors.durations import DAY_MS, MINUTE_MS
from sensors.place import Reach, River
from sensors.site import Site

#: Every row says what it is.
NOTE = "示例数据，非实测 (illustrative, not surveyed)"

#: How far back the books go [days].
DAYS = 182

_TRADES = ("餐饮", "洗车", "农贸", "美容美发", "汽修", "小超市")
_LEAKS = ("管道破损", "雨污错接", "检查井冒溢", "商户直排")
_SOURCES = ("上游小区阳台洗衣水接入雨水管", "沿街商户混接", "检查井渗漏", "施工降水", "未发现污水来源")
_STAGES = ("unsurveyed", "surveyed", "monitored", "traced", "rectified", "closed")


class Demo:
    """Illustrative rows of a site.

    Parameters
    ----------
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC.
    seed : int
    """

    def __init__(self, site: Site, now_ms: int, seed: int) -> None:
        self.site, self.now_ms, self.seed = site, now_ms, seed
        self.zone = ZoneInfo(site.timezone)
        self.today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(self.zone).date()
        self.rivers: Sequence[River] = list(site.rivers.values())
        self.departments = [name for name in site.departments if name != "maintainer"]
        self._grids: dict[str, list[str]] = {river.id: [] for river in self.rivers}
        for grid in site.grids.values():
            self._grids.setdefault(grid.river, []).append(grid.id)

    def rows(self, outfalls: Sequence[OutfallRecord]) -> list[Base]:
        """All rows; the outfalls given are taken through some of their stages."""
        self._survey(outfalls, Random(f"{self.seed}/outfalls"))
        makers: Sequence[Callable[[Random], Iterator[Base]]] = (
            self._shops, self._leaks, self._pipes, self._clearings, self._works, self._structures, self._boats,
            self._inspections, self._patrols, self._reports, self._policies,
        )  # fmt: skip
        rows = [row for make in makers for row in make(Random(f"{self.seed}/{make.__name__}"))]
        return rows + care_rows(self.site, self.now_ms, self.seed, NOTE)

    def ago(self, chance: Random, least: int = 1, most: int = DAYS) -> date:
        """A day before today."""
        return self.today - timedelta(days=chance.randint(least, most))

    def at(self, day: date, hour: int, minute: int = 0) -> int:
        """Milliseconds since the epoch, UTC, of a local time."""
        return round(datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).timestamp() * 1000)

    def later(self, chance: Random, day: date, most: int = 30) -> date:
        """A day after another, and not after yesterday."""
        return min(day + timedelta(days=chance.randint(1, most)), self.today - timedelta(days=1))

    def place(self, chance: Random, river: River) -> tuple[Reach, float, float, float]:
        """Somewhere on a river: reach, chainage [m], longitude and latitude."""
        reach = chance.choice(self.site.reaches_of(river.id))
        chainage = round(chance.uniform(0, reach.length_m))
        longitude, latitude = self.site.position(reach.id, min(chainage, reach.length_m))
        return reach, float(min(chainage, int(reach.length_m))), round(longitude, 6), round(latitude, 6)

    def grid(self, chance: Random, river: River) -> str | None:
        """A grid of a river."""
        return chance.choice(self._grids[river.id]) if self._grids[river.id] else None

    def _department(self, name: str) -> str | None:
        return name if name in self.site.departments else None

    def _survey(self, outfalls: Sequence[OutfallRecord], chance: Random) -> None:
        for outfall in outfalls:
            reached = chance.choices(range(len(_STAGES)), weights=(12, 30, 22, 14, 14, 8))[0]
            if not reached:
                continue
            day = self.ago(chance, 60)
            outfall.surveyed_on, outfall.surveyed_by, outfall.note = day, "示例排查组", NOTE
            outfall.flows_in_dry_weather = chance.random() < (0.25 if outfall.kind == "storm" else 0.6)
            if reached >= 2:
                outfall.sampled_on = self.later(chance, day, 14)
            if reached >= 3:
                outfall.source = chance.choice(_SOURCES)
            if reached >= 4:
                outfall.rectification = chance.choice(("banned", "merged", "regulated"))
                outfall.rectified_on = self.later(chance, day, 50)
            if reached >= 5:
                outfall.closed_on = self.later(chance, outfall.rectified_on or day, 8)
            outfall.stage = _STAGES[reached]

    def _shops(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 201):
            river = self.rivers[number % len(self.rivers)]
            _reach, _chainage, longitude, latitude = self.place(chance, river)
            trade = chance.choice(_TRADES)
            state = chance.choices(
                ("unsurveyed", "in_order", "to_rectify", "rectified", "closed"), weights=(18, 45, 17, 16, 4)
            )[0]
            looked: dict[str, Any] = {}
            if state != "unsurveyed":
                looked = {
                    "surveyed_on": self.ago(chance), "surveyed_by": "示例网格员",
                    "sewer_connected": state != "to_rectify" or chance.random() < 0.4,
                    "grease_trap": trade == "餐饮" and state != "to_rectify",
                }  # fmt: skip
            yield Shop(
                id=f"DEMO-S{number:03}", name=f"示例{trade}店{number:03}", trade=trade, river=river.id,
                address=f"{river.name}沿线{number}号", grid=self.grid(chance, river), longitude=longitude,
                latitude=latitude, state=state, note=NOTE, **looked,
            )  # fmt: skip

    def _leaks(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 61):
            river = self.rivers[number * 5 % len(self.rivers)]
            reach, chainage, _longitude, _latitude = self.place(chance, river)
            state = chance.choices(("found", "rectified", "confirmed"), weights=(30, 30, 40))[0]
            found = self.ago(chance, 20)
            rectified = self.later(chance, found) if state != "found" else None
            yield LeakPoint(
                id=f"DEMO-L{number:02}", river=river.id, reach=reach.id, chainage_m=chainage,
                shop=f"DEMO-S{chance.randint(1, 200):03}" if chance.random() < 0.3 else None,
                kind=chance.choice(_LEAKS), department=chance.choice(self.departments), state=state, found_on=found,
                found_by="示例排查组", rectified_on=rectified,
                confirmed_on=self.later(chance, rectified, 14) if rectified and state == "confirmed" else None,
                note=NOTE,
            )  # fmt: skip

    def _pipes(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 121):
            river = chance.choice(self.rivers)
            state = chance.choices(
                ("uninspected", "sound", "to_dredge", "to_repair", "done"), weights=(25, 25, 20, 10, 20)
            )[0]
            inspected = None if state == "uninspected" else self.ago(chance, 40)
            yield Pipe(
                id=f"DEMO-P{number:03}", kind=chance.choice(("sewage", "storm", "combined")),
                road=f"示例路{number % 15 + 1}", from_node=f"W{number}", to_node=f"W{number + 1}", river=river.id,
                department=self._department("municipal"),
                length_m=float(chance.randint(30, 400)), diameter_mm=float(chance.choice((300, 400, 600, 800))),
                state=state, inspected_on=inspected, defects="淤积" if state == "to_dredge" else "",
                dredged_on=self.later(chance, inspected) if inspected and state == "done" else None, note=NOTE,
            )  # fmt: skip

    def _clearings(self, chance: Random) -> Iterator[Base]:
        for number, river in enumerate(self.rivers, 1):
            reach = chance.choice(self.site.reaches_of(river.id))
            begun = self.ago(chance, 30) if chance.random() < 0.6 else None
            done = self.later(chance, begun, 25) if begun and chance.random() < 0.7 else None
            yield SedimentClearing(
                id=f"DEMO-C{number:02}", river=river.id, reach=reach.id, from_m=0.0, to_m=float(int(reach.length_m)),
                planned_on=begun or self.today + timedelta(days=chance.randint(10, 120)), begun_on=begun, done_on=done,
                volume_m3=round(reach.length_m * reach.width_m * 0.3) * 1.0 if done else None, thickness_cm=30.0,
                contractor="示例疏浚公司", note=NOTE,
            )  # fmt: skip

    def _works(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 13):
            river = chance.choice(self.rivers)
            reach, chainage, _longitude, _latitude = self.place(chance, river)
            begun, removed = self.ago(chance, 30), chance.random() < 0.4
            yield RiverWork(
                id=f"DEMO-W{number:02}", kind="work" if number % 3 else "blockage", name=f"示例围堰{number}",
                river=river.id, reach=reach.id, chainage_m=chainage, department=self._department("water"),
                state="removed" if removed else "present", blocks_flow=number % 3 == 0, from_on=begun,
                due_on=begun + timedelta(days=90), removed_on=self.later(chance, begun) if removed else None, note=NOTE,
            )  # fmt: skip

    def _structures(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 16):
            river, found = chance.choice(self.rivers), self.ago(chance, 30)
            state = chance.choice(("found", "ordered", "removed"))
            yield Structure(
                id=f"DEMO-B{number:02}", name=f"示例棚屋{number}", river=river.id, grid=self.grid(chance, river),
                address=f"{river.name}岸边", area_m2=float(chance.randint(8, 120)), state=state, found_on=found,
                removed_on=self.later(chance, found) if state == "removed" else None, note=NOTE,
            )  # fmt: skip

    def _boats(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 11):
            found = self.ago(chance, 20)
            yield Boat(
                id=f"DEMO-V{number:02}", kind=chance.choice(("sunken", "stray")), river=chance.choice(self.rivers).id,
                place="示例河埠", found_on=found,
                removed_on=self.later(chance, found) if chance.random() < 0.6 else None, note=NOTE,
            )  # fmt: skip

    def _inspections(self, chance: Random) -> Iterator[Base]:
        kinds = list(PATROL_TYPES)
        for month in range(6):
            for number, river in enumerate(self.rivers):
                name = f"DEMO-I{month}{number:02}"
                findings = [
                    Finding(
                        id=f"{name}-{index}", type=chance.choice(kinds), text=NOTE,
                        points=float(chance.choice((1, 2, 3, 5))), department=chance.choice(self.departments),
                    )
                    for index in range(1, chance.choices((0, 1, 2, 3, 4), weights=(30, 30, 20, 12, 8))[0] + 1)
                ]  # fmt: skip
                yield Inspection(
                    id=name, kind=("monthly", "self", "third_party", "random")[0 if number % 4 else month % 4],
                    river=river.id, department=river.department,
                    day=self.today - timedelta(days=month * 30 + 1 + number % 25), inspector="示例检查组",
                    score=100 - sum(finding.points for finding in findings), note=NOTE,
                    findings=findings,
                )  # fmt: skip

    def _patrols(self, chance: Random) -> Iterator[Base]:
        kinds = list(PATROL_TYPES)
        for week in range(0, 26, 2):
            for number, river in enumerate(self.rivers):
                day = self.today - timedelta(days=week * 7 + 1 + number % 7)
                begin, minutes = self.at(day, chance.randint(8, 16), chance.randint(0, 59)), chance.randint(15, 70)
                reach = chance.choice(self.site.reaches_of(river.id))
                yield Patrol(
                    id=f"DEMO-T{week:02}{number:02}", river=river.id, segment=reach.id, person=river.chief_role,
                    begin_ms=begin, end_ms=begin + minutes * MINUTE_MS, length_m=float(minutes * 45),
                    path=[list(position) for position in reach.line] if week == 0 else None, note=NOTE,
                    records=[
                        PatrolRecord(position=index, type=chance.choice(kinds), text=NOTE, address=f"{river.name}岸边")
                        for index in range(1, chance.choices((0, 1, 2), weights=(65, 27, 8))[0] + 1)
                    ],
                )  # fmt: skip

    def _reports(self, chance: Random) -> Iterator[Base]:
        for number in range(1, 41):
            river, day = chance.choice(self.rivers), self.ago(chance)
            received = self.at(day, chance.randint(8, 20), chance.randint(0, 59))
            answered = chance.random() < 0.8 and day < self.today - timedelta(days=6)
            yield PublicReport(
                id=f"DEMO-R{number:02}", received_ms=received, channel=chance.choice(("12345热线", "微信", "来访")),
                river=river.id, place=f"{river.name}附近",
                text=f"{chance.choice(('河水有异味', '水面有漂浮物', '排口晴天出水', '岸边有垃圾'))}。{NOTE}",
                answered_ms=received + chance.randint(1, 5) * DAY_MS if answered else None,
                answer="已到现场处理。" if answered else "",
            )  # fmt: skip

    def _policies(self, chance: Random) -> Iterator[Base]:
        texts = {
            "problem": "沿河排口旱天出流", "goal": "水质稳定达到目标类别", "task": "完成排口排查和整治",
            "measure": "雨污分流改造和清淤", "responsibility": "河长牵头，部门分工落实",
        }  # fmt: skip
        for river in self.rivers:
            for name in POLICY_LISTS:
                for position in range(1, chance.randint(1, 3) + 1):
                    due = self.today + timedelta(days=chance.randint(-60, 300))
                    yield RiverPolicy(
                        river=river.id, list=name, position=position, text=f"{texts[name]}（{NOTE}）",
                        department=river.department, due_on=due if name == "task" else None,
                        done_on=due if name == "task" and due < self.today else None,
                    )  # fmt: skip
