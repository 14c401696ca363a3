"""What `_contract_version` means: the version that wrote the row; its slice names the latest."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.tiny import CATEGORIZED, land_lines, tiny, work_on
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

BOTH = ["validated", "categorized"]


@pytest.fixture
def upgraded(warehouse: Warehouse, tmp_path: Path) -> Work:
    """Three records judged and answered by version 4, then judged by 5, which warns of amount 3."""
    prepare(warehouse, tiny(4))
    work = work_on(warehouse, tiny(4))
    land_lines(work, tmp_path, "2025-01-01", "1,5,debit", "2,3,debit", "3,1,credit")
    validate(work)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    prepare(warehouse, tiny(5))
    work = work_on(warehouse, tiny(5))
    validate(work)
    return work


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


@pytest.mark.parametrize("schema", BOTH)
def test_a_row_that_a_new_contract_leaves_as_it_is_keeps_the_version_that_wrote_it(
    upgraded: Work, schema: str
) -> None:
    found = rows(upgraded, f"SELECT amount, _contract_version FROM {schema}.tiny ORDER BY amount")
    assert found == [(3, 5), (5, 4)]


def test_the_version_that_judged_a_row_last_is_that_of_its_slice(upgraded: Work) -> None:
    judged_by = (
        "SELECT DISTINCT t.version FROM validated.tiny v JOIN ledger.stages t "
        "ON t.slice_id = v._slice_id AND t.stage = 'validated'"
    )
    assert rows(upgraded, judged_by) == [("5",)]


@pytest.mark.parametrize("schema", BOTH)
def test_a_row_shows_the_warnings_of_the_contract_that_judged_it_last(
    upgraded: Work, schema: str
) -> None:
    found = rows(upgraded, f"SELECT amount, _warnings FROM {schema}.tiny ORDER BY amount")
    assert found == [(3, ["odd"]), (5, None)]
    audit(upgraded.warehouse, upgraded.contract)
