"""A copied warehouse is the same: equal tables, nothing left to do, what comes arrives behind."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import SteppedWarehouse
from tests.postgres import Postgres
from tests.warehouse.audit import audit
from tests.warehouse.pair import sales, shops, update_totals
from tests.warehouse.seen import everything
from tests.warehouse.tiny import DAYS, land_lines, tiny, work_on
from tests.warehouse.worker import VERSION, bring_up_to_date, write_files
from txcat_assets.errors import CopyRefused
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse import copying
from txcat_assets.warehouse.copying import copy_warehouse
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse
from txcat_assets.warehouse.schema.tables import prepare

CONTRACT = tiny(VERSION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files that were brought up to date."""
    (made := tmp_path / "files").mkdir()
    write_files(made)
    return made


@pytest.fixture
def filled(warehouse: Warehouse, folder: Path) -> Warehouse:
    """A warehouse of each kind with records in every table that a file can fill."""
    assert bring_up_to_date(warehouse, folder) == []
    land_lines(work_on(warehouse, CONTRACT), folder, f"{DAYS[2]}_more", "7,2,debit", "8,2")
    return warehouse


@pytest.fixture
def target(
    warehouse: Warehouse, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Warehouse]:
    """An empty warehouse of the other kind."""
    if warehouse.kind == "postgres":
        yield DuckDbWarehouse(tmp_path / "copy.duckdb", wait_seconds=5)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)


def copy(source: Warehouse, target: Warehouse) -> dict[str, int]:
    """Copy, in chunks of two rows: how many rows each table has."""
    counts: dict[str, int] = {}
    copy_warehouse(source, target, [CONTRACT], counts.__setitem__)
    return counts


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table of more than a slice is cut."""
    monkeypatch.setattr(copying, "CHUNK_ROWS", 2)


def test_the_copy_is_equal_and_has_nothing_left_to_do(
    filled: Warehouse, target: Warehouse, folder: Path
) -> None:
    counts = copy(filled, target)
    assert everything(target) == everything(filled)
    assert counts == {
        name: len(rows)
        for name, rows in everything(filled).items()
        if name not in copying.MADE_ALIKE
    }
    audit(target, CONTRACT)
    for one in (filled, target):
        assert bring_up_to_date(one, folder) == []
    before = everything(target)
    assert bring_up_to_date(target, folder) == []
    assert everything(target) == before


def test_what_comes_to_the_copy_arrives_behind_all_that_came_before(
    filled: Warehouse, target: Warehouse, tmp_path: Path
) -> None:
    copy(filled, target)
    known = {row[0] for row in everything(target)["ledger.objects"]}
    land_lines(work_on(target, CONTRACT), tmp_path, f"{DAYS[2]}_new", "9,2,debit")
    (new,) = {row[0] for row in everything(target)["ledger.objects"]} - known
    assert new == max(known) + 1


def test_a_copy_that_is_cut_short_leaves_nothing_and_is_made_again(
    filled: Warehouse, target: Warehouse
) -> None:
    prepare(target, CONTRACT)
    empty = everything(target)
    for step in (5, 25, 45):
        with pytest.raises(ZeroDivisionError):
            copy(filled, SteppedWarehouse(target, failing_at(step)))
        assert everything(target) == empty
    copy(filled, target)
    assert everything(target) == everything(filled)


def failing_at(last: int) -> Callable[[], None]:
    steps = iter(range(last))

    def step() -> None:
        if next(steps, None) is None:
            raise ZeroDivisionError

    return step


def test_a_warehouse_with_rows_is_no_target(filled: Warehouse, target: Warehouse) -> None:
    copy(filled, target)
    before = everything(target)
    with pytest.raises(CopyRefused, match=r"holds rows already, in .*raw\.tiny.* an empty"):
        copy(filled, target)
    assert everything(target) == before


def test_a_dataset_without_a_contract_is_not_left_behind(
    filled: Warehouse, target: Warehouse
) -> None:
    prepare(filled, replace(CONTRACT, dataset="gone"))
    with pytest.raises(CopyRefused, match=r"room for all that is in .*judged\.gone, .*raw\.gone"):
        copy(filled, target)


def test_a_source_that_grows_meanwhile_is_noticed(postgres: Postgres, tmp_path: Path) -> None:
    target = DuckDbWarehouse(tmp_path / "copy.duckdb", wait_seconds=5)
    with postgres.database() as url:
        source = PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)
        prepare(source, CONTRACT)
        starts = iter(range(1000))

        def accept_a_gap() -> None:
            with source.transaction() as tx:
                tx.run(
                    "INSERT INTO ledger.gaps VALUES (1, $start, NULL, 'who', 'why', now())",
                    start=next(starts),
                )

        with pytest.raises(CopyRefused, match=r"ledger\.gaps has \d+ rows .* Stop all runs"):
            copy(source, SteppedWarehouse(target, accept_a_gap))


def test_marts_and_what_is_noted_for_them_are_copied(
    warehouse: Warehouse, target: Warehouse, tmp_path: Path
) -> None:
    prepare(warehouse, sales(1))
    there, work = work_on(warehouse, shops(1)), work_on(warehouse, sales(1))
    land_lines(there, tmp_path, str(DAYS[0]), "a,2")
    validate(there)
    land_lines(work, tmp_path, str(DAYS[0]), "1,2,a,", "2,3,a,")
    validate(work)
    update_totals(work)
    land_lines(work, tmp_path, str(DAYS[1]), "3,3,a,")
    validate(work)
    copy_warehouse(warehouse, target, [shops(1), sales(1)], lambda *_: None)
    assert everything(target) == everything(warehouse)
    with target.transaction() as tx:
        ((newest,),) = tx.rows("SELECT max(id) FROM ledger.touched")
        assert tx.rows("SELECT nextval('ledger.note')") == [(newest + 1,)]
