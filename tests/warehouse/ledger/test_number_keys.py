"""A key that is a whole number is one wherever a record is looked up by it."""

from pathlib import Path

import pytest

from tests.warehouse.audit import audit
from tests.warehouse.bills import BILLS
from tests.warehouse.tiny import DAYS, land_lines, work_on
from txcat_assets.stages.operate import settle
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.life import records_of_key
from txcat_assets.warehouse.schema.tables import prepare

CLOSE = Decision("discarded", "ann", "It is the other one.")


@pytest.fixture
def work(warehouse: Warehouse, tmp_path: Path) -> Work:
    """The first of two bills of one number holds it, the other is in conflict."""
    prepare(warehouse, BILLS)
    work = work_on(warehouse, BILLS)
    at = "2025-01-01T00:00:00,"
    land_lines(work, tmp_path, str(DAYS[0]), f"7,{at},ann", f"007,{at},bob", f"8,{at},bob")
    assert validate(work).problems == []
    return work


def test_records_are_found_by_it_and_one_of_them_settled(work: Work) -> None:
    with work.warehouse.transaction() as tx:
        found = [len(records_of_key(tx, BILLS, text)) for text in ("7", "+7", "8", "9", "x")]
    assert found == [2, 2, 1, 0, 0]
    assert settle(work, (1_000_000, 1), CLOSE).became == {"validated": 1}
    audit(work.warehouse, BILLS)
    with work.warehouse.transaction() as tx:
        assert tx.rows("SELECT id, who FROM validated.bills ORDER BY 1") == [(7, "bob"), (8, "bob")]
