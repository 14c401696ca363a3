"""The filters that all commands about records share, as options that each of them takes alike.

What they find is asked in `warehouse.queries.quarantine`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, get_type_hints

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
    positions: list[tuple[int, int]]
    limit: int | None


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter is `Filters`, as one that takes them as options."""
    own = list(signature(command).parameters.values())[1:]

    @wraps(command)
    def run(**given: Any) -> None:
        command(filters_of({name: given.pop(name) for name in OPTIONS}), **given)

    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in OPTIONS.items()
    ]
    named = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in own]
    first = [one for one in own if one.default is Parameter.empty]
    run.__signature__ = signature(command).replace(  # type: ignore[attr-defined]
        parameters=sorted(
            [*named, *options], key=lambda one: one.name not in {f.name for f in first}
        )
    )
    kinds = {name: kind for name, (kind, _) in OPTIONS.items()}
    run.__annotations__ = kinds | get_type_hints(command, include_extras=True)
    return run


def contract_of(dataset: str) -> Contract:
    """The contract of a dataset; raises BadParameter where there is no such one."""
    contracts = all_contracts()
    if dataset not in contracts:
        raise typer.BadParameter(f"no dataset {dataset!r}; there are: {DATASETS}")
    return contracts[dataset]


def filters_of(said: dict[str, Any]) -> Filters:
    """What the options say, read; raises BadParameter for what cannot be meant."""
    return Filters(
        contract=contract_of(said["dataset"]),
        days=[day.date() for day in said["days"] or []],
        reasons=said["reasons"] or [],
        file=said["file"],
        topic=said["topic"],
        key=said["key"],
        positions=[position_of(text) for text in said["positions"] or []],
        limit=said["limit"],
    )


def position_of(text: str) -> tuple[int, int]:
    """A position written as SLICE:POSITION, or as an exported address."""
    parts = text.strip().split("/")[1:3] if "/" in text else text.strip().split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise typer.BadParameter(f"{text!r} is no position; expected SLICE:POSITION")
    return int(parts[0]), int(parts[1])
