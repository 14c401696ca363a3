"""Rows of tables, and words of others, as the UI shows them: as plain text, never as Markdown.

Dagster renders Markdown wherever it is given some, with images that are loaded from anywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

import dagster as dg
import polars as pl

from txcat_assets.text import MESSAGE_CHARS, VALUE_CHARS, for_terminal, shortened

SAMPLE_ROWS = 5
CELL_CHARS = 60
"""Rows and characters shown of a table: an event should stay far below 20 KB."""

BAR_CHARS = 20
"""How long the bar of the largest number is."""

DETAILS_SHOWN = 5
"""Lines of details shown: an event should stay far below 20 KB."""


def as_table(rows: pl.DataFrame, cell_chars: int = CELL_CHARS) -> dg.TableMetadataValue:
    """Rows as a table of plain text, each cell on one line and shortened."""
    return table(rows.columns, rows.rows(), cell_chars)


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


def bars(
    name: str, numbers: Mapping[str, int], meanings: Mapping[str, str] | None = None
) -> dg.TableMetadataValue:
    """How many records bear what `name` names, the most first, each with a bar and its meaning.

    A picture of signs: Dagster shows none that lies in Markdown, and would load one from elsewhere.
    """
    most = max(numbers.values(), default=0)
    rows = [
        (one, number, "█" * ceil(BAR_CHARS * number / most), (meanings or {}).get(one, ""))
        for one, number in sorted(numbers.items(), key=lambda found: -found[1])
    ]
    columns = [name, "records", "bar", *(["meaning"] if meanings else [])]
    return table(columns, [row[: len(columns)] for row in rows], VALUE_CHARS)


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
