"""Kafka messages as records: the value is cut as a line of JSON Lines is, so both doors are equal.

Key, headers and timestamp are kept beside the record. How messages are fetched is in `reading`.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import polars as pl

from txcat_assets.pipeline.topics import LastRecord
from txcat_assets.sources.frames import Row, rows_frame
from txcat_assets.sources.json_records import JsonCutter

LAST_MOMENT_MS = 253_402_300_799_999
"""The end of the year 9999; a producer may set any number, no table holds a later moment."""


class Message(Protocol):
    """A message as a client library hands it over."""

    offset: int
    leader_epoch: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp: int


@dataclass(frozen=True)
class MessageCutter:
    """Cuts messages into the contract's fields."""

    columns: tuple[str, ...]

    def frame(self, messages: Sequence[Message]) -> pl.DataFrame:
        """One row per message, as `records.read` gives them, with `MESSAGE` columns beside.

        `_position` is the offset. `_message_headers` is a JSON list of names and values, of which
        one that is no text is {"base64": ...}; `_message_at` is UTC.
        """
        rows = [self._row(message.value) for message in messages]
        moments = pl.Series([_moment(message.timestamp) for message in messages], dtype=pl.Int64)
        return rows_frame(rows, [*self.columns, "_extra"]).select(
            pl.Series("_position", [message.offset for message in messages], pl.Int64),
            pl.all(),
            pl.Series("_message_key", [message.key for message in messages], pl.Binary),
            pl.Series("_message_headers", [headers_text(m.headers) for m in messages], pl.String),
            (moments * 1_000).cast(pl.Datetime("us")).alias("_message_at"),
        )

    def _row(self, value: bytes | None) -> Row:
        if value is None:
            return None, "tombstone", b""
        if not value.strip():
            return None, "empty_value", value
        return JsonCutter(self.columns).row_of(value)


def as_last_record(message: Message) -> LastRecord:
    """What the ledger keeps of the last message that landed, to know it again."""
    content = json.dumps(
        [None if one is None else one.hex() for one in (message.key, message.value)]
        + [headers_text(message.headers)]
    )
    digest = blake2b(content.encode(), digest_size=16).hexdigest()
    return LastRecord(message.offset, message.leader_epoch, message.timestamp, digest)


def headers_text(headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    """Headers as JSON, in their order; None where there are none."""
    if not headers:
        return None
    return json.dumps([[name, _shown(value)] for name, value in headers])


def headers_of(text: str | None) -> list[tuple[str, bytes | None]]:
    """The headers that `headers_text` wrote."""
    return [(name, _bytes(value)) for name, value in json.loads(text or "[]")]


def _shown(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes(shown: Any) -> bytes | None:
    if isinstance(shown, dict):
        return base64.b64decode(shown["base64"])
    return None if shown is None else str(shown).encode()


def _moment(timestamp_ms: int) -> int | None:
    """A timestamp that a table can hold; a producer that sets none leaves -1."""
    return timestamp_ms if 0 <= timestamp_ms <= LAST_MOMENT_MS else None
