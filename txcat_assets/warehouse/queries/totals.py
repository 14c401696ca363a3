"""What validated records add up to, and what stages answered about them; nothing here writes.

Where records are, and why, is in `by_day` and `figures`.
"""

from datetime import date
from typing import Any

import polars as pl

from txcat_assets.contracts.model import (
    Answer,
    Choice,
    Codes,
    Contract,
    Flag,
    Money,
    Stage,
)
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction, quoted
from txcat_assets.warehouse.ledger.scope import Scope

SUMS_SHOWN = 30
"""Sums shown of a day at most, those of the most records: there are 180 currencies."""


def answers_by_day(
    tx: Transaction, contract: Contract, stage: Stage, scope: Scope
) -> dict[date, dict[str, int]]:
    """For how many of each day's records a stage has which answer, such as `category: Food`.

    Of an answer that is a list each element counts, of a flag only what is true.
    """
    found: dict[date, dict[str, int]] = {}
    for column in stage.columns:
        if not (counted := _counted(column)):
            continue
        for day, value, number in tx.rows(
            f"SELECT _day, answer, count(*) FROM (SELECT _day, {counted} AS answer "
            f"FROM {stage.name}.{contract.dataset} WHERE _slice_id IN {scope.slices}) answers "
            "WHERE answer IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2",
            **scope.values,
        ):
            found.setdefault(day, {})[f"{column.name}: {value}"] = int(number)
    return found


def _counted(column: Answer) -> str:
    """What is counted of an answer, as text in SQL; empty where counting says nothing."""
    match column.type:
        case Choice():
            return f'"{column.name}"'
        case Flag():
            return f"""CASE WHEN "{column.name}" THEN 'true' END"""
        case Codes():
            return f'unnest("{column.name}")'
        case _:
            return ""


def sums_by_day(tx: Transaction, contract: Contract, scope: Scope) -> dict[date, dict[str, float]]:
    """The sums of each day's validated amounts, such as `sum of amount: completed, EUR`.

    One sum for each combination of the contract's words (currency, side, status): amounts of two
    currencies are never added.
    """
    found: dict[date, dict[str, float]] = {}
    words = [column.name for column in contract.columns if isinstance(column.type, Choice)]
    for amount in (column.name for column in contract.columns if isinstance(column.type, Money)):
        for day, total, *values in tx.rows(
            f'SELECT _day, sum("{amount}"){_selected(words)} FROM judged.{contract.dataset} '
            f"WHERE _place = {VALIDATED} AND _slice_id IN {scope.slices} "
            f"GROUP BY _day{_selected(words)} ORDER BY _day, count(*) DESC{_selected(words)}",
            **scope.values,
        ):
            sums = found.setdefault(day, {})
            if total is not None and len(sums) < SUMS_SHOWN:
                sums[": ".join([f"sum of {amount}", *_listed(values)])] = float(total)
    return found


def _selected(names: list[str]) -> str:
    return f", {quoted(names)}" if names else ""


def _listed(values: list[Any]) -> list[str]:
    return [", ".join(str(value) for value in values)] if values else []


def flag_counts(
    tx: Transaction, contract: Contract, stage: Stage, scope: Scope
) -> dict[str, tuple[int, str]]:
    """For how many records each flag among a stage's answers holds, and what the flag says."""
    flags = [column for column in stage.columns if isinstance(column.type, Flag)]
    if not flags:
        return {}
    counted = ", ".join(f'count(*) FILTER (WHERE "{column.name}")' for column in flags)
    (row,) = tx.rows(
        f"SELECT {counted} FROM {stage.name}.{contract.dataset} WHERE _slice_id IN {scope.slices}",
        **scope.values,
    )
    return {
        column.name: (int(number), column.description)
        for column, number in zip(flags, row, strict=True)
    }


def sums_by_answer(tx: Transaction, contract: Contract, stage: Stage) -> pl.DataFrame:
    """Number of records and sums of amounts by a stage's answers, over all days; largest first.

    One row for each combination of answers and of the contract's words, such as the side.
    """
    answers = [column.name for column in stage.columns if isinstance(column.type, Choice | Flag)]
    words = [column.name for column in contract.columns if isinstance(column.type, Choice)]
    amounts = [column.name for column in contract.columns if isinstance(column.type, Money)]
    sums = "".join(f', sum("{name}") AS "{name}"' for name in amounts)
    groups = quoted([*answers, *words])
    return tx.frame(
        f"SELECT {groups}, count(*) AS records{sums} FROM {stage.name}.{contract.dataset} "
        f"GROUP BY {groups} ORDER BY records DESC, {groups}"
    )
