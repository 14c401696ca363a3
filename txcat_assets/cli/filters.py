"""The filters that all commands about records share, and how a command is given shared options.

What they find is asked in `warehouse.queries.quarantine`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts

DATASETS = ", ".join(all_contracts())

OPTIONS: dict[str, tuple[Any, object]] = {
    "dataset": (Annotated[str, typer.Option(help=f"Which dataset: {DATASETS}")], "transactions"),
    "days": (
        Annotated[
            list[datetime] | None,
            typer.Option("--day", formats=["%Y-%m-%d"], help="Arrived on this day; repeatable."),
        ],
        None,
    ),
    "reasons": (
        Annotated[list[str] | None, typer.Option("--reason", help="Bear this code; repeatable.")],
        None,
    ),
    "file": (Annotated[str, typer.Option(help="Came by this file: its name or its path.")], ""),
    "topic": (Annotated[str, typer.Option(help="Came by this topic.")], ""),
    "key": (Annotated[str, typer.Option(help="Have this key, as it came or as it was read.")], ""),
    "positions": (
        Annotated[
            list[str] | None,
            typer.Option("--position", help="Are at SLICE:POSITION; repeatable."),
        ],
        None,
    ),
    "limit": (
        Annotated[int | None, typer.Option(min=1, help="At most so many, the first to arrive.")],
        None,
    ),
}


@dataclass(frozen=True)
class Filters:
    """What the options say: a dataset, and which of its records are meant."""

    contract: Contract
    days: list[date]
    reasons: list[str]
    file: str
    topic: str
    key: str
    positions: list[str]
    limit: int | None


def with_options(
    options: Mapping[str, tuple[Any, object]], read: Callable[[dict[str, Any]], Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command these options beside its own; `read` makes its first argument of them."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(signature(command).parameters.values())[1:]

        @wraps(command)
        def run(**given: Any) -> None:
            command(read({name: given.pop(name) for name in options}), **given)

        shared = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in options.items()
        ]
        taken = [*(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own), *shared]
        run.__signature__ = signature(command).replace(  # type: ignore[attr-defined]
            parameters=sorted(taken, key=lambda one: one.default is not Parameter.empty)
        )
        run.__annotations__ = {one.name: one.annotation for one in taken}
        return run

    return decorate


def contract_of(dataset: str) -> Contract:
    """The contract of a dataset; raises BadParameter where there is no such one."""
    contracts = all_contracts()
    if dataset not in contracts:
        raise typer.BadParameter(f"no dataset {dataset!r}; there are: {DATASETS}")
    return contracts[dataset]


def filters_of(given: dict[str, Any]) -> Filters:
    """The filters that options of these names mean; raises BadParameter for an impossible one."""
    return Filters(
        contract=contract_of(given["dataset"]),
        days=[day.date() for day in given["days"] or []],
        reasons=given["reasons"] or [],
        file=given["file"],
        topic=given["topic"],
        key=given["key"],
        positions=given["positions"] or [],
        limit=given["limit"],
    )
