"""The tables made from contracts, and the versions that may write to them."""

from dataclasses import replace

import duckdb
import psycopg
import pytest

from tests.warehouse.seen import everything
from tests.warehouse.tiny import START, tiny
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import VersionRefused
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.contract_versions import require_version
from txcat_assets.warehouse.schema.tables import prepare


def test_preparing_twice_changes_nothing(warehouse: Warehouse) -> None:
    prepare(warehouse, tiny(1))
    before = everything(warehouse)
    prepare(warehouse, tiny(1))
    assert everything(warehouse) == before


def test_every_contract_becomes_tables(warehouse: Warehouse) -> None:
    for known in all_contracts().values():
        prepare(warehouse, known)
        with warehouse.transaction() as tx:
            for schema in ("raw", "validated", "quarantined", *(s.name for s in known.stages)):
                assert tx.rows(f"SELECT * FROM {schema}.{known.dataset}") == []


def test_code_older_than_the_warehouse_is_refused(warehouse: Warehouse) -> None:
    prepare(warehouse, tiny(2))
    with pytest.raises(VersionRefused, match=r"version 2, this code has version 1"):
        prepare(warehouse, tiny(1))
    with warehouse.transaction() as tx, pytest.raises(VersionRefused):
        require_version(tx, tiny(1))


def test_another_contract_under_the_same_version_is_refused(warehouse: Warehouse) -> None:
    prepare(warehouse, tiny(1))
    other = replace(tiny(1), columns=tiny(1).columns[:2])
    with pytest.raises(VersionRefused, match="Raise `version`"):
        prepare(warehouse, other)


def test_a_newer_contract_takes_over(warehouse: Warehouse) -> None:
    prepare(warehouse, tiny(1))
    prepare(warehouse, tiny(2))
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT version FROM ledger.contracts") == [(2,)]


@pytest.mark.parametrize(
    "broken",
    [
        *("unjudged = 4", "validated = 1", "unjudged = -1, validated = 4", "landed = 2"),
        *("discarded = 1", "replaced = 1", "discarded = -1, replaced = 1"),
    ],
)
def test_the_database_refuses_to_break_conservation(warehouse: Warehouse, broken: str) -> None:
    prepare(warehouse, tiny(1))
    with warehouse.transaction() as tx:
        tx.run(
            'INSERT INTO ledger.slices (slice_id, dataset, object_id, "start", "end", day, '
            "landed_at, run_id, landed, unjudged) VALUES (1, 'tiny', 1, 0, 3, $at, $at, 'r', 3, 3)",
            at=START,
        )
    refused = (duckdb.ConstraintException, psycopg.errors.CheckViolation)
    with pytest.raises(refused), warehouse.transaction() as tx:
        tx.run(f"UPDATE ledger.slices SET {broken}")
