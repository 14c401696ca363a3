"""The command `txcat`: what it can do, and its exit codes.

0: done. 1: the work found or left problems, said on standard error. 2: wrong use. 130: interrupted.
"""

import sys
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError

from txcat_assets.cli.show import complain
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import SettingRefused, TxcatError
from txcat_assets.settings import Settings

app = typer.Typer(
    help="Bank and payment transactions into validated, categorized, auditable tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Dataset = Annotated[str, typer.Option(help="Which dataset: " + ", ".join(all_contracts()))]
Days = Annotated[
    list[datetime] | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="A day to check; more than one may be named."),
]


@app.command()
def load(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or globs.", metavar="PATH...")],
    dataset: Dataset = "transactions",
    encoding: Annotated[
        str | None, typer.Option(help="The files' encoding, where it is not UTF-8 or UTF-16.")
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option(help="Do the files' days again, though they are up to date.")
    ] = False,
) -> None:
    """Take files in, bring their days up to date, and say what became of every record."""
    from txcat_assets.cli.load import load_files  # noqa: PLC0415 - Dagster takes a second

    contract = _contract(dataset)
    raise typer.Exit(
        load_files(Settings(), contract, paths, encoding=encoding, full_refresh=full_refresh)
    )


@app.command()
def check(dataset: Dataset = "transactions", days: Days = None) -> None:
    """Run every asset check; without days, for those touched since the checks last ran."""
    from txcat_assets.cli.load import check_days  # noqa: PLC0415 - Dagster takes a second

    named = [day.date() for day in days or []]
    raise typer.Exit(check_days(Settings(), _contract(dataset), named))


@app.command()
def demo() -> None:
    """Make sample data and an ML service, run the main job on them, and show what came of it."""
    from txcat_assets.cli.demo import run_demo  # noqa: PLC0415 - Dagster takes a second

    raise typer.Exit(run_demo(Settings()))


@app.command()
def dev() -> None:
    """Start the Dagster UI, its daemon and the ML service; Ctrl-C ends them all."""
    from txcat_assets.cli.home import serve  # noqa: PLC0415 - Dagster takes a second

    serve(Settings())


def main() -> None:
    """Run the command line; trouble that txcat foresees is one line and exit code 1."""
    try:
        app()
    except TxcatError as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, SettingRefused) else 1)
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(("TXCAT", *map(str, problem["loc"]))).upper()
            complain(f"{name}: {problem['msg']}, found {problem['input']!r}.")
        sys.exit(2)


def _contract(dataset: str) -> Contract:
    known = all_contracts()
    if dataset not in known:
        raise typer.BadParameter(f"no dataset {dataset!r}; there are: {', '.join(known)}")
    return known[dataset]
