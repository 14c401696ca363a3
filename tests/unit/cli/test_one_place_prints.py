"""All that the command line prints passes the filter of `terminal`: nothing else prints."""

import re
from pathlib import Path

import pytest

CLI = Path(__file__).parents[3] / "txcat_assets" / "cli"
PRINTS = re.compile(
    r"\bprint\(|\bConsole\(|typer\.(echo|secho)|click\.(echo|secho)|std(out|err)\.write"
)


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.name)
def test_a_module_prints_by_the_terminal_alone(path: Path) -> None:
    # `main` speaks before anything is imported, in words of its own alone.
    if path.name not in ("terminal.py", "main.py"):
        assert not PRINTS.findall(path.read_text())


@pytest.mark.parametrize("line", ["print(x)", "typer.echo(x)", "Console(stderr=True)"])
def test_what_prints_is_found(line: str) -> None:
    assert PRINTS.search(line)
