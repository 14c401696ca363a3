"""CSV lines by polars, many at once: only lines that are surely one record each.

A line is sure when its quotes, if any, open and close rightly within it, and it is text without
characters that readers treat differently. Then the grammar of `csv_grammar` and polars agree, but
for the number of fields, which is counted here. `csv_records` asks which lines are sure.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

# NUL; a lone CR, which polars drops before a separator; U+FEFF, which it drops from the front of a
# block; U+FFFD, which may stand for what is no text.
_UNSURE = r"\x00\r\uFEFF\uFFFD"


@dataclass(frozen=True)
class CsvLines:
    """Reads lines of `width` fields into columns named "0", "1" and so on."""

    separator: str
    width: int

    @cached_property
    def places(self) -> list[str]:
        """The names of the columns."""
        return [str(place) for place in range(self.width)]

    def is_sure(self, lines: pl.Series) -> pl.Series:
        """Which lines are one record by themselves, were each to start a record."""
        return lines.str.contains(self._pattern("*"))

    def unquoted(self, block: bytes) -> pl.DataFrame:
        """The records of a block without quotes, NULs and lone CRs."""
        lines = pl.read_lines(block)["line"]
        try:
            frame = self._parsed(block, extra_columns="raise")
            suspects = frame.to_series(-1).is_null().arg_true()
        except pl.exceptions.PolarsError:  # some line has too many fields: count in each
            frame = self._parsed(block, extra_columns="ignore")
            suspects = lines.is_not_null().arg_true()
        counts = lines.gather(suspects).str.count_matches(self.separator, literal=True)
        return _set_aside(frame, lines, suspects.filter(counts != self.width - 1))

    def quoted(self, block: bytes, lines: pl.Series) -> pl.DataFrame:
        """The records of a block whose lines are all sure."""
        ragged = (~lines.str.contains(self._pattern(f"{{{self.width - 1}}}"))).arg_true()
        frame = self._parsed(block, extra_columns="ignore", quote_char='"')
        return _set_aside(frame.with_columns(pl.when(pl.all() != "").then(pl.all())), lines, ragged)

    def _parsed(self, block: bytes, **options: Any) -> pl.DataFrame:
        return pl.read_csv(
            block,
            has_header=False,
            separator=self.separator,
            schema=dict.fromkeys(self.places, pl.String()),
            missing_columns="insert",
            **{"quote_char": None, **options},
        )

    def _pattern(self, times: str) -> str:
        """A line of one field and so many more."""
        s = re.escape(self.separator)
        field = rf'(?:[^"{s}{_UNSURE}]*|"(?:[^"{_UNSURE}]|"")*")'
        return rf"^{field}(?:{s}{field}){times}$"


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
