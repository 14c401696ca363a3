"""Which line of a file a record begins on, as an editor counts them, and the other way round.

The file is read again up to there, by the same reader that cut it.
"""

from collections.abc import Sequence
from itertools import islice

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import Dialect
from txcat_assets.sources.files.streams import open_plain, pieces_of, read_pieces

READ_BYTES = 33_554_432
"""Of a file, no more than so much is read again; beyond it, a record has its number alone."""


def record_at_line(path: str, dialect: Dialect, columns: Sequence[str], line: int) -> int | None:
    """The number, from 0, of the record that a line is part of; None where there is none."""
    above, lines = _lines(path, dialect)
    if not above < line <= above + len(lines):
        return None
    found = _records_in(lines[: line - above], dialect, columns) - 1
    return found if found >= 0 else None


def line_of_record(path: str, dialect: Dialect, columns: Sequence[str], record: int) -> int | None:
    """The line, from 1, on which a record begins; None where the file is not what it was."""
    above, lines = _lines(path, dialect)
    number = record + 1
    # No line begins two records, so this never steps beyond the first line of the record.
    while number <= len(lines):
        missing = record + 1 - _records_in(lines[:number], dialect, columns)
        if missing <= 0:
            return above + number
        number += missing
    return None


def _lines(path: str, dialect: Dialect) -> tuple[int, list[bytes]]:
    """How many lines stand above the records, and the lines from there on."""
    try:
        with open_plain(path, dialect.compression) as plain:
            pieces = pieces_of(read_pieces(plain, READ_BYTES), dialect.encoding)
            text = b"".join(islice(pieces, 1))
    except SourceRefused:
        return 0, []
    above, below = text[: dialect.records_at], text[dialect.records_at :]
    return above.count(b"\n"), below.splitlines(keepends=True)


def _records_in(lines: Sequence[bytes], dialect: Dialect, columns: Sequence[str]) -> int:
    """How many records begin in these lines."""
    return dialect.cutter(columns).cut(b"".join(lines), is_last=True)[0].height
