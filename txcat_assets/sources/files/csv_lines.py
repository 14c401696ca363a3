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

from txcat_assets.sources.frames import rows_frame

# NUL; a lone CR, which polars drops before a separator; U+FEFF, which it drops from the front of a
# block; U+FFFD, which may stand for what is no text.
_UNSURE = r"\x00\r\uFEFF\uFFFD"


_SHORT_BLOCK_BYTES = 2_097_152
"""A block of many short lines comes in pieces no longer than this, see `streams.of_few_lines`."""

_SHORT_LINE_BYTES = 8
"""Lines that are shorter than this on average are blank for the most part."""


@dataclass(frozen=True)
class CsvLines:
    """Reads lines of `width` fields, the last `unnamed` of which may be absent.

    The columns are named "0", "1" and so on. Empty fields beyond the width are nothing.
    """

    separator: str
    width: int
    unnamed: int = 0

    @cached_property
    def places(self) -> list[str]:
        """The names of the columns."""
        return [str(place) for place in range(self.width)]

    def is_sure(self, lines: pl.Series) -> pl.Series:
        """Which lines are one record by themselves, were each to start a record."""
        return lines.str.contains(rf"^{self._field}(?:{self._separator}{self._field})*$")

    def unquoted(self, block: bytes) -> pl.DataFrame:
        """The records of a block without quotes, NULs and lone CRs."""
        block = _without_blank_lines(block)
        if not block:
            return rows_frame([], self.places)
        lines = pl.read_lines(block)["line"]
        try:
            frame = self._parsed(block, extra_columns="raise")
            suspects = frame.to_series(-1).is_null().arg_true()
        except pl.exceptions.PolarsError:  # some line has too many fields: count in each
            frame = self._parsed(block, extra_columns="ignore")
            suspects = lines.is_not_null().arg_true()
        texts = lines.gather(suspects)
        most = self._separators_in(texts)
        least = self._separators_in(texts.str.strip_chars_end(self.separator))
        is_ragged = (most < self._fewest - 1) | (least > self.width - 1)
        return _set_aside(frame, lines, suspects.filter(is_ragged))

    def quoted(self, block: bytes, lines: pl.Series) -> pl.DataFrame:
        """The records of a block whose lines are all sure."""
        ragged = (~lines.str.contains(self._sound)).arg_true()
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

    def _separators_in(self, texts: pl.Series) -> pl.Series:
        return texts.str.count_matches(self.separator, literal=True)

    @property
    def _fewest(self) -> int:
        return self.width - self.unnamed

    @cached_property
    def _separator(self) -> str:
        return re.escape(self.separator)

    @cached_property
    def _field(self) -> str:
        return rf'(?:[^"{self._separator}{_UNSURE}]*|"(?:[^"{_UNSURE}]|"")*")'

    @cached_property
    def _sound(self) -> str:
        """A line of as many fields as there are columns, and empty ones beyond."""
        others = f"{{{self._fewest - 1},{self.width - 1}}}"
        beyond = f'(?:{self._separator}(?:"")?)*'
        return f"^{self._field}(?:{self._separator}{self._field}){others}{beyond}$"


def _without_blank_lines(block: bytes) -> bytes:
    """The same records of a block without quotes: a file of blank lines is no more than one."""
    if len(block) > _SHORT_BLOCK_BYTES or block.count(b"\n") * _SHORT_LINE_BYTES < len(block):
        return block  # a few blank lines cost less as rows than a search of the block
    return re.sub(rb"\n(?:\r*\n)+", b"\n", block.strip(b"\r\n"))


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
