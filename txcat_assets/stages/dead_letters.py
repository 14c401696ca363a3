"""Quarantined messages go to a dead-letter topic too, in the way of Kafka Connect.

At least once: a letter is noted as sent after the broker has confirmed it. What a kill or an outage
leaves is sent by the next run of its day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.errors import MessageRefused, TxcatError
from txcat_assets.sources.kafka.messages import headers_of
from txcat_assets.sources.kafka.outgoing import outgoing
from txcat_assets.sources.kafka.writing import Headers, TopicWriter
from txcat_assets.stages.land_topic import KafkaDoor
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.dead_letters import (
    SliceOfTopic,
    letters_of,
    note_sent,
    slices_with_letters,
)

PREFIX = "__connect.errors."


@dataclass
class Sent:
    """How many letters have arrived; `problems` say why others have not."""

    letters: int = 0
    problems: list[str] = field(default_factory=list)


def send_dead_letters(work: Work, door: KafkaDoor) -> Sent:
    """Send the quarantined messages of the days that have not been sent; again, it sends none.

    Trouble with Kafka is among `problems` and not raised: the tables are right without it.
    """
    sent = Sent()
    with work.warehouse.transaction() as tx:
        slices = slices_with_letters(tx, work.contract, work.days)
    try:
        with TopicWriter(door.config, may_double=True) as writer:
            for part in slices:
                _send_slice(work, door, writer, part, sent)
    except TxcatError as error:
        sent.problems.append(str(error))
    return sent


def _send_slice(
    work: Work, door: KafkaDoor, writer: TopicWriter, part: SliceOfTopic, sent: Sent
) -> None:
    with work.warehouse.transaction() as tx:
        letters = letters_of(tx, work.contract, part.slice_id)
    values = _rebuilt(work.contract, letters) | _original(door, part, set(letters["_position"]))
    deliveries = []
    for letter in letters.iter_rows(named=True):
        headers = [*headers_of(letter["_message_headers"]), *_headers(work.contract, part, letter)]
        value = values[letter["_position"]]
        deliveries.append(
            writer.send(door.dead_letter_topic, letter["_message_key"], value, headers)
        )
    try:
        writer.confirm()
    except MessageRefused as error:
        sent.problems.append(f"{part.topic}, partition {part.range.partition}: {error}")
    arrived = letters.filter(pl.Series([not one.has_failed for one in deliveries]))
    with work.warehouse.transaction() as tx:
        note_sent(tx, work.contract, part.slice_id, arrived, work.now())
    sent.letters += len(arrived)


def _original(door: KafkaDoor, part: SliceOfTopic, offsets: set[int]) -> dict[int, bytes | None]:
    """The values as they were sent, byte by byte, as far as Kafka still has them."""
    if not part.is_readable:
        return {}
    with door.open(part.topic) as topic:
        begin, _ = topic.offered([]).ranges[part.range.partition]
        still = replace(part.range, start=max(begin, min(offsets)), end=max(offsets) + 1)
        return topic.values(still, offsets) if still.start < still.end else {}


def _rebuilt(contract: Contract, letters: pl.DataFrame) -> dict[int, bytes | None]:
    """The values from what has landed, for those that Kafka has removed meanwhile."""
    records = letters.with_columns(_fault=pl.when(pl.col("_bytes").is_not_null()).then(pl.lit("")))
    found = outgoing(contract, records, decimal_comma=False)
    return {message.position: message.value or None for message in found}


def _headers(contract: Contract, part: SliceOfTopic, letter: Mapping[str, Any]) -> Headers:
    """Where the message came from, which stage set it aside, and why."""
    texts = reason_texts(contract)
    why = letter["words"] or " ".join(texts.get(code, code) for code in letter["reasons"])
    values = {
        "topic": part.topic,
        "partition": part.range.partition,
        "offset": letter["_position"],
        "stage": letter["stage"],
        "class.name": f"txcat.{contract.dataset}",
        "exception.class.name": ",".join(letter["reasons"]),
        "exception.message": why,
    }
    return [(PREFIX + name, str(value).encode()) for name, value in values.items()]
