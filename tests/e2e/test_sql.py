"""`txcat sql`: tables, CSV and JSON of one's own, and no way to change anything."""

import json

import pytest

from tests.e2e.commands import CommandLine

ODD = "SELECT 1 AS n, 12.50::DECIMAL(18,2) AS amount, NULL AS none, 'a\x1b[31m\u202e' AS text"


@pytest.fixture
def filled(terminal: CommandLine) -> CommandLine:
    """A warehouse with one table."""
    with terminal.warehouse.transaction() as tx:
        tx.run("CREATE SCHEMA told")
        tx.run("CREATE TABLE told.n AS SELECT range AS n, range % 2 = 0 AS even FROM range(250)")
    return terminal


def test_people_get_a_table_of_the_first_rows(filled: CommandLine) -> None:
    said = filled.txcat("sql", "SELECT n, even FROM told.n ORDER BY n")
    assert said.code == 0
    assert "99 │ False" in said.out
    assert "first 100 rows" in said.err


def test_a_spreadsheet_gets_csv(filled: CommandLine) -> None:
    said = filled.txcat("sql", "--format", "csv", "SELECT * FROM told.n ORDER BY n")
    assert said.out.splitlines()[:2] == ["n,even", "0,True"]
    assert len(said.out.splitlines()) == 251


def test_a_program_gets_json_with_money_as_it_is(filled: CommandLine) -> None:
    said = filled.txcat("sql", "--format", "json", ODD)
    assert json.loads(said.out) == [
        {"n": 1, "amount": "12.50", "none": None, "text": "a\x1b[31m\u202e"}
    ]
    assert "\x1b" not in said.out


def test_nothing_can_be_changed(filled: CommandLine) -> None:
    said = filled.txcat("sql", "DELETE FROM told.n")
    assert said.code == 1
    assert "read-only" in said.err
    assert filled.rows("SELECT count(*) FROM told.n") == [(250,)]
