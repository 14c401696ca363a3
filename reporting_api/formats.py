"""Records as JSON, JSON Lines or CSV, written frame by frame, never all in memory.

Money is exact decimal text, times say their offset. In CSV what a spreadsheet would run as a
formula has an apostrophe before it; in JSON every text is as it is.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import polars as pl
from xxhash import xxh3_128

from txcat_assets.pipeline.plain_values import plain, plain_for_spreadsheets

SPOOLED_BYTES = 1024 * 1024
"""What is larger goes into a temporary file, which has no name and is gone when it is closed."""

JSON, JSON_LINES, CSV = "application/json", "application/x-ndjson", "text/csv"

FORMATS = (JSON, JSON_LINES, CSV)


@dataclass
class Written:
    """An answer, written: its bytes in a file, and how many records there are."""

    file: IO[bytes]
    records: int = 0
    size: int = 0
    digest: Any = field(default_factory=xxh3_128)

    def write(self, part: bytes) -> None:
        """Add to it."""
        self.file.write(part)
        self.digest.update(part)
        self.size += len(part)

    @property
    def tag(self) -> str:
        """The ETag: a digest of the bytes."""
        return f'"{self.digest.hexdigest()}"'


@dataclass(frozen=True)
class Envelope:
    """What stands around the records in JSON: `head` before them, `tail` after; and their name."""

    head: Mapping[str, Any]
    name: str
    tail: Mapping[str, Any]


def write(frames: Iterable[pl.DataFrame], media_type: str, envelope: Envelope) -> Written:
    """Write all records of frames, which have the same columns."""
    # Closed by the response, once it is sent.
    written = Written(SpooledTemporaryFile(SPOOLED_BYTES))  # noqa: SIM115
    try:
        _write(written, frames, media_type, envelope)
    except BaseException:
        written.file.close()
        raise
    written.file.seek(0)
    return written


def _write(
    written: Written, frames: Iterable[pl.DataFrame], media_type: str, envelope: Envelope
) -> None:
    if media_type == JSON:
        head = json.dumps(envelope.head)[1:-1]
        name = json.dumps(envelope.name)
        written.write(f"{{{head}{', ' if head else ''}{name}: [".encode())
    for number, frame in enumerate(frames):
        if media_type == CSV:
            written.write(_csv(frame, has_header=number == 0))
        elif frame.height:
            lines = plain(frame).write_ndjson().encode()
            if media_type == JSON:
                lines = lines.rstrip(b"\n").replace(b"\n", b",")
                written.write(b"," if written.records else b"")
            written.write(lines)
        written.records += frame.height
    if media_type == JSON:
        tail = json.dumps(envelope.tail)[1:]
        written.write(f"]{', ' if envelope.tail else ''}{tail}".encode())


def _csv(frame: pl.DataFrame, *, has_header: bool) -> bytes:
    return plain_for_spreadsheets(frame).write_csv(include_header=has_header).encode()
