"""Records of a file as messages, such as `messages` reads them back: the way to a topic.

A record that could not be cut goes as the bytes that it came with, so it is set aside behind Kafka
as it would be behind a file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.number_text import with_decimal_points


@dataclass(frozen=True)
class Outgoing:
    """A message to be: the record's number in its file, its key and its value."""

    position: int
    key: bytes | None
    value: bytes


def outgoing(
    contract: Contract, records: pl.DataFrame, *, decimal_comma: bool
) -> Iterator[Outgoing]:
    """The records as JSON objects of texts, without empty fields; their key is the contract's."""
    names = contract.column_names
    texts = with_decimal_points(contract, records) if decimal_comma else records
    rows = texts.select("_position", contract.key, "_extra", "_fault", "_bytes", *_plain(names))
    for position, key, extra, fault, raw, *fields in rows.iter_rows():
        if fault is not None:
            yield Outgoing(position, None, raw)
            continue
        record = {name: text for name, text in zip(names, fields, strict=True) if text is not None}
        others = msgspec.json.decode(extra, type=dict[str, msgspec.Raw]) if extra else {}
        value = msgspec.json.encode(record | others)
        yield Outgoing(position, None if key is None else key.encode(), value)


def _plain(names: list[str]) -> list[pl.Expr]:
    """The columns under names that no other column of the selection can have."""
    return [pl.col(name).alias(f"field {name}") for name in names]
