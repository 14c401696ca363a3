"""What the terminal is shown: no cell of a record can command it, and neighbours are one run."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from rich.console import Console

from txcat_assets.cli import terminal
from txcat_assets.cli.jobs import stretches

CELLS = [
    (None, ""),
    (1234567, "1,234,567"),
    (Decimal("-1234.50"), "-1,234.50"),
    (["a", "b"], "a, b"),
    ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
    ("x" * 200 + "y", "x" * 66 + "…" + "x" * 32 + "y"),
    ("[bold]no markup[/bold]", "[bold]no markup[/bold]"),
]


@pytest.mark.parametrize(("value", "shown"), CELLS, ids=[repr(v)[:20] for v, _ in CELLS])
def test_a_cell_shows_a_value_and_no_more(
    value: object, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "out", Console(width=250))
    terminal.print_table("Title", ["column"], [[value]])
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize("say", [terminal.say, terminal.complain])
def test_words_are_no_markup(
    say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    say("the file [red]odd[/red].csv")
    said = capsys.readouterr()
    assert "the file [red]odd[/red].csv" in said.out + said.err


JANUARY = [date(2025, 1, day) for day in range(1, 32)]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ([], []),
        (JANUARY[:1], [(1, 1)]),
        (JANUARY[:3], [(1, 3)]),
        ([*JANUARY[:2], JANUARY[4], *JANUARY[6:9]], [(1, 2), (5, 5), (7, 9)]),
    ],
    ids=["none", "one", "neighbours", "gaps"],
)
def test_days_without_a_gap_are_one_stretch(days: list[date], found: list[tuple[int, int]]) -> None:
    assert [(first.day, last.day) for first, last in stretches(days)] == found
