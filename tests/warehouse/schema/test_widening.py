"""A newer contract over tables that hold records: what fits is made, what would be lost refused."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.warehouse.audit import audit
from tests.warehouse.seen import everything
from tests.warehouse.tiny import land_lines, tiny, work_on
from txcat_assets.contracts.model import Column, Contract, Money, Text
from txcat_assets.errors import VersionRefused
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse, one
from txcat_assets.warehouse.schema.tables import prepare

NOTE = Column("note", Text(), "A note.", is_required=False)


def newer(**changes: object) -> Contract:
    """The next version of the tiny contract, with other columns."""
    return replace(tiny(4), version=8, **changes)  # type: ignore[arg-type]


def with_amount(precision: int, scale: int) -> tuple[Column, ...]:
    id_, amount, side = tiny(4).columns
    return id_, replace(amount, type=Money(precision, scale)), side


@pytest.fixture
def filled(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """A warehouse in which two records were judged by version 4."""
    prepare(warehouse, tiny(4))
    work = work_on(warehouse, tiny(4))
    land_lines(work, tmp_path, "2025-01-01", "1,2.5,debit", "2,7,credit")
    assert validate(work).problems == []
    return warehouse


def test_a_column_that_is_gained_keeps_every_row(filled: Warehouse) -> None:
    before = everything(filled)
    prepare(filled, newer(columns=(*tiny(4).columns, NOTE)))
    after = everything(filled)
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    with filled.transaction() as tx:
        assert tx.rows("SELECT note FROM validated.tiny") == [(None,), (None,)]


def test_a_decimal_may_gain_digits(filled: Warehouse) -> None:
    contract = newer(columns=with_amount(11, 3))
    prepare(filled, contract)
    assert validate(work_on(filled, contract)).problems == []
    with filled.transaction() as tx:
        amounts = tx.rows("SELECT amount::VARCHAR FROM validated.tiny ORDER BY amount")
    assert amounts == [("2.500",), ("7.000",)]
    audit(filled, contract)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (tiny(4).columns[:2], r"holds 2 values of side as TEXT.* has no such column"),
        (with_amount(8, 2), r"of amount as DECIMAL\(9,2\).* has it as DECIMAL\(8,2\)"),
        (with_amount(9, 3), r"has it as DECIMAL\(9,3\): they would be lost"),
        (with_amount(9, 1), r"has it as DECIMAL\(9,1\)"),
        ((replace(tiny(4).columns[0], type=Text()), *tiny(4).columns[1:]), r"of id as UUID"),
        ((*tiny(4).columns, replace(NOTE, is_required=True)), "requires the column note"),
    ],
    ids=["column gone", "fewer digits", "before the point", "behind it", "other type", "required"],
)
def test_what_would_be_lost_is_refused_and_nothing_changed(
    filled: Warehouse, columns: Sequence[Column], says: str
) -> None:
    before = everything(filled)
    with pytest.raises(VersionRefused, match=says):
        prepare(filled, newer(columns=columns))
    assert everything(filled) == before
    assert prepare(filled, tiny(4)) == []


def test_a_required_column_that_came_before_the_contract_knew_it_is_taken(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    prepare(warehouse, tiny(4))
    path = tmp_path / "tiny_2025-01-01.csv"
    path.write_text("id,amount,side,note\n1,2,debit,hello\n")
    work = work_on(warehouse, tiny(4))
    register_named(work, [stat(path)], None)
    assert land_files(work).problems == []
    contract = newer(columns=(*tiny(4).columns, replace(NOTE, is_required=True)))
    prepare(warehouse, contract)
    assert validate(work_on(warehouse, contract)).problems == []
    with warehouse.transaction() as tx:
        assert one(tx.rows("SELECT note FROM validated.tiny")) == "hello"


def test_where_nothing_is_stored_a_contract_may_become_any_other(warehouse: Warehouse) -> None:
    prepare(warehouse, tiny(4))
    other = newer(columns=(replace(tiny(4).columns[0], type=Text()), NOTE), rules=())
    prepare(warehouse, other)
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT id, note FROM validated.tiny WHERE id = 'any text'") == []
