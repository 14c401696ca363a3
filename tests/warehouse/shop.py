"""The shop's datasets in a warehouse: the sample files and, where they are there, the real ones.

What the tests of its records and of its marts share.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from data.make_samples import FIRST_DAY, Sample, make_reference_data
from tests.warehouse.tiny import Clock
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import ReadAs, register_named
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

DATASETS = ("order_lines", "orders", "voucher_orders", "products", "customers")
"""In an order in which records have to wait."""

REAL = Path(__file__).parents[3] / "shared" / "data"
REAL_DAY = date(2026, 1, 1)


def take(
    warehouse: Warehouse, dataset: str, paths: Sequence[Path], day: date | None = None
) -> None:
    """These files have come and are judged, as far as what they name is there."""
    contract = all_contracts()[dataset]
    prepare(warehouse, contract)
    days = [day] if day else [FIRST_DAY + timedelta(days=n) for n in range(4)]
    work = Work(warehouse, contract, days, "run", Clock())
    if paths:
        register_named(work, [stat(path) for path in paths], ReadAs(day=day))
    assert land_files(work).problems == []
    assert validate(work).problems == []


def rows(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.transaction() as tx:
        return tx.rows(sql)


def take_samples(warehouse: Warehouse, folder: Path) -> dict[str, list[Sample]]:
    """The samples of every dataset, loaded in an order in which records had to wait."""
    samples = {dataset: make_reference_data(folder, dataset) for dataset in DATASETS}
    for dataset in DATASETS:
        take(warehouse, dataset, [sample.path for sample in samples[dataset]])
    for dataset in reversed(DATASETS):
        take(warehouse, dataset, [])
    return samples
