"""`txcat quarantine`: what is set aside, and what an operator decides about it.

Here are the commands and their options; what they print is in `operating`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txcat_assets.cli.filters import OPTIONS, filters_of, with_options
from txcat_assets.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second
    from txcat_assets.cli.operating import Command

quarantine = typer.Typer(
    help="What is set aside: look at it, correct it, judge it again, close it, open it again."
)

LOOK = OPTIONS | {
    "as_json": (Annotated[bool, typer.Option("--json", help="As JSON, for programs.")], False),
}
"""The options of every command."""

DECIDE = LOOK | {
    "why": (Annotated[str, typer.Option(help="Why; kept for ever. `discard` needs it.")], ""),
    "who": (
        Annotated[
            str, typer.Option(help="Who decides; without it, TXCAT_OPERATOR or the system's user.")
        ],
        "",
    ),
    "is_dry": (
        Annotated[bool, typer.Option("--dry-run", help="Say what would become; change nothing.")],
        False,
    ),
}
"""The options of a command that decides something."""


def _command(given: dict[str, Any]) -> "Command":
    from txcat_assets.cli.operating import Command  # noqa: PLC0415

    own = {name: value for name, value in given.items() if name not in OPTIONS}
    return Command(Settings(), filters_of(given), **own)


looks = with_options(LOOK, _command)
decides = with_options(DECIDE, _command)


@quarantine.command("list")
@looks
def list_(command: "Command") -> None:
    """By reason: how many, first and last seen, share of their days, and one of them."""
    raise typer.Exit(command.list())


@quarantine.command()
@looks
def show(command: "Command") -> None:
    """Single records whole: as they came, where from, every reason, who has decided what."""
    raise typer.Exit(command.show())


@quarantine.command()
@looks
def export(
    command: "Command",
    path: Annotated[Path, typer.Argument(help="A file to write: .csv or .jsonl.")],
) -> None:
    """Write records for people to correct; `fix` takes the file back."""
    raise typer.Exit(command.export(path))


@quarantine.command()
@decides
def fix(
    command: "Command",
    path: Annotated[Path, typer.Argument(help="An exported file with corrections.")],
    encoding: Annotated[str | None, typer.Option(help="The file's, where not UTF-8.")] = None,
) -> None:
    """Let corrected records land in the place of the old ones."""
    raise typer.Exit(command.fix(path, encoding))


@quarantine.command()
@decides
def replay(command: "Command") -> None:
    """Judge quarantined records again by the contract in force; ask again what was refused."""
    raise typer.Exit(command.decide("replay"))


@quarantine.command()
@decides
def discard(command: "Command") -> None:
    """Close records: they are kept and counted, and out of everything else."""
    raise typer.Exit(command.decide("discard"))


@quarantine.command()
@decides
def reopen(command: "Command") -> None:
    """Take back what closed records; they are judged again at once."""
    raise typer.Exit(command.decide("reopen"))


@quarantine.command()
@decides
def settle(
    command: "Command",
    choose: Annotated[
        str, typer.Option(help="The version that stands, at SLICE:POSITION; without: show all.")
    ] = "",
) -> None:
    """Show the versions of a key's conflict side by side, or let one stand; others are closed."""
    raise typer.Exit(command.settle(choose))
