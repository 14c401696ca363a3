"""A warehouse of an older version keeps every row, and is then as if it had been made today.

`old/ledger_1.duckdb.zst` was made by version 0.1.0 before it knew Kafka, and
`old/ledger_2.postgres.sql.zst`, a dump, before it knew references: the files of
`tests.warehouse.worker`, brought up to date.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import zstandard

from tests.oracle import answered, places
from tests.postgres import Postgres
from tests.warehouse.audit import audit
from tests.warehouse.seen import arrived, everything, seen
from tests.warehouse.tiny import tiny, verdict_of
from tests.warehouse.worker import VERSION, model, warehouse_in
from txcat_assets.errors import VersionRefused
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse
from txcat_assets.warehouse.schema.migrations import MIGRATIONS
from txcat_assets.warehouse.schema.tables import prepare

OLD = Path(__file__).parents[1] / "old"

REASONS_INDEX = "CREATE INDEX tiny_reasons ON judged.tiny (_slice_id) WHERE _reasons IS NOT NULL"
"""What the versions up to change 14 of the ledger had beside this dump's indexes."""


def unpacked(name: str) -> bytes:
    """One of the stored warehouses."""
    return zstandard.ZstdDecompressor().decompress((OLD / name).read_bytes())


@pytest.fixture(params=["duckdb", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """A stored warehouse of each kind, as it was."""
    if request.param == "duckdb":
        (tmp_path / "warehouse.duckdb").write_bytes(unpacked("ledger_1.duckdb.zst"))
        yield warehouse_in(tmp_path)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        with psycopg.connect(url) as connection:
            connection.execute(unpacked("ledger_2.postgres.sql.zst"))
            connection.execute(REASONS_INDEX)
        yield PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)


@pytest.fixture
def new(old: Warehouse, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """A new warehouse of the same kind as the old one."""
    if old.kind == "duckdb":
        yield DuckDbWarehouse(tmp_path / "new.duckdb", wait_seconds=5)
        return
    with request.getfixturevalue("postgres").database() as url:
        yield PostgresWarehouse(url, wait_seconds=5, statement_seconds=60)


def columns(warehouse: Warehouse) -> set[tuple[Any, ...]]:
    """Every column of every table and view, with its type."""
    with warehouse.transaction() as tx:
        return set(
            tx.rows(
                "SELECT table_schema, table_name, column_name, data_type "
                "FROM information_schema.columns WHERE table_schema <> 'pg_catalog'"
            )
        )


def counts(tables: Mapping[str, list[tuple[Any, ...]]]) -> dict[str, int]:
    """How many rows each table has."""
    return {name: len(rows) for name, rows in tables.items()}


def test_an_old_warehouse_keeps_every_row(old: Warehouse) -> None:
    before = everything(old)
    prepare(old, tiny(VERSION))
    after = everything(old)
    grows = "ledger.migrations"
    kept = {name: number for name, number in counts(after).items() if name in before}
    assert kept | {grows: 0} == counts(before) | {grows: 0}
    assert counts(before)["raw.tiny"] == 9
    audit(old, tiny(VERSION))
    records = arrived(old, tiny(VERSION))
    at_rest = places(records, lambda record: verdict_of(VERSION, record))
    assert seen(old, tiny(VERSION)) == answered(at_rest, model().answer_to_content)


def indexes(warehouse: Warehouse) -> set[tuple[Any, ...]]:
    """Every index of a dataset's tables; on DuckDB they have none."""
    if warehouse.kind == "duckdb":
        return set()
    with warehouse.transaction() as tx:
        of_datasets = "schemaname NOT IN ('pg_catalog', 'ledger')"
        return set(tx.rows(f"SELECT indexname, indexdef FROM pg_indexes WHERE {of_datasets}"))


def test_it_is_then_as_if_it_had_been_made_today(old: Warehouse, new: Warehouse) -> None:
    for one in (old, new):
        prepare(one, tiny(VERSION))
    assert columns(old) == columns(new)
    assert indexes(old) == indexes(new)


def test_preparing_again_changes_nothing(old: Warehouse) -> None:
    prepare(old, tiny(VERSION))
    before = everything(old)
    prepare(old, tiny(VERSION))
    assert everything(old) == before


def test_a_newer_ledger_is_refused_and_left_alone(warehouse: Warehouse) -> None:
    prepare(warehouse, tiny(VERSION))
    newer = len(MIGRATIONS) + 1
    with warehouse.transaction() as tx:
        tx.run("INSERT INTO ledger.migrations VALUES ($number)", number=newer)
    before = everything(warehouse)
    with pytest.raises(VersionRefused, match="Install the newer txcat"):
        prepare(warehouse, tiny(VERSION))
    assert everything(warehouse) == before
