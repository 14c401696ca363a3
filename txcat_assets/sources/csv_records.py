"""CSV in blocks: by polars where a block is provably plain, by the grammar where it is not.

The proof: every line of the block is one record by itself, because the block has no quote at all
or each line's quotes open and close rightly within it. Lines of too few or too many fields are
then found by counting. All else (a quoted line break, a stray quote, a NUL, bytes that are not
UTF-8) goes record by record through `csv_grammar`, which says what a record is.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from txcat_assets.sources.csv_grammar import MAX_LINE_BYTES, CsvGrammar
from txcat_assets.sources.frames import Cut, Row, contract_frame, rows_frame


@dataclass(frozen=True)
class CsvCutter:
    """Cuts the records that a header announces from the front of a buffer."""

    separator: str
    header: tuple[str, ...]
    columns: tuple[str, ...]

    def header_end(self, buffer: bytes, *, is_last: bool) -> int | None:
        """Where the records start, or None where it takes more of the file to tell."""
        at = 0
        while record := CsvGrammar(self.separator).record_at(buffer, at, is_last=is_last):
            if not record.is_blank or record.end > len(buffer):
                return min(record.end, len(buffer))
            at = record.end
        return None

    def cut(self, buffer: bytes, *, is_last: bool) -> Cut:
        """The records of the buffer that are surely whole; `is_last`: the file ends with it."""
        end = len(buffer) if is_last else buffer.rfind(b"\n") + 1
        frame = self._plain(buffer[:end]) if end else None
        if frame is None:
            rows, end = self._salvaged(buffer, is_last=is_last)
            frame = rows_frame(rows, self._places)
        return contract_frame(frame, self.header, self.columns), end

    def _salvaged(self, buffer: bytes, *, is_last: bool) -> tuple[list[Row], int]:
        rows: list[Row] = []
        at = 0
        while at < len(buffer):
            record = self._grammar.record_at(buffer, at, is_last=is_last)
            if record is None:
                break
            at = min(record.end, len(buffer))
            if not record.is_blank:
                rows.append((record.fields, record.fault, record.raw))
        return rows, at

    def _plain(self, block: bytes) -> pl.DataFrame | None:
        """The block by polars, or None unless each of its lines is surely a record by itself."""
        # polars keeps NULs, drops what looks like a byte order mark, and has no limit to a line
        if (
            b"\0" in block
            or block.startswith(b"\xef\xbb\xbf")
            or _first_line(block) > MAX_LINE_BYTES
        ):
            return None
        try:
            return self._quoted(block) if b'"' in block else self._unquoted(block)
        except pl.exceptions.PolarsError:
            return None

    def _unquoted(self, block: bytes) -> pl.DataFrame:
        lines = pl.read_lines(block)["line"]
        try:
            frame = self._parsed(block, extra_columns="raise")
            suspects = frame.to_series(-1).is_null().arg_true()
        except pl.exceptions.PolarsError:  # some line is too long: count in all of them
            frame = self._parsed(block, extra_columns="ignore")
            suspects = lines.is_not_null().arg_true()
        counts = lines.gather(suspects).str.count_matches(self.separator, literal=True)
        ragged = suspects.filter(counts != len(self.header) - 1)
        return _set_aside(frame, lines, ragged)

    def _quoted(self, block: bytes) -> pl.DataFrame | None:
        lines = pl.read_lines(block)["line"]
        ragged = (~lines.str.contains(self._line(len(self.header)))).arg_true()
        if not lines.gather(ragged).str.contains(self._line(None)).all():
            return None
        frame = self._parsed(block, extra_columns="ignore", quote_char='"')
        return _set_aside(frame.with_columns(pl.when(pl.all() != "").then(pl.all())), lines, ragged)

    def _parsed(self, block: bytes, **options: Any) -> pl.DataFrame:
        return pl.read_csv(
            block,
            has_header=False,
            separator=self.separator,
            schema=dict.fromkeys(self._places, pl.String()),
            missing_columns="insert",
            **{"quote_char": None, **options},
        )

    @cached_property
    def _grammar(self) -> CsvGrammar:
        return CsvGrammar(self.separator, len(self.header))

    @cached_property
    def _places(self) -> list[str]:
        return [str(place) for place in range(len(self.header))]

    def _line(self, width: int | None) -> str:
        """The pattern of a line that is one record of so many fields, or of any number."""
        s = re.escape(self.separator)
        field = rf'(?:[^"{s}]*|"(?:[^"]|"")*")'
        return rf"^{field}(?:{s}{field})" + ("*$" if width is None else f"{{{width - 1}}}$")


def _set_aside(frame: pl.DataFrame, lines: pl.Series, ragged: pl.Series) -> pl.DataFrame:
    """The frame with the ragged rows emptied and marked, and without the blank lines."""
    if frame.height != lines.len():
        raise pl.exceptions.ShapeError("a line is not a record")
    if ragged.is_empty():
        frame = frame.with_columns(_fault=pl.lit(None, pl.String), _bytes=pl.lit(None, pl.Binary))
    else:
        is_ragged = pl.repeat(False, frame.height, eager=True).scatter(ragged, True)
        frame = frame.with_columns(
            pl.when(~is_ragged).then(pl.all()),
            _fault=pl.when(is_ragged).then(pl.lit("ragged_line")),
            _bytes=pl.when(is_ragged).then(lines.cast(pl.Binary)),
        )
    is_blank = lines == ""
    return frame.filter(~is_blank) if is_blank.any() else frame


def _first_line(block: bytes) -> int:
    """How many bytes the first line has: only one that came in pieces can be longer than them."""
    return block.find(b"\n") if b"\n" in block else len(block)
