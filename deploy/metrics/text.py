"""What a service measures, in the text format of Prometheus; names are ``riverchief_<what>_<unit>``.

Nothing is counted twice: when somebody asks, samples are taken from the state that the service keeps anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Literal, TypeVar

#: Begins every name.
PREFIX = "riverchief_"

_T = TypeVar("_T")
_Kind = Literal["gauge", "counter"]


@dataclass(slots=True)
class _Family:
    kind: _Kind
    help: str
    labels: tuple[str, ...]
    samples: list[tuple[tuple[str, ...], float]] = field(default_factory=list)


class Samples:
    """Collects samples for one answer."""

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}

    def gauge(self, name: str, help_: str, value: float | None, **labels: str) -> None:
        """A figure that goes up and down; None where it is not known, and then nothing is told.

        Parameters
        ----------
        name : str
            Without `PREFIX`, with the unit at its end.
        help_ : str
        value : float or None
        **labels
            The same ones for each sample of a name.
        """
        self._add("gauge", name, help_, value, labels)

    def counter(self, name: str, help_: str, value: float | None, **labels: str) -> None:
        """A figure that only grows while the process lives; its name ends with ``_total``."""
        if not name.endswith("_total"):
            raise ValueError(f"a counter's name ends with _total, not {name!r}")
        self._add("counter", name, help_, value, labels)

    def _add(self, kind: _Kind, name: str, help_: str, value: float | None, labels: dict[str, str]) -> None:
        if value is None:
            return
        family = self._families.setdefault(PREFIX + name, _Family(kind, help_, tuple(labels)))
        if (family.kind, family.labels) != (kind, tuple(labels)):
            raise ValueError(f"{name} is a {family.kind} with the labels {family.labels}")
        family.samples.append((tuple(labels.values()), float(value)))

    def __iter__(self) -> Iterator[tuple[str, _Kind, str, tuple[str, ...], list[tuple[tuple[str, ...], float]]]]:
        for name, one in self._families.items():
            yield name, one.kind, one.help, one.labels, one.samples


#: Adds a service's samples.
Measure = Callable[[Samples], None]


def page(service: str, measure: Measure) -> tuple[str, bytes]:
    """Content type and text of ``/metrics``.

    Parameters
    ----------
    service : str
        hub, gateway, alert, board.
    measure : callable
    """
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    samples = Samples()
    samples.gauge("build_info", "Version of the program; always 1.", 1, service=service, version=version("riverchief"))
    measure(samples)

    class _Taken(Collector):
        def collect(self) -> Iterator[Metric]:
            for name, kind, help_, labels, rows in samples:
                make = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                family = make(name.removesuffix("_total") if kind == "counter" else name, help_, labels=labels)
                for values, value in rows:
                    family.add_metric(list(values), value)
                yield family

    registry = CollectorRegistry()
    registry.register(_Taken())
    ProcessCollector(registry=registry)
    return CONTENT_TYPE_LATEST, generate_latest(registry)


def seconds(time_ms: int | None) -> float | None:
    """Milliseconds since the epoch as seconds, as Prometheus wants times; None stays None."""
    return None if time_ms is None else time_ms / 1000
