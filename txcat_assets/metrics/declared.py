"""How a metric is declared: once, with the words that the page of metrics has too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)

from txcat_assets.health.look import Look

Values = Iterator[tuple[tuple[str, ...], float]]
"""The values of a metric, each with those of its labels."""


@dataclass(frozen=True)
class Declared:
    """A metric: its name, what it says, its labels, and how its values are had from a look."""

    name: str
    words: str
    labels: tuple[str, ...]
    values: Callable[[Look], Values]
    is_counter: bool = False

    def family(self, look: Look) -> Metric:
        """The metric with its values now."""
        kind = CounterMetricFamily if self.is_counter else GaugeMetricFamily
        made = kind(self.name, self.words, labels=self.labels)
        for labels, value in self.values(look):
            made.add_metric(labels, value)
        return made


def seconds(moment: datetime) -> float:
    """A moment in UTC as Prometheus has it."""
    return moment.replace(tzinfo=UTC).timestamp()
