"""Answers that RTU units still owe: what must be ruled out before the next answer of a unit is believed.

RTU carries no transaction id. A unit that answers after its question was given up sends what looks like the answer to
the next one, and closing the port does not help: the bytes come down the wire all the same. But a unit answers in the
order in which it was asked. So after a question that was given up, it is first asked one whose answer has another
length than every answer that may still come; once that one is there, the others have passed or never will.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from collectors.modbus_frame import Question, reading

#: An answer that has not come after this is not coming any more [s].
OWED_S = 30.0

#: Most registers, and most bits, of one read.
_MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}


@dataclass(slots=True)
class _Unit:
    questions: list[Question] = field(default_factory=list)
    until_s: float = 0.0


class Owed:
    """What every unit of one bus owes. Times are those of the event loop [s]."""

    def __init__(self) -> None:
        self._units: dict[int, _Unit] = {}

    def given_up(self, question: Question, now_s: float) -> None:
        """A question was given up; its answer may come yet."""
        unit = self._units.setdefault(question.unit, _Unit())
        unit.questions.append(question)
        unit.until_s = now_s + OWED_S

    def settled(self, unit: int) -> None:
        """An answer came that no earlier question can have had."""
        self._units.pop(unit, None)

    def owes(self, unit: int, now_s: float) -> bool:
        """Whether late answers of a unit may still come."""
        found = self._units.get(unit)
        if found is None:
            return False
        if now_s >= found.until_s:
            del self._units[unit]
            return False
        return True

    def distinct(self, question: Question) -> Question | None:
        """The question, ready to pass late answers over, if none of them looks like its own; else None."""
        heads = {one.head for one in self._units[question.unit].questions}
        return None if question.head in heads else replace(question, patient=True)

    def telling(self, question: Question) -> Question:
        """A read beside `question` whose answer looks like none that may still come."""
        heads = {one.head for one in self._units[question.unit].questions} | {question.head}
        function, address = question.function, int.from_bytes(question.pdu[1:3])
        count = int.from_bytes(question.pdu[3:5])
        # Fewer of the same registers are there for certain; more of them may not be.
        for other in [*range(count - 1, 0, -1), *range(count + 1, _MOST[function] + 1)]:
            found = reading(question.unit, function, address, other)
            if found.head not in heads:
                return replace(found, patient=True)
        return replace(question, patient=True)
