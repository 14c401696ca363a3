"""A mart tells the latest of the entities that were touched, whatever order records came in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeModel
from tests.warehouse.pair import TOTALS, audit_totals, sales, shops, totals, update_totals
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, work_on
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.marts import update_mart
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.marts import MartTable, records_of_entities, replace_rows
from txcat_assets.warehouse.ledger.watchers import read_notes
from txcat_assets.warehouse.queries.figures import days_left
from txcat_assets.warehouse.schema.tables import prepare

OF = MartTable(sales(1), TOTALS)
SOLD = ("1,2,a,", "2,3,a,", "3,2,b,", "4,3,b,", "1,3,b,")


@pytest.fixture
def work(warehouse: Warehouse, tmp_path: Path) -> Work:
    """Sales of the shops a and b."""
    prepare(warehouse, sales(1))
    there = work_on(warehouse, shops(1))
    land_lines(there, tmp_path, str(DAYS[0]), "a,2", "b,2")
    validate(there)
    return work_on(warehouse, sales(1))


def take(work: Work, folder: Path, day: date, *records: str) -> None:
    land_lines(work, folder, str(day), *records)
    assert validate(replace(work, days=[day])).problems == []


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def mart_rows(work: Work) -> list[tuple[Any, ...]]:
    """What the mart says: amount, shop, total of the shop."""
    return rows(work, "SELECT amount::TEXT, side, total::TEXT FROM totals.sales ORDER BY 2, 1")


def noted(work: Work) -> list[str]:
    return [entity for (entity,) in rows(work, "SELECT entity FROM ledger.touched ORDER BY 1")]


def test_only_touched_entities_are_worked(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], *SOLD[:4])
    assert update_totals(work).entities == 2
    take(work, tmp_path, DAYS[1], "5,2,a,")
    assert noted(work) == ["a"]
    before = rows(work, "SELECT * FROM totals.sales WHERE side = 'b' ORDER BY id")
    assert update_totals(work).entities == 1
    assert mart_rows(work)[:3] == [("2.00", "a", "7.00")] * 2 + [("3.00", "a", "7.00")]
    assert rows(work, "SELECT * FROM totals.sales WHERE side = 'b' ORDER BY id") == before


def test_again_it_changes_nothing(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], *SOLD)
    update_totals(work)
    before = everything(work.warehouse)
    assert update_totals(work).entities == 0
    assert everything(work.warehouse) == before


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_order_in_which_records_came_does_not_show(
    work: Work, tmp_path: Path, order: Sequence[int]
) -> None:
    parts = ["1,2,a,", "2,3,a,"], ["3,2,b,", "4,3,a,"], ["4,3,a,", "5,2,b,"]
    for turn, n in enumerate(order):
        take(work, tmp_path, DAYS[turn], *parts[n])
        update_totals(work)
    assert mart_rows(work) == [
        ("2.00", "a", "8.00"),
        ("3.00", "a", "8.00"),
        ("3.00", "a", "8.00"),
        ("2.00", "b", "4.00"),
        ("2.00", "b", "4.00"),
    ]


def test_where_a_record_leaves_both_its_old_entity_and_the_next_ones_are_told_anew(
    work: Work, tmp_path: Path
) -> None:
    """Version 2 forbids the amount 2: another sale of the same key wins, in another shop."""
    take(work, tmp_path, DAYS[0], "1,2,a,", "2,3,a,", "1,3,b,", "4,3,b,")
    update_totals(work)
    upgraded = replace(work, contract=sales(2))
    prepare(work.warehouse, upgraded.contract)
    validate(upgraded)
    assert set(noted(work)) == {"a", "b"}
    update_totals(upgraded)
    audit_totals(work.warehouse)
    assert mart_rows(work) == [("3.00", "b", "6.00")] * 2


def test_what_has_left_for_good_leaves_the_mart(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], "1,2,a,", "2,2,a,")
    update_totals(work)
    upgraded = replace(work, contract=sales(2))
    prepare(work.warehouse, upgraded.contract)
    validate(upgraded)
    update_totals(upgraded)
    assert mart_rows(work) == []


def test_what_is_noted_while_an_entity_is_told_stays_work(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], "1,2,a,", "2,3,a,")
    with work.warehouse.transaction() as tx:
        read = read_notes(tx, OF.watcher, 9)
        old = ComputedMart(OF.contract, TOTALS, totals()).rows(records_of_entities(tx, OF, read))
    take(work, tmp_path, DAYS[1], "3,2,a,")
    with work.warehouse.transaction() as tx:
        assert replace_rows(tx, OF, read, old, work.run)
    assert noted(work) == ["a"]
    audit_totals(work.warehouse)
    update_totals(work)
    assert [total for *_, total in mart_rows(work)] == ["7.00"] * 3


def test_who_was_overtaken_writes_nothing(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], "1,2,a,", "2,3,a,")
    with work.warehouse.transaction() as tx:
        read = read_notes(tx, OF.watcher, 9)
        old = ComputedMart(OF.contract, TOTALS, totals()).rows(records_of_entities(tx, OF, read))
    take(work, tmp_path, DAYS[1], "3,2,a,")
    update_totals(work)
    with work.warehouse.transaction() as tx:
        assert not replace_rows(tx, OF, read, old, work.run)
    assert [total for *_, total in mart_rows(work)] == ["7.00"] * 3


def test_another_version_tells_every_entity_anew(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], *SOLD)
    update_totals(work)
    doubled = {"total": totals()["total"] * 2}
    found = update_mart(work, TOTALS, ComputedMart(work.contract, TOTALS, doubled))
    assert found.entities == 2
    assert {total for *_, total in mart_rows(work)} == {"10.00"}


def test_a_full_refresh_tells_every_entity_anew(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], *SOLD)
    update_totals(work)
    before = mart_rows(work)
    with work.warehouse.transaction() as tx:
        tx.run("DELETE FROM totals.sales")
    assert update_totals(work, full_refresh=True).entities == 2
    assert mart_rows(work) == before


def test_while_entities_are_noted_the_last_day_has_work_left(work: Work, tmp_path: Path) -> None:
    take(work, tmp_path, DAYS[0], "1,2,a,")
    take(work, tmp_path, DAYS[1], "2,3,a,")
    enrich(work, CATEGORIZED, FakeModel("m1"))
    with work.warehouse.transaction() as tx:
        assert days_left(tx, sales(1)) == [DAYS[1]]
    update_totals(work)
    with work.warehouse.transaction() as tx:
        assert days_left(tx, sales(1)) == []
