"""The names that contracts may use are those that both databases take without quotes."""

import duckdb
import psycopg
import pytest

from tests.postgres import Postgres
from txcat_assets.contracts.names import SQL_WORDS
from txcat_assets.warehouse.databases.interface import Warehouse


def test_no_word_that_duckdb_keeps_can_name_a_schema() -> None:
    found = duckdb.sql(
        "SELECT keyword_name FROM duckdb_keywords() "
        "WHERE keyword_category IN ('reserved', 'type_function')"
    ).fetchall()
    refused = {word for (word,) in found if _is_refused(word)}
    assert refused
    assert refused <= SQL_WORDS


def test_no_word_that_postgresql_keeps_can_name_a_schema(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url) as connection:
        found = connection.execute("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')")
        assert {word for (word,) in found} <= SQL_WORDS


@pytest.mark.parametrize("dataset", ["order", "user", "select"])
def test_a_dataset_may_be_called_by_a_word_of_sql(warehouse: Warehouse, dataset: str) -> None:
    with warehouse.transaction() as tx:
        tx.run("CREATE SCHEMA raw")
        tx.run(f"CREATE TABLE raw.{dataset} (n INTEGER)")
        tx.run(f"INSERT INTO raw.{dataset} (n) VALUES (1)")
        tx.run(f"UPDATE raw.{dataset} t SET n = 2 WHERE t.n = 1")
        assert tx.rows(f"SELECT t.n FROM raw.{dataset} t") == [(2,)]


def _is_refused(word: str) -> bool:
    try:
        with duckdb.connect() as connection:
            connection.execute(f"CREATE SCHEMA {word}")
            connection.execute(f"CREATE TABLE {word}.t (n INTEGER)")
            connection.execute(f"SELECT * FROM {word}.t")
    except duckdb.ParserException:
        return True
    return False
