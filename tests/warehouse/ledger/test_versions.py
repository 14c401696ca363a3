"""Reference data changes slowly: what is current goes by day, not by who was loaded last."""

from pathlib import Path

from tests.warehouse.pair import shops
from tests.warehouse.tiny import land_lines, work_on
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
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
