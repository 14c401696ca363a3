"""Which quarantined records of a topic have not gone to the dead-letter topic yet.

Where they are sent, and with which headers, is in `stages.dead_letters`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.topics import Range
from txcat_assets.warehouse.databases.interface import Transaction, quoted

LETTER = ("_position", "stage", "reasons", "words", "_bytes", "_message_key", "_message_headers")


@dataclass(frozen=True)
class SliceOfTopic:
    """A slice with letters to send; `is_readable` where its offsets still mean the same records."""

    slice_id: int
    topic: str
    range: Range
    is_readable: bool


def slices_with_letters(
    tx: Transaction, contract: Contract, days: Sequence[date]
) -> list[SliceOfTopic]:
    """The slices of these days with quarantined records that have not been sent."""
    found = tx.rows(
        'SELECT s.slice_id, o.name, o.object_id, o."partition", s."start", s."end", '
        "o.state = 'following' FROM ledger.slices s "
        "JOIN ledger.objects o ON o.object_id = s.object_id AND o.kind = 'kafka' "
        "WHERE s.dataset = $dataset AND s.day = ANY($days) AND s.slice_id IN "
        f"(SELECT q._slice_id FROM quarantined.{contract.dataset} q WHERE {_unsent('q')}) "
        "ORDER BY s.slice_id",
        dataset=contract.dataset,
        days=list(days),
    )
    return [SliceOfTopic(row[0], row[1], Range(*row[2:6]), row[6]) for row in found]


def letters_of(tx: Transaction, contract: Contract, slice_id: int) -> pl.DataFrame:
    """The unsent letters of a slice: what `LETTER` names, and the record's texts and `_extra`."""
    names = quoted([*LETTER, *contract.column_names, "_extra"], "q")
    return tx.frame(
        f"SELECT {names} FROM quarantined.{contract.dataset} q "
        f"WHERE q._slice_id = $slice_id AND {_unsent('q')} ORDER BY q._position",
        slice_id=slice_id,
        dataset=contract.dataset,
    )


def note_sent(
    tx: Transaction, contract: Contract, slice_id: int, letters: pl.DataFrame, at: datetime
) -> None:
    """Note that letters have arrived; one that is quarantined for other reasons later goes anew."""
    tx.offer("sent", letters.select("_position", _reasons=pl.col("reasons").list.join(",")))
    tx.run(
        "INSERT INTO ledger.dead_letters (dataset, slice_id, position, reasons, sent_at) "
        "SELECT $dataset, $slice_id, _position, _reasons, $at FROM sent",
        dataset=contract.dataset,
        slice_id=slice_id,
        at=at,
    )


def _unsent(alias: str) -> str:
    return (
        "NOT EXISTS (SELECT 1 FROM ledger.dead_letters d WHERE d.dataset = $dataset "
        f"AND d.slice_id = {alias}._slice_id AND d.position = {alias}._position "
        f"AND d.reasons = array_to_string({alias}.reasons, ','))"
    )
