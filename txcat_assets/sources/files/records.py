"""A file's records as frames, in order and numbered, in memory bounded by a block of the file.

`csv_grammar` and `json_records` define what a record is; here are the blocks and the numbers.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat

import polars as pl

from txcat_assets.errors import SourceChanged
from txcat_assets.sources.files.dialect import Dialect
from txcat_assets.sources.files.opening import SourcePath
from txcat_assets.sources.files.streams import (
    DAMAGE,
    as_they_came,
    of_few_lines,
    open_plain,
    pieces_of,
    read_pieces,
    shortened,
    without_first,
)
from txcat_assets.sources.frames import Cut

SLICE_RECORDS = 245_760
"""Records in a frame at most: a slice, which is two of DuckDB's row groups.

Measured at 1M rows, the file opened anew for each slice: 3.2 s in slices of 100,000, 1.1 s in
these. Larger ones gain little and make a micro-batch of the same dataset wait longer.
"""

SLICE_BYTES = 67_108_864
"""A frame is handed over when its records took so much of the file, however few they are."""

BLOCK_BYTES = 16_777_216
"""How much of a file is read at once; frames of records do not depend on it.

After so many bytes without a record an empty frame is handed over, so that the caller can stop
within seconds, whatever the file holds.
"""


def read(
    path: SourcePath,
    dialect: Dialect,
    columns: Sequence[str],
    start: int = 0,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[pl.DataFrame]:
    """The records of the file from number `start` on, at most SLICE_RECORDS to a frame, maybe none.

    Columns: `_position` (the record's number in its file, from 0), each of `columns` as text (null
    when empty or absent), `_extra` (fields that are no column, as JSON), `_fault` (a code of
    FAULTS; such a record has no text) and `_bytes` (its bytes, where there is a fault). Numbers
    are the same at every reading.
    """
    try:
        yield from _slices(_numbered(_cuts(path, dialect, columns, block_bytes), start))
    except DAMAGE as error:
        raise SourceChanged(
            f"Reading {path}: its compressed data was whole when first looked at, now it is not "
            f"({error}). What has landed stays; load it again when its writer is done."
        ) from error


def _cuts(
    path: SourcePath, dialect: Dialect, columns: Sequence[str], block_bytes: int
) -> Iterator[Cut]:
    cutter = dialect.cutter(columns)
    rest = b""
    with open_plain(path, dialect.compression) as plain:
        # Other encodings may take three times the bytes as UTF-8, and a block is a block.
        size = block_bytes if dialect.encoding == "utf-8" else block_bytes // 3
        text = pieces_of(read_pieces(plain, size), dialect.encoding)
        pieces = of_few_lines(shortened(without_first(text, dialect.records_at)))
        for piece, is_last in chain(zip(pieces, repeat(False)), [(b"", True)]):
            rest += piece
            frame, used = cutter.cut(rest, is_last=is_last)
            rest = rest[used:]
            # Of a block that is all of one line too long, nothing is left to be measured.
            yield _with_own_bytes(frame, dialect.encoding), len(piece) or block_bytes


def _with_own_bytes(frame: pl.DataFrame, encoding: str) -> pl.DataFrame:
    """The records at fault with the bytes of the file, not those of its transcoding."""
    raws = frame["_bytes"]
    if encoding == "utf-8" or raws.null_count() == raws.len():
        return frame
    own = [None if raw is None else as_they_came(raw, encoding) for raw in raws]
    return frame.with_columns(pl.Series("_bytes", own, pl.Binary))


def _numbered(cuts: Iterable[Cut], start: int) -> Iterator[Cut]:
    position = 0
    for frame, read_bytes in cuts:
        numbers = pl.int_range(position, position + frame.height, dtype=pl.Int64)
        numbered = frame.select(numbers.alias("_position"), pl.all())
        yield numbered.slice(max(0, start - position)), read_bytes
        position += frame.height


def _slices(cuts: Iterable[Cut]) -> Iterator[pl.DataFrame]:
    """The same records, in frames as large as they may be."""
    held, held_bytes = pl.DataFrame(), 0
    for frame, read_bytes in cuts:
        held = pl.concat([held, frame]) if held.height else frame
        held_bytes += read_bytes
        while held.height >= SLICE_RECORDS or held_bytes >= _most_bytes(held):
            yield held.head(SLICE_RECORDS)
            held, held_bytes = held.slice(SLICE_RECORDS), 0
    if held.height:
        yield held


def _most_bytes(held: pl.DataFrame) -> int:
    return SLICE_BYTES if held.height else BLOCK_BYTES
