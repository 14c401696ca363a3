"""Rows of tables, and words of others, as the UI shows them: as plain text, never as Markdown.

Dagster renders Markdown wherever it is given some, with images that are loaded from anywhere.
"""

from collections.abc import Iterable, Sequence

import dagster as dg
import polars as pl

from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened

SAMPLE_ROWS = 5
CELL_CHARS = 60
"""Rows and characters shown of a table: an event should stay far below 20 KB."""

DETAILS_SHOWN = 5
"""Lines of details shown: an event should stay far below 20 KB."""


def as_table(rows: pl.DataFrame) -> dg.TableMetadataValue:
    """Rows as a table of plain text, each cell on one line and shortened."""
    return table(rows.columns, rows.rows())


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], cell_chars: int = CELL_CHARS
) -> dg.TableMetadataValue:
    """A table of plain text: whole numbers stay numbers, everything else is one line of text."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {name: _cell(value, cell_chars) for name, value in zip(columns, row, strict=True)}
            )
            for row in rows
        ],
        dg.TableSchema([dg.TableColumn(name) for name in columns]),
    )


def plain(value: object) -> str:
    """A value for a log, which is plain text: of a table its rows, one on a line."""
    if not isinstance(value, dg.TableMetadataValue):
        return str(value)
    return "".join(f"\n{' | '.join(map(str, one.data.values()))}" for one in value.records)


def details_table(lines: Sequence[str]) -> dg.TableMetadataValue:
    """The first of some lines for people, as a table of one column."""
    return table(["details"], [[line] for line in lines[:DETAILS_SHOWN]], MESSAGE_CHARS)


def _cell(value: object, chars: int) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return shortened(for_terminal("" if value is None else str(value)), chars)
