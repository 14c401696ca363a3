"""Attacks by who has the password of a role: a reader that stops writers or fills the disk, say.

Line 10 of the attack list in docs/security.md. What else each role may not is in
`tests/warehouse/databases/test_roles.py`.
"""

from collections.abc import Iterator

import psycopg
import pytest

from tests.postgres import Postgres
from tests.warehouse.databases.roles import PASSWORD, Installation, installed
from tests.warehouse.tiny import tiny
from txcat_assets.errors import RightMissing, VersionRefused, WarehouseDown
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.migrations import newest_change
from txcat_assets.warehouse.schema.tables import prepare

HELD_UP = {
    "a lock that is waited for": "SELECT pg_advisory_lock(1)",
    "a lock of a transaction": "SELECT pg_advisory_xact_lock(1)",
    "a shared lock": "SELECT pg_advisory_lock_shared(1)",
    "a lock by two numbers": "SELECT pg_advisory_xact_lock_shared(1, 1)",
    "a lock that is only tried": "SELECT pg_try_advisory_lock(1)",
    "the lock of a table": "LOCK TABLE raw.tiny IN ROW EXCLUSIVE MODE",
    "locks of rows": "SELECT * FROM raw.tiny FOR SHARE",
}
FILLED = {
    "a large object": "SELECT lo_from_bytea(0, 'x')",
    "an empty large object": "SELECT lo_create(0)",
    "one that is written": "SELECT lowrite(0, 'x')",
    "one that is put": "SELECT lo_put(1, 0, 'x')",
    "a temporary table": "CREATE TEMP TABLE mine AS SELECT 1",
    "a table": "CREATE TABLE public.mine (n INTEGER)",
    "more temporary files": "SET temp_file_limit = -1",
}
ESCALATED = {
    "another role": "SET ROLE txcat_owner",
    "a program": "COPY (SELECT 1) TO PROGRAM 'true'",
    "a file": "SELECT pg_read_file('/etc/passwd')",
    "passwords": "SELECT * FROM pg_authid",
    "its own limit": "ALTER ROLE txcat_reader CONNECTION LIMIT -1",
}


@pytest.fixture
def installation(postgres: Postgres) -> Iterator[Installation]:
    with installed(postgres) as made:
        yield made


@pytest.mark.parametrize("statement", (HELD_UP | FILLED | ESCALATED).values())
def test_a_reader_can_neither_stop_writers_nor_fill_the_disk_nor_become_another(
    installation: Installation, statement: str
) -> None:
    prepare(installation.as_("owner"), tiny(1))
    with pytest.raises(RightMissing), installation.as_("reader").transaction() as tx:
        tx.run(statement)


@pytest.mark.parametrize("statement", (FILLED | ESCALATED).values())
def test_a_writer_makes_no_large_object_and_becomes_nobody_else(
    installation: Installation, statement: str
) -> None:
    if "TEMP TABLE" in statement:
        return  # its work needs them
    with pytest.raises(RightMissing), installation.as_("writer").transaction() as tx:
        tx.run(statement)


def test_a_reader_has_so_many_connections_and_the_writers_theirs(
    installation: Installation,
) -> None:
    prepare(installation.as_("owner"), tiny(1))
    name = installation.url.rpartition("/")[2]
    url = installation.postgres.url_of(name, user="txcat_reader", password=PASSWORD)
    opened: list[psycopg.Connection] = []
    try:
        opened.extend(psycopg.connect(url) for _ in range(20))
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            psycopg.connect(url)
        with pytest.raises(WarehouseDown), installation.as_("reader").transaction():
            pass
        with installation.as_("writer").transaction() as tx:
            tx.lock("tiny")
    finally:
        for connection in opened:
            connection.close()


@pytest.mark.parametrize("statement", ["DELETE FROM", "INSERT INTO", "UPDATE"])
def test_a_writer_does_not_touch_what_numbers_the_ledgers_changes(
    installation: Installation, statement: str
) -> None:
    prepare(installation.as_("owner"), tiny(1))
    installation.run_script()  # which grants what was made before it
    rest = {"INSERT INTO": "VALUES (99)", "UPDATE": "SET number = 99"}.get(statement, "")
    with pytest.raises(RightMissing), installation.as_("writer").transaction() as tx:
        tx.run(f"{statement} ledger.migrations {rest}")
    assert prepare(installation.as_("writer"), tiny(1)) == []


@pytest.mark.parametrize("deleted", ["true", "number = 3"])
def test_a_ledger_whose_numbers_were_deleted_is_refused_in_words(
    warehouse: DuckDbWarehouse, deleted: str
) -> None:
    prepare(warehouse, tiny(1))
    with warehouse.transaction() as tx:
        tx.run(f"DELETE FROM ledger.migrations WHERE {deleted}")
    assert_refused(warehouse)


def assert_refused(warehouse: Warehouse) -> None:
    with pytest.raises(VersionRefused, match="somebody has deleted some"):
        prepare(warehouse, tiny(1))
    with pytest.raises(VersionRefused), warehouse.transaction() as tx:
        newest_change(tx)
