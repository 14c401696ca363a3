"""Transactions as messages: the same records that `tests.assets.records` writes into files."""

import csv
import io
from collections.abc import Sequence

from tests.assets.installation import Installation
from tests.assets.records import HEADER, line
from tests.kafka.broker import Kafka


def topic_of(site: Installation, dataset: str = "transactions") -> str:
    """The topic that an installation follows."""
    assert site.contracts is not None
    return site.contracts[dataset].topic


def as_objects(lines: Sequence[str]) -> list[dict[str, str]]:
    """Lines of a file as JSON objects, each value a text."""
    return list(csv.DictReader(io.StringIO("\n".join([HEADER, *lines]))))


def send(kafka: Kafka, site: Installation, *numbers: int, partition: int | None = None) -> None:
    """Sound transactions of these numbers."""
    kafka.send(topic_of(site), as_objects([line(number) for number in numbers]), partition)
