"""What a person asks by SQL is answered in its turn, and can change, reach and hold up nothing."""

from collections.abc import Callable
from pathlib import Path
from threading import Timer

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.warehouse.worker import Sites, servers, url_in, warehouse_in
from txcat_assets.errors import QueryRefused, TxcatError, WarehouseBusy, WarehouseRefused
from txcat_assets.warehouse.connect import open_reader
from txcat_assets.warehouse.databases.reader import Answer

Ask = Callable[[str], Answer]


@pytest.fixture
def place(sites: Sites) -> Path:
    """A folder whose warehouse has a small table."""
    folder = sites.new()
    with warehouse_in(folder).transaction() as tx:
        tx.run("CREATE SCHEMA told")
        tx.run("CREATE TABLE told.n AS SELECT g AS n FROM generate_series(1, 5) AS t(g)")
    return folder


@pytest.fixture
def ask(place: Path) -> Ask:
    """All rows of a query."""
    reader = open_reader(url_in(place), wait_seconds=5, query_seconds=5)
    return lambda sql: reader.answer(sql, None)


def test_a_query_is_answered(ask: Ask) -> None:
    found = ask("SELECT n, 'x%y' AS text FROM told.n WHERE n < 3 ORDER BY n;")
    assert found == Answer(["n", "text"], [(1, "x%y"), (2, "x%y")])


def test_no_more_rows_are_fetched_than_are_wanted(place: Path) -> None:
    reader = open_reader(url_in(place), 5, 5)
    found = reader.answer("SELECT n FROM told.n ORDER BY n", 2)
    assert (found.rows, found.has_more) == ([(1,), (2,)], True)
    assert not reader.answer("SELECT n FROM told.n", 5).has_more


WRITES = [
    "DELETE FROM told.n",
    "INSERT INTO told.n VALUES (6)",
    "CREATE TABLE told.m (n INT)",
    "DROP TABLE told.n",
    "SELECT 1; DELETE FROM told.n",
    "SELECT 1; COMMIT; DELETE FROM told.n",
    "COMMIT; BEGIN READ WRITE; DELETE FROM told.n; COMMIT",
    "WITH gone AS (DELETE FROM told.n RETURNING n) SELECT * FROM gone",
]
OTHER_FILES = [
    "COPY told.n TO '{file}'",
    "SELECT 1; COPY told.n TO '{file}'",
    "ATTACH '{file}' AS other",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM '/etc/hostname'",
    "SET enable_external_access = true",
    "INSTALL httpfs",
    "LOAD '{file}'",
    "EXPORT DATABASE '{file}'",
]
NO_QUERIES = ["", ";", "SELEC 1", "SELECT * FROM told.nothing", "SELECT 1 +"]


@pytest.mark.parametrize("sql", [*WRITES, *OTHER_FILES, *NO_QUERIES])
def test_what_is_more_than_a_query_is_refused_and_does_nothing(
    ask: Ask, sql: str, tmp_path: Path
) -> None:
    file = tmp_path / "made by sql"
    with pytest.raises(QueryRefused, match="cannot be answered"):
        ask(sql.format(file=file))
    assert not file.exists()
    assert ask("SELECT count(*) FROM told.n").rows == [(5,)]


def test_a_query_that_takes_long_is_ended(place: Path) -> None:
    reader = open_reader(url_in(place), wait_seconds=5, query_seconds=0.3)
    many = "generate_series(1, 100000)"
    with pytest.raises(QueryRefused, match="--seconds"):
        reader.answer(f"SELECT sum(a.n * b.n) FROM {many} AS a(n), {many} AS b(n)", None)


def _hold(folder: Path, pipe: object) -> None:
    with warehouse_in(folder).transaction() as tx:
        tx.run("UPDATE told.n SET n = n + 1")
        pipe.send("held")  # type: ignore[attr-defined]
        pipe.recv()  # type: ignore[attr-defined]


def test_a_reader_waits_for_its_turn(place: Path) -> None:
    here, there = servers.Pipe()
    holder = servers.Process(target=_hold, args=(place, there))
    holder.start()
    assert here.recv() == "held"
    count = "SELECT count(*) FROM told.n"
    if url_in(place).startswith("duckdb"):
        with pytest.raises(WarehouseBusy):
            open_reader(url_in(place), wait_seconds=0.2, query_seconds=5).answer(count, None)
    Timer(0.3, here.send, ["let go"]).start()
    assert open_reader(url_in(place), 20, 20).answer(count, None).rows == [(5,)]
    holder.join()


def test_a_warehouse_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.duckdb"
    with pytest.raises(WarehouseRefused, match="txcat load"):
        open_reader(f"duckdb:///{path}", 5, 5).answer("SELECT 1", None)
    assert not path.exists()


def test_a_server_that_does_not_answer_is_told() -> None:
    with pytest.raises(TxcatError, match="TXCAT_WAREHOUSE_URL"):
        open_reader("postgresql://ann@127.0.0.1:1/db", 5, 5).answer("SELECT 1", None)


EVERY_TYPE = """
SELECT n, CAST(n AS BIGINT) AS whole, CAST(n + 0.25 AS DECIMAL(18,2)) AS money,
CAST('00000000-0000-0000-0000-00000000000a' AS UUID) AS id, n > 1 AS flag,
CAST('2025-05-01' AS DATE) AS day, CAST('2025-05-01 10:00:00.000001' AS TIMESTAMP) AS moment,
CASE WHEN n > 1 THEN 'a, "b"' END AS words, ARRAY['one_code', 'other'] AS codes,
CASE WHEN n > 1 THEN CAST(n + 0.5 AS DECIMAL(9,1)) END AS maybe
FROM told.n WHERE n < {below} ORDER BY n
"""


@pytest.mark.parametrize("below", [0, 3])
def test_a_page_has_what_frames_have_in_the_same_types(place: Path, below: int) -> None:
    sql = EVERY_TYPE.format(below=below)
    with open_reader(url_in(place), wait_seconds=5, query_seconds=5).reading() as tx:
        assert_frame_equal(tx.page(sql), pl.concat(tx.frames(sql)))
        summed = f"SELECT sum(money) AS money FROM ({sql}) AS q"
        assert_frame_equal(tx.page(summed), pl.concat(tx.frames(summed)))
