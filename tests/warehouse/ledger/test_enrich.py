"""Asking a model and storing what it answers: nothing twice, nothing for content that has gone."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.fakes import FakeModel, SteppedWarehouse
from tests.warehouse.audit import audit
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, land_lines, tiny, work_on
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

REFUSED = "3"
"""The amount that a picky model refuses; contract version 4 forbids nothing."""


@pytest.fixture
def work(warehouse: Warehouse) -> Work:
    prepare(warehouse, tiny(4))
    return work_on(SteppedWarehouse(warehouse, lambda: None, has_claims=False), tiny(4))


def ask(work: Work, model: FakeModel) -> FakeModel:
    enrich(work, CATEGORIZED, model)
    audit(work.warehouse, work.contract)
    return model


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def validated(work: Work, folder: Path, *records: str) -> None:
    land_lines(work, folder, "2025-01-01", *records)
    validate(work)


def test_a_second_run_asks_and_writes_nothing(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, "1,1,debit", f"2,{REFUSED},debit")
    ask(work, FakeModel("m1", is_picky=True))
    before = everything(work.warehouse)
    assert ask(work, FakeModel("m1", is_picky=True)).asked == []
    assert everything(work.warehouse) == before


def test_what_the_model_refuses_stays_validated_and_is_listed_with_its_words(
    work: Work, tmp_path: Path
) -> None:
    validated(work, tmp_path, f"2,{REFUSED},debit")
    ask(work, FakeModel("m1", is_picky=True))
    listed = rows(work, "SELECT id, stage, reasons, words FROM quarantined.tiny")
    assert listed == [("2", "categorized", ["refused"], "takes no 3")]
    assert rows(work, "SELECT count(*) FROM validated.tiny") == [(1,)]
    assert rows(work, "SELECT pending, refused FROM ledger.stages WHERE pending + refused > 0") == [
        (0, 1)
    ]


def test_two_workers_on_the_same_slice_refuse_a_record_once(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, f"1,{REFUSED},debit", f"2,{REFUSED},debit", "3,1,debit")
    other = FakeModel("m1", is_picky=True)
    ask(work, FakeModel("m1", is_picky=True, meanwhile=lambda: ask(work, other)))
    assert rows(work, "SELECT count(*) FROM ledger.refusals") == [(2,)]


def test_two_workers_on_the_same_slice_keep_the_previous_category(
    work: Work, tmp_path: Path
) -> None:
    validated(work, tmp_path, "1,1,debit", "2,2,debit", "3,1,debit")
    ask(work, FakeModel("m1"))
    ask(work, FakeModel("m2", meanwhile=lambda: ask(work, FakeModel("m2"))))
    previous = rows(work, "SELECT DISTINCT _previous_model_version FROM categorized.tiny")
    assert previous == [("m1",)]


def test_a_new_model_keeps_the_previous_category(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, "1,1,debit")
    ask(work, FakeModel("m1"))
    ask(work, FakeModel("m2"))
    columns = "category, model_version, _previous_category, _previous_model_version"
    stored = rows(work, f"SELECT {columns} FROM categorized.tiny")
    assert stored == [("m2 1.00 debit", "m2", "m1 1.00 debit", "m1")]


def test_a_record_that_a_new_model_refuses_leaves_categorized(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, f"1,{REFUSED},debit")
    ask(work, FakeModel("m1"))
    ask(work, FakeModel("m2", is_picky=True))
    assert rows(work, "SELECT * FROM categorized.tiny") == []
    ask(work, FakeModel("m3"))
    assert rows(work, "SELECT category FROM categorized.tiny") == [("m3 3.00 debit",)]
    assert rows(work, "SELECT * FROM quarantined.tiny") == []


def test_a_full_refresh_asks_for_everything_again(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, "1,1,debit", f"2,{REFUSED},debit")
    ask(work, FakeModel("m1", is_picky=True))
    refresh(work, "categorized")
    audit(work.warehouse, work.contract)
    assert len(ask(work, FakeModel("m1")).asked) == 2
    assert ask(work, FakeModel("m1")).asked == []


def test_answers_given_before_an_outage_are_kept(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, *(f"{key},1,debit" for key in range(6)))
    assert len(ask(work, FakeModel("m1", lasts=2)).asked) == 4
    assert rows(work, "SELECT count(*) FROM ledger.predictions") == [(4,)]
    assert rows(work, "SELECT * FROM categorized.tiny") == [], "a slice is shown whole or not"
    assert len(ask(work, FakeModel("m1")).asked) == 2
    assert rows(work, "SELECT count(*) FROM categorized.tiny") == [(6,)]
    assert rows(work, "SELECT * FROM ledger.predictions") == []


def test_answers_kept_for_another_model_are_not_used(work: Work, tmp_path: Path) -> None:
    validated(work, tmp_path, "1,1,debit", "2,1,debit", "3,1,debit")
    ask(work, FakeModel("m1", lasts=1))
    assert len(ask(work, FakeModel("m2")).asked) == 3


def test_an_answer_for_content_that_has_changed_is_dropped(work: Work, tmp_path: Path) -> None:
    """Version 6 writes a debit otherwise than 4: records change while they are asked."""
    validated(work, tmp_path, "1,1,debit", "2,1,credit", "3,1,debit")
    upgraded = work_on(work.warehouse, tiny(6))

    def upgrade() -> None:
        prepare(work.warehouse, tiny(6))
        validate(upgraded)

    outcome = enrich(work, CATEGORIZED, FakeModel("m1", meanwhile=upgrade))
    assert "version" in outcome.problems[0], "code of the old contract stores nothing any more"
    ask(upgraded, FakeModel("m1"))
    assert rows(work, "SELECT DISTINCT category FROM categorized.tiny ORDER BY 1") == [
        ("m1 1.00 DEBIT",),
        ("m1 1.00 credit",),
    ]


def test_an_answer_is_dropped_whose_record_has_lost_its_place_meanwhile(
    work: Work, tmp_path: Path
) -> None:
    land_lines(work, tmp_path, "2025-01-01", "1,1,debit")
    land_lines(work, tmp_path, "2025-01-02", "1,2,debit", "2,2,debit", "3,2,debit")
    later = replace(work, days=[date(2025, 1, 2)])
    validate(later)
    ask(later, FakeModel("m1", meanwhile=lambda: validate(work)))
    answered = rows(work, "SELECT id FROM categorized.tiny ORDER BY 1")
    assert answered == [(UUID(int=2),), (UUID(int=3),)]


def test_what_a_full_refresh_wants_is_still_pending_after_the_answers_of_before(
    work: Work, tmp_path: Path
) -> None:
    validated(work, tmp_path, "1,1,debit", "2,1,debit", "3,1,debit", "4,1,credit")
    ask(work, FakeModel("m1"))
    upgraded = replace(work, contract=tiny(6))
    prepare(work.warehouse, tiny(6))
    validate(upgraded)
    ask(upgraded, FakeModel("m1", meanwhile=lambda: refresh(upgraded, "categorized")))
    assert len(ask(upgraded, FakeModel("m1")).asked) == 1, "the credit was not asked again yet"


def test_kept_answers_for_two_contents_of_one_position_both_serve(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Debit, DEBIT and debit again: each time the model goes away after it has answered."""
    work = work_on(warehouse, tiny(4))
    prepare(warehouse, tiny(4))
    land_lines(work, tmp_path, "2025-01-01", *(f"{key},1,debit" for key in range(6)))
    for version, lasts in ((4, 1), (6, 1), (8, None)):
        work = replace(work, contract=tiny(version))
        prepare(warehouse, work.contract)
        validate(work)
        ask(work, FakeModel("m1", lasts=lasts))
    stages = rows(work, "SELECT pending FROM ledger.stages WHERE stage = 'categorized'")
    assert stages == [(0,)]


def test_a_kept_answer_serves_only_the_content_that_was_asked(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    work = work_on(warehouse, tiny(4))
    prepare(warehouse, tiny(4))
    land_lines(work, tmp_path, "2025-01-01", *(f"{key},1,debit" for key in range(6)))
    for version, lasts in ((4, 1), (6, None)):
        work = replace(work, contract=tiny(version))
        prepare(warehouse, work.contract)
        validate(work)
        ask(work, FakeModel("m1", lasts=lasts))
    categories = rows(work, "SELECT DISTINCT side, category FROM categorized.tiny")
    assert categories == [("DEBIT", "m1 1.00 DEBIT")]
