"""`txcat upgrade`: says what it made, changes nothing when run again, and two at once are safe."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import zstandard

from tests.e2e.commands import BIN, CommandLine
from tests.postgres import Postgres
from tests.warehouse.seen import everything
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.connect import connect

OLD = Path(__file__).parents[1] / "warehouse" / "old"


def unpacked(name: str) -> bytes:
    return zstandard.ZstdDecompressor().decompress((OLD / name).read_bytes())


@pytest.fixture(params=["duckdb", "postgres"])
def url(
    request: pytest.FixtureRequest, bare_terminal: CommandLine, tmp_path: Path
) -> Iterator[str]:
    """A new warehouse of each kind, which the terminal's commands use."""
    if request.param == "duckdb":
        bare_terminal.set(TXCAT_WAREHOUSE_URL=f"duckdb:///{tmp_path}/warehouse.duckdb")
        yield bare_terminal.settings["TXCAT_WAREHOUSE_URL"]
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        bare_terminal.set(TXCAT_WAREHOUSE_URL=url)
        yield url


def fill_with_an_old_one(url: str) -> None:
    """Let the new warehouse be one of an older version, with records."""
    if url.startswith("duckdb"):
        Path(url.removeprefix("duckdb:///")).write_bytes(unpacked("ledger_1.duckdb.zst"))
        return
    with psycopg.connect(url) as connection:
        connection.execute(unpacked("ledger_2.postgres.sql.zst"))


def test_it_says_what_it_made_and_then_makes_nothing(bare_terminal: CommandLine, url: str) -> None:
    first, again = bare_terminal.txcat("upgrade"), bare_terminal.txcat("upgrade")
    assert "ledger: change 1\nledger: change 2\n" in first.out
    assert "transactions: tables by version 1 of its contract" in first.out
    assert again.out == f"{connect(url, 5, 60).place} is up to date.\n"
    assert (first.code, first.err, again.code, again.err) == (0, "", 0, "")


@pytest.mark.slow
@pytest.mark.parametrize("is_old", [False, True], ids=["new", "old"])
def test_two_at_once_make_what_one_makes(
    bare_terminal: CommandLine, url: str, is_old: bool
) -> None:
    if is_old:
        fill_with_an_old_one(url)
    both = [start(bare_terminal) for _ in range(2)]
    said = [one.communicate(timeout=120) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    warehouse = connect(url, 5, 60)
    made = [out.count(": tables by version") for out, _ in said]
    assert sum(made) == len(all_contracts()), "each was made once"
    rows = {name: len(rows) for name, rows in everything(warehouse).items()}
    assert rows["raw.transactions"] == 0
    assert not is_old or rows["raw.tiny"] == 9


def start(terminal: CommandLine) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [BIN / "txcat", "upgrade"],
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
