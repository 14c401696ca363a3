"""The real contract of transactions, from a file to categorized, and one that gains a column.

What is proved of every dataset is proved on a tiny one, in the other modules.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.seen import everything
from tests.warehouse.tiny import work_on
from txcat_assets.contracts.model import Column, Text
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

DAY = date(2025, 1, 2)
FILE = """id;description;amount;timestamp;merchant;operation_type;side;note
1;Rent;-700,00;2025-01-01T10:00:00;Landlord;transfer;debit;for January
2;"Lunch; with wine";-12,5;2025-01-01T11:00:00+02:00;;card;DEBIT;
1;Rent;-700,00;2025-01-01T10:00:00;Landlord;transfer;debit;for January
2;Dinner;-12,50;2025-01-01T11:00:00;;card;debit;
3;Odd;12,50;2025-01-01T11:00:00;;card;debit;
4;Late;1,00;2042-01-01T00:00:00;;card;credit;
"""


def brought_up_to_date(work: Work, folder: Path) -> FakeModel:
    path = folder / f"transactions_{DAY}.csv"
    if not path.exists():
        path.write_text(FILE)
    prepare(work.warehouse, work.contract)
    register_named(work, [stat(path)], None)
    assert land_files(work).problems == []
    assert validate(work).problems == []
    model = FakeModel("m1")
    assert enrich(work, work.contract.stages[0], model).problems == []
    audit(work.warehouse, work.contract)
    return model


def land_more(work: Work, folder: Path, record: str) -> None:
    path = folder / f"transactions_{DAY}_more.csv"
    path.write_text(FILE.splitlines()[0] + f"\n{record}\n")
    register_named(work, [stat(path)], None)


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def test_a_file_of_transactions_becomes_validated_quarantined_and_categorized(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    work = work_on(warehouse, CONTRACT, [DAY])
    brought_up_to_date(work, tmp_path)
    columns = "id, amount, side, category, _position, _warnings"
    assert rows(work, f"SELECT {columns} FROM categorized.transactions ORDER BY _position") == [
        (UUID(int=1), Decimal("-700.00"), "debit", "m1 -700.00 debit", 0, None),
        (UUID(int=2), Decimal("-12.50"), "debit", "m1 -12.50 debit", 1, None),
        (UUID(int=3), Decimal("12.50"), "debit", "m1 12.50 debit", 4, ["sign_disagrees_with_side"]),
    ]
    quarantined = "SELECT id, reasons FROM quarantined.transactions ORDER BY _position"
    assert rows(work, quarantined) == [("2", ["conflict"]), ("4", ["timestamp_in_future"])]
    counts = "landed, unjudged, validated, quarantined, duplicate"
    assert rows(work, f"SELECT {counts} FROM ledger.slices") == [(6, 0, 3, 2, 1)]


def test_a_second_run_of_transactions_changes_and_asks_nothing(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    work = work_on(warehouse, CONTRACT, [DAY])
    brought_up_to_date(work, tmp_path)
    before = everything(warehouse)
    assert brought_up_to_date(work, tmp_path).asked == []
    assert everything(warehouse) == before


def test_a_contract_that_gains_a_column_finds_it_in_what_has_landed(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    note = Column("note", Text(), "What the payer wrote.", is_required=False)
    newer = replace(CONTRACT, version=CONTRACT.version + 1, columns=(*CONTRACT.columns, note))
    brought_up_to_date(work_on(warehouse, CONTRACT, [DAY]), tmp_path)
    work = work_on(warehouse, newer, [DAY])
    brought_up_to_date(work, tmp_path)
    land_more(work, tmp_path, "9;Tea;-1,00;2025-01-01T10:00:00;;card;debit;for Ann")
    refresh(work, "validated")
    brought_up_to_date(work, tmp_path)
    noted = "SELECT note FROM {}.transactions ORDER BY note DESC NULLS LAST"
    expected = [("for January",), ("for Ann",), (None,), (None,)]
    assert rows(work, noted.format("validated")) == expected
    assert rows(work, noted.format("categorized")) == expected
