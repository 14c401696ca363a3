"""The one place where the command line prints: lines, problems, tables and JSON.

All that is printed passes one filter here, whoever wrote it: no record, header or file name can
command the terminal, forge a line or fill the screen. What is printed is decided elsewhere.
"""

import csv
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from txcat_assets.text import MESSAGE_CHARS, VALUE_CHARS, for_terminal, shortened


class Shape(StrEnum):
    """How an answer is printed: for people, for a spreadsheet, for a program."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


out = Console()
err = Console(stderr=True)


def say(message: str) -> None:
    """One line for people, on standard output."""
    out.print(escape(_bounded(message)), highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """What goes on meanwhile, on standard error, so that an answer can be piped."""
    err.print(f"[dim]{escape(_bounded(message))}[/dim]", highlight=False, soft_wrap=True)


def complain(problem: str) -> None:
    """One problem, on standard error."""
    err.print(f"[red]error:[/red] {escape(_bounded(problem))}", highlight=False, soft_wrap=True)


def clear_screen() -> None:
    """Empty the screen, for what is drawn again; a file is left alone."""
    out.clear()


def print_json(value: Any) -> None:
    """A value for programs, on standard output; what no terminal shows stands as an escape."""
    out.out(json.dumps(value, indent=2, default=_plain), highlight=False)


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as CSV on standard output; a file gets them as they are, a terminal what can be seen."""
    shown = for_terminal if out.is_terminal else str
    writer = csv.writer(out.file, lineterminator="\n")
    writer.writerow([shown(name) for name in columns])
    for row in rows:
        writer.writerow([None if value is None else shown(_plain(value)) for value in row])


def _plain(value: object) -> str:
    """A value as text for a program: lists as JSON, bytes in hexadecimal."""
    if isinstance(value, list | dict):
        return json.dumps(value, default=str)
    return value.hex() if isinstance(value, bytes) else str(value)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people, each value on one line of a cell and shortened."""
    table = Table(title=escape(_cell(title)) or None, title_justify="left")
    for number, name in enumerate(columns):
        is_number = any(_is_number(row[number]) for row in rows)
        table.add_column(
            escape(_cell(name)), justify="right" if is_number else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    out.print(table)


def _bounded(message: str) -> str:
    return shortened(for_terminal(message), MESSAGE_CHARS)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _cell(value: object) -> str:
    match value:
        case None:
            text = ""
        case list():
            text = ", ".join(map(str, value))
        case int() | Decimal() if _is_number(value):
            text = f"{value:,}"
        case _:
            text = str(value)
    return shortened(for_terminal(text), VALUE_CHARS)
