"""Where keys have versions: which is current, and that stages, marts and others know that one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.pair import shops
from tests.warehouse.tiny import DAYS, land_lines, tiny, work_on
from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.days import move_days
from txcat_assets.warehouse.ledger.slices import Run
from txcat_assets.warehouse.schema.tables import prepare


def test_an_older_file_that_is_loaded_later_does_not_become_current(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = shops(1)
    prepare(warehouse, contract)
    work = work_on(warehouse, contract)
    for day, name in {"2025-01-02": "new", "2025-01-01": "old", "2025-01-03": "new"}.items():
        land_lines(work, tmp_path, day, f"a,{name}")
        assert validate(work).problems == []
    with warehouse.transaction() as tx:
        current = tx.rows("SELECT name, _day::VARCHAR FROM current.shops")
        versions = tx.rows("SELECT name FROM validated.shops ORDER BY _day")
    assert current == [("new", "2025-01-02")]
    assert versions == [("old",), ("new",)]


def of_policy(policy: Policy, version: int = 1) -> Contract:
    """The tiny dataset, with a stage, by either policy."""
    return replace(tiny(5), policy=policy, version=version)


def brought_up(
    warehouse: Warehouse, contract: Contract, folder: Path, files: Sequence[tuple[str, str]]
) -> None:
    """These records have landed, one file each, and all stages are up to date."""
    prepare(warehouse, contract)
    work = work_on(warehouse, contract)
    for name, line in files:
        land_lines(work, folder, name, line)
    assert validate(work).problems == []
    (stage,) = contract.stages
    assert enrich(work, stage, FakeModel("m")).problems == []
    audit(warehouse, contract)


def amounts(warehouse: Warehouse, table: str, extra: str = "") -> list[Any]:
    with warehouse.transaction() as tx:
        found = tx.rows(f"SELECT amount::INTEGER FROM {table} {extra} ORDER BY 1")
    return [amount for (amount,) in found]


def test_a_stage_answers_the_current_version_alone(warehouse: Warehouse, tmp_path: Path) -> None:
    files = [(f"{DAYS[0]}", "1,2,debit"), (f"{DAYS[1]}", "1,6,debit")]
    contract = of_policy(Policy.LATEST)
    brought_up(warehouse, contract, tmp_path, files[:1])
    brought_up(warehouse, contract, tmp_path, files)
    assert amounts(warehouse, "validated.tiny") == [2, 6]
    assert amounts(warehouse, "categorized.tiny") == amounts(warehouse, "current.tiny") == [6]


def test_a_dataset_that_gains_versions_keeps_its_conflicts_as_such(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    files = [(f"{DAYS[0]}", "1,2,debit"), (f"{DAYS[1]}", "1,6,debit")]
    brought_up(warehouse, of_policy(Policy.FIRST), tmp_path, files)
    assert amounts(warehouse, "categorized.tiny") == [2]
    brought_up(warehouse, of_policy(Policy.LATEST, 13), tmp_path, [])
    assert amounts(warehouse, "validated.tiny") == [2, 6]
    assert amounts(warehouse, "categorized.tiny") == [6]


def test_what_moves_to_another_day_is_current_by_that_day(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = of_policy(Policy.LATEST)
    files = [(f"{DAYS[2]}", "1,2,debit"), (f"{DAYS[1]}", "1,6,debit")]
    brought_up(warehouse, contract, tmp_path, files)
    assert amounts(warehouse, "current.tiny") == [2]
    with warehouse.transaction() as tx:
        move_days(
            tx, contract, [DAYS[2]], lambda _: True, Run("a run", datetime(2024, 1, 1, tzinfo=UTC))
        )
    brought_up(warehouse, contract, tmp_path, [])
    assert amounts(warehouse, "current.tiny") == amounts(warehouse, "categorized.tiny") == [6]
