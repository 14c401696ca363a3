"""CSV in blocks: sure lines by polars at once, all else record by record through the grammar.

Most blocks have no quote, or none that spans lines, and go to `csv_lines` whole. A quoted line
break, a stray quote, a NUL or bytes that are not UTF-8 make a line unsure: `csv_grammar` says what
starts there, and the lines that it does not take are sure again.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import polars as pl

from txcat_assets.sources.files.csv_grammar import MAX_LINE_BYTES, CsvGrammar
from txcat_assets.sources.files.csv_lines import CsvLines
from txcat_assets.sources.frames import Cut, Row, contract_frame, rows_frame


@dataclass(frozen=True)
class CsvCutter:
    """Cuts the records that a header announces from the front of a buffer."""

    separator: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    unnamed: int = 0
    """How many of the last columns have no name in the header, so that records may lack them."""

    def cut(self, buffer: bytes, *, is_last: bool) -> Cut:
        """The records of the buffer that are surely whole; `is_last`: the file ends with it."""
        end = len(buffer) if is_last else buffer.rfind(b"\n") + 1
        if not end:
            return contract_frame(rows_frame([], self._lines.places), self.header, self.columns), 0
        frame = self._whole(buffer[:end])
        if frame is None:
            frame, end = self._mixed(buffer, end, is_last=is_last)
        return contract_frame(frame, self.header, self.columns), end

    def _whole(self, block: bytes) -> pl.DataFrame | None:
        """The block at once, or None unless each of its lines is surely a record by itself."""
        if _has_traps(block) or _is_long(block):
            return None
        try:
            if b'"' not in block:
                return self._lines.unquoted(block)
            lines = pl.read_lines(block)["line"]
            return self._lines.quoted(block, lines) if self._lines.is_sure(lines).all() else None
        except pl.exceptions.PolarsError:
            return None

    def _mixed(self, buffer: bytes, end: int, *, is_last: bool) -> tuple[pl.DataFrame, int]:
        """The records of a block with unsure lines, and where they end."""
        block = buffer[:end]
        starts = [0, *accumulate(len(line) + 1 for line in block.split(b"\n"))]
        lines = pl.read_lines(block.decode(errors="replace").encode())["line"]
        lines = lines.str.strip_chars_end("\r")
        is_sure = (self._lines.is_sure(lines) & (lines.str.len_bytes() <= MAX_LINE_BYTES)).to_list()
        rows: dict[int, Row] = {}
        at = 0
        for place in [place for place, sure in enumerate(is_sure) if not sure]:
            if starts[place] < at:
                continue  # it belongs to the record that began before it
            record = self._grammar.record_at(buffer, starts[place], is_last=is_last)
            if record is None:
                return self._merged(lines.head(place), is_sure[:place], rows), starts[place]
            at = record.end
            after = min(bisect_left(starts, at), len(is_sure))
            is_sure[place:after] = [False] * (after - place)
            rows[place] = (record.fields, record.fault, record.raw)
        return self._merged(lines, is_sure, rows), end

    def _merged(self, lines: pl.Series, is_sure: list[bool], rows: dict[int, Row]) -> pl.DataFrame:
        """The sure lines by polars and the rows that the grammar took, in the file's order."""
        places = (pl.Series(is_sure, dtype=pl.Boolean) & (lines != "")).arg_true()
        parts = [rows_frame(list(rows.values()), self._lines.places)]
        if sure := lines.gather(places).to_list():
            block = "\n".join(sure).encode()
            parts.append(self._lines.quoted(block, lines.gather(places)))
        order = pl.Series([*rows, *places.to_list()], dtype=pl.Int64).arg_sort()
        return pl.concat(parts)[order]

    @cached_property
    def _lines(self) -> CsvLines:
        return CsvLines(self.separator, len(self.header), self.unnamed)

    @cached_property
    def _grammar(self) -> CsvGrammar:
        return CsvGrammar(self.separator, len(self.header), self.unnamed)


def _has_traps(block: bytes) -> bool:
    """Whether polars would keep a NUL, or drop a mark at the front or a lone CR, which are data."""
    has_mark = block.startswith(b"\xef\xbb\xbf")
    return has_mark or b"\0" in block or block.count(b"\r") != block.count(b"\r\n")


def _is_long(block: bytes) -> bool:
    """Whether a line may be too long: only one that came in pieces can be longer than they are."""
    return max(block.find(b"\n"), len(block) - block.rfind(b"\n")) > MAX_LINE_BYTES
