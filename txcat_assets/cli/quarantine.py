"""`txcat quarantine`: what is set aside, and what an operator decides about it.

The words of the commands are here; what they do is in `operating`, in `stages` the work.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from txcat_assets.cli.filters import Filters, position_of, with_filters
from txcat_assets.settings import Settings

if TYPE_CHECKING:  # what it imports takes a second
    from txcat_assets.cli.operating import Command

quarantine = typer.Typer(
    help="What is set aside: look at it, correct it, judge it again, close it, open it again."
)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become; change nothing.")]
Who = Annotated[
    str, typer.Option(help="Who decides; without it, TXCAT_OPERATOR or the system's user.")
]
Why = Annotated[str, typer.Option(help="Why; kept with the decision for ever.")]


def _command(filters: Filters, *, as_json: bool) -> "Command":
    from txcat_assets.cli.operating import Command  # noqa: PLC0415

    return Command(Settings(), filters, as_json)


@quarantine.command("list")
@with_filters
def list_(filters: Filters, as_json: AsJson = False) -> None:
    """By reason: how many, first and last seen, share of their days, and one of them."""
    raise typer.Exit(_command(filters, as_json=as_json).list())


@quarantine.command()
@with_filters
def show(filters: Filters, as_json: AsJson = False) -> None:
    """Single records whole: as they came, where from, every reason, who has decided what."""
    raise typer.Exit(_command(filters, as_json=as_json).show())


@quarantine.command()
@with_filters
def export(
    filters: Filters,
    path: Annotated[Path, typer.Argument(help="A file to write: .csv or .jsonl.")],
    as_json: AsJson = False,
) -> None:
    """Write records for people to correct; `fix` takes the file back."""
    raise typer.Exit(_command(filters, as_json=as_json).export(path))


@quarantine.command()
@with_filters
def fix(  # noqa: PLR0913
    filters: Filters,
    path: Annotated[Path, typer.Argument(help="An exported file with corrections.")],
    *,
    why: Why = "",
    who: Who = "",
    encoding: Annotated[str | None, typer.Option(help="The file's, where not UTF-8.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let corrected records land in the place of the old ones."""
    command = _command(filters, as_json=as_json).by(who, why, is_dry=dry_run)
    raise typer.Exit(command.fix(path, encoding))


@quarantine.command()
@with_filters
def replay(
    filters: Filters,
    why: Why = "",
    who: Who = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Judge quarantined records again by the contract in force; ask again what was refused."""
    command = _command(filters, as_json=as_json).by(who, why, is_dry=dry_run)
    raise typer.Exit(command.decide("replayed"))


@quarantine.command()
@with_filters
def discard(
    filters: Filters,
    why: Why,
    who: Who = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close records: they are kept and counted, and out of everything else."""
    command = _command(filters, as_json=as_json).by(who, why, is_dry=dry_run)
    raise typer.Exit(command.decide("discarded"))


@quarantine.command()
@with_filters
def reopen(
    filters: Filters,
    why: Why = "",
    who: Who = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take back what closed records; they are judged again at once."""
    command = _command(filters, as_json=as_json).by(who, why, is_dry=dry_run)
    raise typer.Exit(command.decide("reopened"))


@quarantine.command()
@with_filters
def settle(  # noqa: PLR0913
    filters: Filters,
    *,
    choose: Annotated[
        str, typer.Option(help="The version that stands, at SLICE:POSITION; without: show all.")
    ] = "",
    why: Why = "",
    who: Who = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Show the versions of a key's conflict side by side, or let one stand; others are closed."""
    command = _command(filters, as_json=as_json).by(who, why, is_dry=dry_run)
    raise typer.Exit(command.settle(position_of(choose) if choose else None))
