"""The one place where the command line prints: lines, problems, tables and JSON.

All that is printed passes one filter here, whoever wrote it: no record, header or file name can
command the terminal, forge a line or fill the screen. What is printed is decided elsewhere.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from txcat_assets.text import MESSAGE_CHARS, VALUE_CHARS, for_terminal, shortened

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


def print_json(value: Any) -> None:
    """A value for programs, on standard output; what no terminal shows stands as an escape."""
    out.out(json.dumps(value, indent=2, default=str), highlight=False)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for people, each value on one line of a cell and shortened."""
    table = Table(title=escape(_cell(title)), title_justify="left")
    for number, name in enumerate(columns):
        is_number = any(isinstance(row[number], int | Decimal) for row in rows)
        table.add_column(
            escape(_cell(name)), justify="right" if is_number else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    out.print(table)


def _bounded(message: str) -> str:
    return shortened(for_terminal(message), MESSAGE_CHARS)


def _cell(value: object) -> str:
    match value:
        case None:
            text = ""
        case list():
            text = ", ".join(map(str, value))
        case int() | Decimal():
            text = f"{value:,}"
        case _:
            text = str(value)
    return shortened(for_terminal(text), VALUE_CHARS)
