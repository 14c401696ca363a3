"""Stages with answers of several types, by a function or by a service, and stages that come later.

What holds for every stage stands in `test_enrich`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.warehouse.audit import audit
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, tiny, work_on
from txcat_assets.contracts.model import (
    Answer,
    Codes,
    Contract,
    Flag,
    Function,
    Instant,
    Money,
    Service,
    Stage,
)
from txcat_assets.errors import ServiceDown
from txcat_assets.pipeline.computed import ComputedStage
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare

COLUMNS = (
    Answer("is_big", Flag(), "Big."),
    Answer("codes", Codes((("big", "Above the limit."),)), "Why."),
    Answer("fee", Money(9, 3), "A fee; none for small ones."),
    Answer("due", Instant(), "When the fee is due."),
)
DUE = datetime(2025, 1, 31, 12, 30, 0, 250)  # noqa: DTZ001


def marks(limit: int) -> dict[str, pl.Expr]:
    """What the stage says, by a limit."""
    is_big = pl.col("amount") > limit
    return {
        "is_big": is_big,
        "codes": pl.concat_list(pl.when(is_big).then(pl.lit("big"))).list.drop_nulls(),
        "fee": pl.when(is_big).then(pl.lit(Decimal("0.125"))),
        "due": pl.lit(DUE),
    }


MARKED = Stage("marked", Function(marks), "Marked.", COLUMNS)
BY_SERVICE = replace(MARKED, answered_by=Service("marks"))
SMALL: tuple[Any, ...] = (False, [], None, DUE)
BIG: tuple[Any, ...] = (True, ["big"], Decimal("0.125"), DUE)
ROWS = "SELECT is_big, codes, fee, due FROM marked.tiny ORDER BY id"


class Marker:
    """Answers as the function does, two at a time, and goes away after as many lists."""

    def __init__(self, lasts: int) -> None:
        self._lasts = lasts
        self._marks = ComputedStage(MARKED, marks(1))

    def version(self) -> str:
        """Its version."""
        return "marker"

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Some answers."""
        (answers,) = self._marks.answers(records)
        for number in range(0, len(answers), 2):
            if number == 2 * self._lasts:
                raise ServiceDown("The marker went away.")
            yield answers[number : number + 2]


def contract_with(*stages: Stage, version: int = 4) -> Contract:
    return replace(tiny(version), stages=stages)


@pytest.fixture
def landed(warehouse: Warehouse, tmp_path: Path) -> Callable[[Contract], Work]:
    def land(contract: Contract) -> Work:
        prepare(warehouse, contract)
        work = work_on(warehouse, contract)
        land_lines(work, tmp_path, "2025-01-01", "1,1,debit", "2,2,debit", "3,1,debit")
        validate(work)
        return work

    return land


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def test_a_function_answers_with_typed_columns(landed: Callable[[Contract], Work]) -> None:
    work = landed(contract_with(MARKED))
    enrich(work, MARKED, ComputedStage(MARKED, marks(1)))
    assert rows(work, ROWS) == [SMALL, BIG, SMALL]
    audit(work.warehouse, work.contract)


def test_another_limit_makes_answers_stale_and_keeps_the_previous(
    landed: Callable[[Contract], Work],
) -> None:
    work = landed(contract_with(MARKED))
    enrich(work, MARKED, ComputedStage(MARKED, marks(1)))
    assert enrich(work, MARKED, ComputedStage(MARKED, marks(1))).records == 0
    assert enrich(work, MARKED, ComputedStage(MARKED, marks(2))).records == 3
    changed = "SELECT id, _previous_codes, _previous_fee FROM marked.tiny WHERE _previous_is_big"
    ((_, codes, fee),) = rows(work, changed)
    assert (codes, fee) == (["big"], Decimal("0.125"))
    assert rows(work, "SELECT DISTINCT is_big FROM marked.tiny") == [(False,)]


def test_answers_of_every_type_are_kept_through_an_outage(
    landed: Callable[[Contract], Work],
) -> None:
    work = landed(contract_with(BY_SERVICE))
    enrich(work, BY_SERVICE, Marker(lasts=1))
    assert rows(work, "SELECT count(*) FROM ledger.predictions") == [(2,)]
    enrich(work, BY_SERVICE, Marker(lasts=9))
    assert rows(work, ROWS) == [SMALL, BIG, SMALL]


def test_a_contract_may_have_several_stages(landed: Callable[[Contract], Work]) -> None:
    marked, other = MARKED, replace(MARKED, name="noted")
    work = landed(contract_with(marked, other))
    enrich(work, marked, ComputedStage(marked, marks(1)))
    audit(work.warehouse, work.contract)
    enrich(work, other, ComputedStage(other, marks(9)))
    audit(work.warehouse, work.contract)
    assert rows(work, "SELECT count(*) FILTER (WHERE is_big) FROM noted.tiny") == [(0,)]


def test_a_stage_that_a_contract_gains_has_all_records_of_before_to_do(
    landed: Callable[[Contract], Work],
) -> None:
    before = landed(contract_with(CATEGORIZED))
    work = replace(before, contract=contract_with(CATEGORIZED, MARKED, version=8))
    prepare(work.warehouse, work.contract)
    audit(work.warehouse, work.contract)
    validate(work)
    enrich(work, MARKED, ComputedStage(MARKED, marks(1)))
    audit(work.warehouse, work.contract)
    assert len(rows(work, ROWS)) == 3
    prepared = everything(work.warehouse)
    prepare(work.warehouse, work.contract)
    assert everything(work.warehouse) == prepared


def test_a_stage_gains_a_column(landed: Callable[[Contract], Work]) -> None:
    narrow = replace(MARKED, columns=COLUMNS[:1])
    work = landed(contract_with(narrow))
    enrich(work, narrow, ComputedStage(narrow, {"is_big": marks(1)["is_big"]}))
    work = replace(work, contract=contract_with(MARKED, version=8))
    prepare(work.warehouse, work.contract)
    validate(work)
    enrich(work, MARKED, ComputedStage(MARKED, marks(1)))
    assert [row[3] for row in rows(work, ROWS)] == [DUE] * 3
    assert rows(work, "SELECT DISTINCT _previous_codes, _previous_is_big FROM marked.tiny") != []


def test_a_stage_that_a_contract_has_no_more_leaves_nothing_to_do(
    landed: Callable[[Contract], Work],
) -> None:
    before = landed(contract_with(CATEGORIZED))
    work = replace(before, contract=contract_with(version=8))
    prepare(work.warehouse, work.contract)
    validate(work)
    with work.warehouse.transaction() as tx:
        assert days_left(tx, before.contract) == [DAYS[0]]
        assert days_left(tx, work.contract) == []
