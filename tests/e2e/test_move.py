"""A warehouse moves from DuckDB to PostgreSQL by one command and goes on; one forgets raw."""

from collections.abc import Iterator

import pytest

from tests.assets.records import sound
from tests.e2e.commands import CommandLine
from tests.postgres import Postgres
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import one

pytestmark = pytest.mark.slow


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    """A new database."""
    with postgres.database() as url:
        yield url


def test_a_warehouse_moves_and_goes_on(terminal: CommandLine, url: str) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(*range(1, 6)))
    assert terminal.txcat("load", ".").code == 0
    copied = terminal.txcat("copy", "--to", url)
    assert (copied.code, copied.err) == (0, "")
    assert "raw.transactions" in copied.out
    assert "Set TXCAT_WAREHOUSE_URL to it." in copied.out
    again = terminal.txcat("copy", "--to", url)
    assert (again.code, "Name an empty database" in again.err) == (1, True)
    terminal.set(TXCAT_WAREHOUSE_URL=url)
    assert "Up to date" in terminal.txcat("load", ".").out
    with connect(url, 5, 60).transaction() as tx:
        assert one(tx.rows("SELECT count(*) FROM categorized.transactions")) == 5


def test_what_landed_long_ago_is_forgotten_and_shown(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(*range(1, 6)))
    assert terminal.txcat("load", ".").code == 0
    assert (
        "transactions: the text of 0 records" in terminal.txcat("forget-raw", "--older-than", 1).out
    )
    gone = terminal.txcat("forget-raw", "--older-than", 0)
    assert (gone.code, "transactions: the text of 5 records" in gone.out) == (0, True)
    assert "frozen" in terminal.txcat("status").out
    assert terminal.txcat("check", "--day", "2025-01-03").code == 0
