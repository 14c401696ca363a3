"""What every warehouse promises of its transactions, whichever database is behind it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Context, Decimal
from uuid import UUID

import duckdb
import polars as pl
import psycopg
import pytest

from txcat_assets.warehouse.databases.interface import Warehouse, one


@pytest.fixture(autouse=True)
def schema(warehouse: Warehouse) -> None:
    """A place for the tables of these tests; no database is asked to guess one."""
    with warehouse.transaction() as tx:
        tx.run("CREATE SCHEMA t")


def make_numbers(warehouse: Warehouse, rows: int = 0) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE t.numbers (n BIGINT)")
        tx.append("t.numbers", pl.DataFrame({"n": range(rows)}, schema={"n": pl.Int64}))


@pytest.mark.parametrize("rows", [1, 2, 200])
def test_an_offered_frame_can_be_joined_whatever_its_size(warehouse: Warehouse, rows: int) -> None:
    frame = pl.DataFrame(
        {"n": range(rows), "words": [f"more than twelve letters {n}" for n in range(rows)]}
    )
    make_numbers(warehouse, 10_000)
    with warehouse.transaction() as tx:
        tx.offer("offered", frame)
        joined = tx.rows("SELECT o.words FROM t.numbers v JOIN offered o ON v.n = o.n ORDER BY v.n")
    assert [words for (words,) in joined] == frame["words"].to_list()


def insert_and_fail(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("INSERT INTO t.numbers VALUES (1)")
        tx.run("INSERT INTO t.no_such_table VALUES (1)")


def test_a_block_that_raises_leaves_nothing(warehouse: Warehouse) -> None:
    make_numbers(warehouse)
    with pytest.raises((duckdb.CatalogException, psycopg.errors.UndefinedTable)):
        insert_and_fail(warehouse)
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT * FROM t.numbers") == []


def test_threads_of_one_process_write_at_the_same_time(warehouse: Warehouse) -> None:
    make_numbers(warehouse)

    def insert(n: int) -> None:
        with warehouse.transaction() as tx:
            tx.run("INSERT INTO t.numbers VALUES ($n)", n=n)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(insert, range(200)))
    with warehouse.transaction() as tx:
        assert one(tx.rows("SELECT count(DISTINCT n) FROM t.numbers")) == 200


def test_a_frame_keeps_its_order_and_types_through_a_table(warehouse: Warehouse) -> None:
    offered = pl.DataFrame(
        {
            "n": range(300_000),
            "amount": pl.Series(range(300_000)).cast(pl.Decimal(18, 2)),
            "reasons": [["a", "b"]] * 300_000,
        }
    )
    with warehouse.transaction() as tx:
        tx.offer("offered", offered)
        tx.run("CREATE TABLE t.stored AS SELECT * FROM offered")
    with warehouse.transaction() as tx:
        assert tx.frame("SELECT * FROM t.stored ORDER BY n").equals(offered)


def test_changed_says_how_many_rows_were_touched(warehouse: Warehouse) -> None:
    make_numbers(warehouse, 10)
    with warehouse.transaction() as tx:
        assert tx.changed("UPDATE t.numbers SET n = n WHERE n < $limit", limit=3) == 3
        assert tx.changed("DELETE FROM t.numbers WHERE n > 100") == 0


def test_an_appended_frame_keeps_every_value(warehouse: Warehouse) -> None:
    """Nothing, no text, bytes of all kinds, quotes and line ends, the edges of time and money."""
    frame = pl.DataFrame(
        {
            "n": [1, 2, 3],
            "words": ["", None, 'a "quoted"\r\n, \\N \\x41 {é}'],
            "raw": [b"", None, bytes(range(256))],
            "codes": [[], None, ["a_b", "c"]],
            "moment": [datetime.min, None, datetime(9999, 12, 31, 23, 59, 59, 999_999)],  # noqa: DTZ001, DTZ901
            "day": [date.min, None, date.max],
            "amount": [Decimal("-9999999999999999.99"), None, Decimal("0.01")],
        },
        schema_overrides={"amount": pl.Decimal(18, 2)},
    )
    with warehouse.transaction() as tx:
        tx.run(
            "CREATE TABLE t.kept (n BIGINT, words TEXT, raw BYTEA, codes TEXT[], moment TIMESTAMP, "
            "day DATE, amount DECIMAL(18,2))"
        )
        tx.append("t.kept", frame)
    with warehouse.transaction() as tx:
        kept = tx.frame("SELECT * FROM t.kept ORDER BY n")
    assert kept.rows() == frame.rows()
    assert kept.schema == frame.schema


@pytest.mark.parametrize(("precision", "scale"), [(18, 2), (18, 4), (38, 0), (38, 37), (9, 9)])
def test_money_and_ids_of_all_kinds_are_kept(
    warehouse: Warehouse, precision: int, scale: int
) -> None:
    """Each power of ten, its neighbours and their negatives; ids of all zeros to all ones."""
    powers = [10**n + step for n in range(precision) for step in (-1, 0, 1)]
    units = [sign * n for n in powers if n < 10**precision for sign in (1, -1)]
    exact = Context(prec=precision)
    frame = pl.DataFrame(
        {
            "n": range(len(units)),
            "money": [Decimal(unit).scaleb(-scale, exact) for unit in units],
            "id": [str(UUID(int=abs(unit) * 7 % 2**128)) for unit in units],
        },
        schema_overrides={"money": pl.Decimal(precision, scale)},
    )
    with warehouse.transaction() as tx:
        money = f"DECIMAL({precision}, {scale})"
        tx.run(f"CREATE TABLE t.kept (n BIGINT, money {money}, id UUID, nothing UUID)")
        tx.append("t.kept", frame.with_columns(nothing=None), key="id")
        kept = tx.frame("SELECT n, money, id FROM t.kept WHERE nothing IS NULL ORDER BY n")
    assert kept.rows() == frame.rows()


@pytest.mark.parametrize("number", [1, 10_000])
def test_few_and_many_values_are_found_among_others(warehouse: Warehouse, number: int) -> None:
    make_numbers(warehouse, 20_000)
    with warehouse.transaction() as tx:
        tx.run("CREATE INDEX numbers_n ON t.numbers (n)")
        tx.offer("wanted", pl.DataFrame({"n": range(0, 2 * number, 2)}))
        among = tx.among("n", "SELECT w.n FROM wanted w")
        assert one(tx.rows(f"SELECT count(*) FROM t.numbers WHERE {among}")) == number


def test_a_column_of_nothing_and_of_no_text_keeps_both(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE t.words (word TEXT)")
        tx.append("t.words", pl.DataFrame({"word": [None, "", "x", None]}))
        words = [word for (word,) in tx.rows("SELECT word FROM t.words")]
        assert tx.frame("SELECT word FROM t.words")["word"].to_list() == words
    assert sorted(words, key=str) == ["", None, None, "x"]


def test_a_sum_of_money_is_exact(warehouse: Warehouse) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE TABLE t.money (amount DECIMAL(18,2))")
        tx.append("t.money", pl.DataFrame({"amount": [Decimal("9999999999999999.99")] * 3}))
        total = tx.frame("SELECT sum(amount) AS total FROM t.money")["total"].to_list()
    assert total == [Decimal("29999999999999999.97")]


def test_a_value_is_never_taken_for_sql(warehouse: Warehouse) -> None:
    words = "'; DROP SCHEMA t; -- $n %s %(n)s %%"
    with warehouse.transaction() as tx:
        assert tx.rows("SELECT $words, 100 % 7 WHERE $words LIKE '%;%'", words=words) == [
            (words, 2)
        ]
