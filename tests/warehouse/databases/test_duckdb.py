"""What is DuckDB's alone: one file, opened briefly, by one process at a time."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Timer
from unittest.mock import Mock

import duckdb
import pytest

from tests.warehouse.worker import servers
from txcat_assets.errors import WarehouseBusy, WarehouseConflict, WarehouseRefused
from txcat_assets.warehouse.databases import duckdb_instance
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.duckdb_errors import translate
from txcat_assets.warehouse.databases.duckdb_locks import let_go_of_all


def _hold(path: Path, pipe: Connection) -> None:
    with DuckDbWarehouse(path, wait_seconds=5).transaction() as tx:
        tx.run("CREATE TABLE held AS SELECT 1 AS n")
        pipe.send("held")
        pipe.recv()


@pytest.fixture
def held_file(tmp_path: Path) -> Iterator[tuple[Path, Connection]]:
    """A file that another process holds until it is told to let go."""
    here, there = servers.Pipe()
    path = tmp_path / "held.duckdb"
    holder = servers.Process(target=_hold, args=(path, there))
    holder.start()
    assert here.recv() == "held"
    yield path, here
    holder.kill()
    holder.join()


def test_who_waits_in_vain_learns_which_file_is_held(held_file: tuple[Path, Connection]) -> None:
    path, _ = held_file
    busy = DuckDbWarehouse(path, wait_seconds=0.2)
    with pytest.raises(WarehouseBusy, match=str(path)), busy.transaction():
        pass


def test_who_waits_gets_its_turn(held_file: tuple[Path, Connection]) -> None:
    path, holder = held_file
    Timer(0.3, holder.send, ["let go"]).start()
    with DuckDbWarehouse(path, wait_seconds=10).transaction() as tx:
        assert tx.rows("SELECT n FROM held") == [(1,)]


def count_one(path: Path) -> None:
    with DuckDbWarehouse(path, wait_seconds=10).transaction() as tx:
        tx.run("CREATE TABLE IF NOT EXISTS counted (n INTEGER)")
        tx.run("INSERT INTO counted VALUES (1)")


def counted(path: Path) -> int:
    with DuckDbWarehouse(path, wait_seconds=10).transaction() as tx:
        return int(tx.rows("SELECT count(*) FROM counted")[0][0])


def test_transactions_that_follow_each_other_open_the_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = Mock(wraps=duckdb.connect)
    monkeypatch.setattr(duckdb, "connect", connect)
    monkeypatch.setattr(duckdb_instance, "KEPT_SECONDS", 5)
    for _ in range(10):
        count_one(tmp_path / "w.duckdb")
    assert connect.call_count == 1


def _count_for(path: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        count_one(path)


def test_who_waits_is_let_in_by_one_that_goes_on_without_a_pause(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    count_one(path)
    busy = servers.Process(target=_count_for, args=(path, 10))
    busy.start()
    time.sleep(1)
    for _ in range(3):
        assert counted(path)
        time.sleep(0.1)
    assert busy.is_alive()
    busy.kill()
    busy.join()


def test_the_file_is_free_for_others_soon_after_the_last_transaction(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    count_one(path)
    other = servers.Process(target=count_one, args=(path,))
    other.start()
    other.join()
    assert (other.exitcode, counted(path)) == (0, 2)


def test_a_file_that_took_the_place_of_another_is_opened_anew(tmp_path: Path) -> None:
    path, other = tmp_path / "w.duckdb", tmp_path / "other.duckdb"
    for _ in range(2):
        count_one(other)
    let_go_of_all()
    count_one(path)
    other.rename(path)
    assert counted(path) == 2


def test_a_fork_leaves_the_file_to_the_process_that_opened_it(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    count_one(path)
    forked = multiprocessing.get_context("fork").Process(target=count_one, args=(path,))
    forked.start()
    forked.join()
    assert (forked.exitcode, counted(path)) == (0, 2)


def _text(path: Path) -> None:
    path.write_bytes(b"no database" * 1_000)


def _empty(path: Path) -> None:
    path.touch()


def _folder(path: Path) -> None:
    path.mkdir()


def _made_below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


def _damaged(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS n FROM range(100_000)")
    stored = bytearray(path.read_bytes())
    stored[0x3000:] = bytes(byte ^ 0x55 for byte in stored[0x3000:])
    path.write_bytes(stored)


def _cut(path: Path) -> None:
    _damaged(path)
    path.write_bytes(path.read_bytes()[:0x5000])


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (_text, "move this one away"),
        (_empty, "move this one away"),
        (_folder, "Name another file"),
        (_made_below_a_file, "TXCAT_WAREHOUSE_URL"),
        (_damaged, "restore a backup"),
        (_cut, "restore a backup"),
    ],
)
def test_what_is_no_warehouse_is_told_at_once(
    tmp_path: Path, make: Callable[[Path], None], advice: str
) -> None:
    path = tmp_path / "a lock" / "no lock.duckdb"
    path.parent.mkdir()
    make(path)
    with pytest.raises(WarehouseRefused, match=advice), DuckDbWarehouse(path, 60).transaction():
        pass


def test_what_memory_cannot_hold_is_told(tmp_path: Path) -> None:
    too_much = (
        "SET memory_limit = '10MB'; SET max_temp_directory_size = '0KB'; "
        "CREATE TABLE t AS SELECT range::TEXT AS t FROM range(3_000_000) ORDER BY hash(t)"
    )
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb", 5)
    with pytest.raises(WarehouseRefused, match="more memory"), warehouse.transaction() as tx:
        tx.run(too_much)


def all_kinds(of: type[duckdb.Error]) -> Iterator[type[duckdb.Error]]:
    for kind in of.__subclasses__():
        yield kind
        yield from all_kinds(kind)


WORLD = {
    "TransactionException": WarehouseConflict,
    "IOException": WarehouseRefused,
    "HTTPException": WarehouseRefused,
    "PermissionException": WarehouseRefused,
    "OutOfMemoryException": WarehouseRefused,
    "SerializationException": WarehouseRefused,
    "FatalException": WarehouseRefused,
}
"""The errors for which the world is to blame."""

OWN_FAULT = {
    "BinderException", "CatalogException", "ConnectionException", "ConstraintException",
    "ConversionException", "DataError", "DatabaseError", "DependencyException", "IntegrityError",
    "InternalError", "InternalException", "InterruptException", "InvalidInputException",
    "InvalidTypeException", "NotImplementedException", "NotSupportedError", "OperationalError",
    "OutOfRangeException", "ParserException", "ProgrammingError", "SequenceException",
    "SyntaxException", "TypeMismatchException", "Warning",
}  # fmt: skip
"""Those that tell of a mistake in txcat's own SQL or data: left as they are, to be seen."""


@pytest.mark.parametrize("kind", sorted(set(all_kinds(duckdb.Error)), key=str))
def test_every_error_is_translated_on_purpose_or_left_on_purpose(kind: type[duckdb.Error]) -> None:
    expected = WORLD.get(kind.__name__)
    assert expected or kind.__name__ in OWN_FAULT, "nobody has thought of this class"
    assert type(translate(kind("why"), Path("w.duckdb"), "--to")) is (expected or type(None))
