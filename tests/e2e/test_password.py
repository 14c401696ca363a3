"""The password of the warehouse shows nowhere: on no screen, in no log, in nothing of the UI."""

from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.assets.records import sound
from tests.e2e.commands import CommandLine
from tests.postgres import Postgres

pytestmark = pytest.mark.slow


@pytest.fixture
def url(terminal: CommandLine, postgres: Postgres) -> Iterator[str]:
    """A warehouse on PostgreSQL, whose password stands in its URL."""
    with postgres.database() as url:
        terminal.set(TXCAT_WAREHOUSE_URL=url)
        yield url


def test_no_command_and_nothing_that_dagster_keeps_tells_the_password(
    terminal: CommandLine, url: str
) -> None:
    password = str(conninfo_to_dict(url)["password"])
    terminal.put("transactions_2025-01-03.csv", sound(1, 2, 3))
    said = [terminal.txcat(*command) for command in (["load", "."], ["status"], ["upgrade"])]
    assert [one.code for one in said] == [0, 0, 0]
    terminal.set(TXCAT_WAREHOUSE_URL=url.replace("/txcat_", "/not_there_"))
    said += [terminal.txcat("load", "."), terminal.txcat("status")]
    assert [one.code for one in said[3:]] == [1, 1]
    assert "correct TXCAT_WAREHOUSE_URL" in said[4].err
    kept = [path.read_bytes() for path in terminal.folder.rglob("*") if path.is_file()]
    texts = [f"{one.out}{one.err}".encode() for one in said] + kept
    assert not [text for text in texts if password.encode() in text]
    assert any(b"@127.0.0.1" in text for text in kept), "where the tables are is shown"
