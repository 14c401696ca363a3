"""Retention of raw: only what is done with loses its text, and nothing else changes by it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, DAYS, START, land_lines, tiny, work_on
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.forget import forget_raw
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.forgetting import Frozen, frozen
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import broken_conservation, days_left, slices
from txcat_assets.warehouse.schema.tables import prepare

CONTRACT = tiny(4)
SOON = START + timedelta(days=1)
RECORDS = ("1,2,debit", "2,3,debit", "2,3,debit", "1,7,debit", "3,x,debit", "4,5,debit")
"""Valid, refused by the model, its copy, a conflict, invalid, valid."""


@pytest.fixture
def work(warehouse: Warehouse, tmp_path: Path) -> Work:
    """A file that is done with."""
    prepare(warehouse, CONTRACT)
    work = work_on(warehouse, CONTRACT)
    land_lines(work, tmp_path, f"{DAYS[0]}", *RECORDS)
    finish(work)
    return work


def finish(work: Work, model: str = "m1") -> None:
    assert validate(work).problems == []
    assert enrich(work, CATEGORIZED, FakeModel(model, is_picky=True)).problems == []


@pytest.fixture
def frozen_work(work: Work) -> Work:
    """The same, once its text was forgotten."""
    assert forget_raw(work.warehouse, CONTRACT, SOON) == Frozen(1, 2)
    return work


def positions(work: Work, table: str) -> list[int]:
    """The positions in a table, in order."""
    with work.warehouse.transaction() as tx:
        return [n for (n,) in tx.rows(f"SELECT _position FROM {table} ORDER BY 1")]


def test_only_validated_records_lose_their_text_and_all_tables_stay_as_they_are(
    work: Work,
) -> None:
    before, quarantined = everything(work.warehouse), positions(work, "quarantined.tiny")
    forget_raw(work.warehouse, CONTRACT, SOON)
    after = everything(work.warehouse)
    assert positions(work, "raw.tiny") == [1, 2, 3, 4]
    assert {n: r for n, r in after.items() if n not in ("raw.tiny", "ledger.slices")} == {
        n: r for n, r in before.items() if n not in ("raw.tiny", "ledger.slices")
    }
    assert positions(work, "quarantined.tiny") == quarantined == [1, 3, 4]
    audit(work.warehouse, CONTRACT)


def test_forgetting_again_forgets_nothing(frozen_work: Work) -> None:
    before = everything(frozen_work.warehouse)
    assert forget_raw(frozen_work.warehouse, CONTRACT, SOON) == Frozen(0, 0)
    assert everything(frozen_work.warehouse) == before


def unjudged(work: Work, folder: Path) -> None:
    land_lines(work, folder, f"{DAYS[1]}", "9,2,debit")


def pending(work: Work, folder: Path) -> None:
    unjudged(work, folder)
    assert validate(work).problems == []


def stale(work: Work, folder: Path) -> None:
    pending(work, folder)
    finish(work)
    refresh(work, "categorized")


@pytest.mark.parametrize("so_far", [unjudged, pending, stale])
def test_what_is_not_done_with_keeps_its_text(
    frozen_work: Work, tmp_path: Path, so_far: Callable[[Work, Path], None]
) -> None:
    so_far(frozen_work, tmp_path)
    assert forget_raw(frozen_work.warehouse, CONTRACT, SOON).records == 0
    finish(frozen_work)
    assert forget_raw(frozen_work.warehouse, CONTRACT, SOON).records == 1


def test_what_a_newer_contract_has_not_judged_keeps_its_text(work: Work) -> None:
    newer = tiny(8)
    prepare(work.warehouse, newer)
    assert forget_raw(work.warehouse, newer, SOON).records == 0


def test_what_landed_after_the_moment_keeps_its_text(work: Work) -> None:
    assert forget_raw(work.warehouse, CONTRACT, START) == Frozen(0, 0)


def test_a_frozen_slice_is_left_out_of_upgrades_and_full_refreshes(frozen_work: Work) -> None:
    newer = tiny(6)  # forbids 2 and writes a debit in another way
    prepare(frozen_work.warehouse, newer)
    work = work_on(frozen_work.warehouse, newer)
    before = everything(work.warehouse)
    refresh(work, "validated")
    assert validate(work).records == 0
    assert everything(work.warehouse) == before
    audit(work.warehouse, newer)
    with work.warehouse.transaction() as tx:
        assert days_left(tx, newer) == []
        assert frozen(tx, scope()) == Frozen(1, 2)
        assert slices(tx, scope()) == []
        assert broken_conservation(tx, newer, scope()) == []


def scope() -> Scope:
    return Scope("tiny", "day", DAYS)


def test_a_frozen_slice_is_answered_by_a_newer_model(frozen_work: Work) -> None:
    finish(frozen_work, "m2")
    audit(frozen_work.warehouse, CONTRACT)
    with frozen_work.warehouse.transaction() as tx:
        models = tx.rows("SELECT DISTINCT model_version FROM categorized.tiny")
    assert models == [("m2",)]


def test_a_winner_without_text_can_be_displaced_and_is_still_shown(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    early, late = tiny(6), tiny(8)
    prepare(warehouse, early)
    work = work_on(warehouse, early)
    land_lines(work, tmp_path, f"{DAYS[0]}", "5,2,credit")  # 2 is forbidden by version 6
    land_lines(work, tmp_path, f"{DAYS[1]}", "5,7,credit")
    finish(work)
    assert forget_raw(warehouse, early, SOON).slices == 1
    prepare(warehouse, late)
    assert validate(work_on(warehouse, late)).moved == 1
    audit(warehouse, late)
    with warehouse.transaction() as tx:
        found = tx.rows("SELECT amount, side, reasons, _fault FROM quarantined.tiny")
    assert found == [("7.00", "credit", ["conflict"], None)]
