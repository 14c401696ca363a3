"""One function moves records between places: who wins, who is promoted, what follows.

The order of arrival alone decides, whatever is judged first.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.seen import everything, seen
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, tiny, work_on
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

FIRST, SECOND, THIRD = ((n * 1_000_000, 0) for n in (1, 2, 3))
"""The positions of the only records of three files."""


@pytest.fixture
def work(warehouse: Warehouse) -> Work:
    prepare(warehouse, tiny(4))
    return work_on(warehouse, tiny(4))


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def land(work: Work, folder: Path, *records: str) -> None:
    """One file a day, of one record each; files of the same bytes would land once."""
    for day, record in zip(DAYS, records, strict=False):
        land_lines(work, folder, str(day), record)


def judge(work: Work, *days: date) -> int:
    outcome = validate(replace(work, days=days or DAYS))
    assert outcome.problems == []
    audit(work.warehouse, work.contract)
    return outcome.moved


def upgrade(work: Work, version: int) -> Work:
    prepare(work.warehouse, tiny(version))
    return replace(work, contract=tiny(version))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_earliest_wins_whatever_is_judged_first(
    work: Work, tmp_path: Path, order: Sequence[int]
) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit", "1,1,Debit")
    for n in order:
        judge(work, DAYS[n])
    found = seen(work.warehouse, work.contract)
    assert list(found.validated) == [FIRST]
    assert found.quarantined == {SECOND: ("conflict",)}
    assert found.duplicates == {THIRD}


def test_a_late_judged_earlier_record_moves_the_later_winner(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit")
    assert judge(work, DAYS[1]) == 0
    assert judge(work, DAYS[0]) == 1


def test_when_a_winner_leaves_the_next_is_promoted(work: Work, tmp_path: Path) -> None:
    """Version 5 forbids the amount 1."""
    land(work, tmp_path, "1,1,debit", "1,2,debit", "1,2,Debit")
    judge(work)
    upgraded = upgrade(work, 5)
    judge(upgraded, DAYS[0])
    found = seen(work.warehouse, work.contract)
    assert list(found.validated) == [SECOND]
    assert found.duplicates == {THIRD}
    assert found.quarantined == {FIRST: ("forbidden",)}


def test_a_promoted_copy_keeps_its_answer_and_shows_its_own_position(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, "1,1,debit", "1,1,Debit")
    judge(work, DAYS[1])
    enrich(work, CATEGORIZED, FakeModel("m1"))
    assert rows(work, "SELECT _slice_id FROM categorized.tiny") == [(2_000_000,)]
    judge(work, DAYS[0])
    assert rows(work, "SELECT _slice_id, _day, category FROM categorized.tiny") == [
        (1_000_000, DAYS[0], "m1 1.00 debit")
    ]


def test_a_winner_of_other_content_leaves_the_old_category_until_its_own_comes(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit")
    judge(work, DAYS[1])
    enrich(work, CATEGORIZED, FakeModel("m1"))
    judge(work, DAYS[0])
    assert rows(work, "SELECT category FROM categorized.tiny") == [("m1 2.00 debit",)]
    enrich(work, CATEGORIZED, FakeModel("m1"))
    assert rows(work, "SELECT category FROM categorized.tiny") == [("m1 1.00 debit",)]


def test_a_key_that_leaves_validated_leaves_categorized(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit")
    judge(work)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    judge(upgrade(work, 5))
    assert rows(work, "SELECT * FROM categorized.tiny") == []


def test_an_upgrade_that_changes_no_content_writes_no_record_and_asks_nothing(
    work: Work, tmp_path: Path
) -> None:
    """Version 8 says of these what version 4 says."""
    land(work, tmp_path, "1,2,debit", "2,2,debit", "x,2,debit")
    judge(work)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    before = everything(work.warehouse)
    upgraded = upgrade(work, 8)
    judge(upgraded)
    model = FakeModel("m1")
    enrich(upgraded, CATEGORIZED, model)
    after = everything(work.warehouse)
    assert model.asked == []
    records = ("raw.tiny", "judged.tiny", "categorized.tiny", "ledger.slices")
    assert [after[table] for table in records] == [before[table] for table in records]


def test_warnings_follow_the_contract_without_a_move(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,3,debit")
    judge(work)
    assert rows(work, "SELECT _warnings FROM validated.tiny") == [(None,)]
    judge(upgrade(work, 5))
    assert rows(work, "SELECT _warnings FROM validated.tiny") == [(["odd"],)]
    assert rows(work, "SELECT validated, duplicate FROM ledger.slices") == [(1, 0)]


def test_quarantined_shows_the_record_as_it_came_with_every_reason(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, ",x,debit")
    judge(work)
    shown = rows(work, "SELECT id, amount, side, reasons, stage FROM quarantined.tiny")
    assert shown == [(None, "x", "debit", ["id_missing", "amount_invalid"], "validated")]


def test_a_promoted_copy_with_an_older_models_answer_is_pending(work: Work, tmp_path: Path) -> None:
    """The copy's slice has reached m2 while the copy itself was a duplicate."""
    land(work, tmp_path, "1,1,debit", "1,1,Debit")
    judge(work)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    enrich(replace(work, days=DAYS[1:]), CATEGORIZED, FakeModel("m2"))
    upgraded = upgrade(work, 5)
    judge(upgraded, DAYS[0])
    stages = "SELECT version, pending FROM ledger.stages WHERE stage = 'categorized' ORDER BY 1"
    assert rows(work, stages) == [("m1", 0), ("m2", 1)]
    enrich(upgraded, CATEGORIZED, FakeModel("m2"))
    assert rows(work, "SELECT _slice_id, category FROM categorized.tiny") == [
        (2_000_000, "m2 1.00 debit")
    ]
