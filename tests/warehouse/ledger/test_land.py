"""Landing files: each position once, whatever happens to the files and to the process."""

import errno
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.fakes import SteppedWarehouse
from tests.warehouse.audit import audit
from tests.warehouse.seen import arrived, everything
from tests.warehouse.tiny import DAYS, START, land_lines, tiny, work_on, write_file
from txcat_assets.errors import WarehouseBusy, WarehouseRefused
from txcat_assets.sources.files import records as reading
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages import land as landing
from txcat_assets.stages.arrivals import ReadAs, register_named
from txcat_assets.stages.land import Landed, land_files
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.objects import files_to_land
from txcat_assets.warehouse.ledger.slices import Landing, Run, land
from txcat_assets.warehouse.schema.tables import prepare

SIX = [f"{key},1,debit" for key in range(6)]


class Interrupted(BaseException):
    """The process ends here."""


@pytest.fixture
def work(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(reading, "SLICE_RECORDS", 2)
    prepare(warehouse, tiny(1))
    return work_on(warehouse, tiny(1))


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def states(work: Work) -> list[tuple[Any, ...]]:
    return rows(work, "SELECT state, next FROM ledger.objects ORDER BY object_id")


def half_landed(work: Work, path: Path) -> None:
    """Land two of the file's slices, then be interrupted as the third one begins."""

    def interrupt() -> None:
        if rows(work, "SELECT count(*) FROM ledger.slices") == [(2,)]:
            raise Interrupted

    register_named(work, [stat(path)], None)
    stepped = SteppedWarehouse(work.warehouse, interrupt)
    with pytest.raises(Interrupted):
        land_files(work_on(stepped, work.contract))
    assert states(work)[0] == ("landing", 4)


def land_all(work: Work, *paths: Path) -> Landed:
    register_named(work, [stat(path) for path in paths], None)
    landed = land_files(work)
    audit(work.warehouse, work.contract)
    return landed


def ids(work: Work) -> list[str | None]:
    return [record.texts[0] for record in sorted(arrived(work.warehouse, work.contract), key=at)]


def at(record: Any) -> Any:
    return record.at


def test_a_file_goes_on_where_it_was_interrupted(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    half_landed(work, path)
    assert land_all(work, path).records == 2
    assert ids(work) == list("012345")
    assert states(work) == [("landed", 6)]


def test_landing_again_changes_nothing(work: Work, tmp_path: Path) -> None:
    path = land_lines(work, tmp_path, "a", *SIX)
    before = everything(work.warehouse)
    assert land_all(work, path).files == 0
    assert everything(work.warehouse) == before


def test_the_head_lands_records_once_however_many_workers_bring_them(
    work: Work, tmp_path: Path
) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    register_named(work, [stat(path)], None)
    records = pl.DataFrame({"_position": [0], "id": ["1"], "amount": ["1"], "side": ["debit"]})
    records = records.with_columns(_extra=None, _fault=None, _bytes=None)
    with work.warehouse.transaction() as tx:
        (file,) = files_to_land(tx, work.contract, (*DAYS, START.date()))
    first = Landing(file.object_id, 0, 1, file.day)
    for expected in (file.object_id * 1_000_000, None):
        with work.warehouse.transaction() as tx:
            assert land(tx, work.contract, first, records, Run("run", START)) == expected
    audit(work.warehouse, work.contract)
    assert ids(work) == ["1"]


def test_a_file_that_changes_half_way_is_set_aside_and_its_new_content_is_another(
    work: Work, tmp_path: Path
) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    half_landed(work, path)
    write_file(path, ["7,1,debit"])
    landed = land_all(work, path)
    assert len(landed.problems) == 1
    assert "tiny_2025-01-01.csv changed while it was read" in landed.problems[0]
    assert ids(work) == ["0", "1", "2", "3", "7"]
    assert states(work) == [("changed", 4), ("landed", 1)]


def renamed(path: Path) -> Path:
    return path.rename(path.with_name("tiny_2025-01-03.csv"))


def copied_before_it_changed(path: Path) -> Path:
    copy = path.with_name("tiny_2025-01-03.csv")
    copy.write_bytes(path.read_bytes())
    write_file(path, ["7,1,debit"])
    return copy


def touched(path: Path) -> Path:
    os.utime(path, ns=(1, 1))
    return path


@pytest.mark.parametrize("happens", [renamed, copied_before_it_changed, touched])
def test_the_same_bytes_carry_on_what_another_file_began(
    work: Work, tmp_path: Path, happens: Callable[[Path], Path]
) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    half_landed(work, path)
    present = happens(path)
    land_all(work, present)
    assert ids(work) == list("012345")
    assert land_all(work, present).problems == []
    assert ids(work) == list("012345")


def test_a_copy_waits_for_the_file_that_is_landing_and_carries_on_when_that_changes(
    work: Work, tmp_path: Path
) -> None:
    """The first day's file was interrupted; the copy of another day comes first now."""
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    half_landed(work, path)
    copy = write_file(tmp_path / "tiny_2025-01-02.csv", SIX)
    register_named(work, [stat(copy)], None)
    land_files(work_on(work.warehouse, work.contract, DAYS[1:]))
    write_file(path, ["7,1,debit"])
    land_all(work, path, copy)
    land_all(work, path, copy)
    assert sorted(map(str, ids(work))) == list("0123457")


def test_the_same_bytes_under_another_name_land_once(work: Work, tmp_path: Path) -> None:
    land_lines(work, tmp_path, "2025-01-01", *SIX)
    copy = write_file(tmp_path / "tiny_2025-01-02.csv", SIX)
    assert land_all(work, copy).same_content == 1
    assert ids(work) == list("012345")
    assert rows(work, "SELECT reason FROM ledger.objects WHERE state = 'same_content'")


def test_a_corrected_file_of_the_same_name_is_another_file(work: Work, tmp_path: Path) -> None:
    land_lines(work, tmp_path, "2025-01-01", "1,1,debit", "2,1,debit")
    land_lines(work, tmp_path, "2025-01-01", "1,1,debit", "2,3,debit", "3,1,debit")
    audit(work.warehouse, work.contract)
    assert ids(work) == ["1", "2", "1", "2", "3"]


def test_files_arrive_by_day_and_name_however_they_are_named(work: Work, tmp_path: Path) -> None:
    names = ["tiny_2025-01-02_a", "tiny_2025-01-01_z", "tiny_2025-01-02_B", "tiny"]
    paths = [write_file(tmp_path / f"{name}.csv", [name + ",1,debit"]) for name in names]
    register_named(work, [stat(path) for path in paths], None)
    found = rows(work, "SELECT name, day FROM ledger.objects ORDER BY object_id")
    today = datetime(2025, 1, 4).date()  # noqa: DTZ001
    assert [(Path(name).stem, day) for name, day in found] == [
        ("tiny_2025-01-01_z", DAYS[0]),
        ("tiny_2025-01-02_B", DAYS[1]),
        ("tiny_2025-01-02_a", DAYS[1]),
        ("tiny", today),
    ]


def test_a_refused_file_does_not_stop_the_others_and_is_tried_again(
    work: Work, tmp_path: Path
) -> None:
    bad, good = tmp_path / "tiny_2025-01-01.csv", tmp_path / "tiny_2025-01-02.csv"
    bad.write_text("id,wrong\n1,2\n")
    write_file(good, SIX)
    assert len(land_all(work, bad, good).problems) == 1
    assert states(work) == [("rejected", 0), ("landed", 6)]
    assert land_files(work).problems == [], "as it was refused, it is left alone"
    assert len(land_all(work, bad).problems) == 1, "who names it again wants it tried again"


@pytest.mark.parametrize(
    ("where", "trouble"),
    [
        ("inspect", OSError(errno.EIO, "Input/output error")),
        ("digest", MemoryError()),
        ("read", UnicodeDecodeError("utf-32", b"\xff", 0, 1, "codepoint not in range")),
        ("read", pl.exceptions.PanicException("the thread panicked")),
        ("land", ValueError("half a character \ud800 and a NUL \0")),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_whatever_goes_wrong_with_one_file_sets_it_aside_alone(
    work: Work,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    trouble: BaseException,
) -> None:
    bad = write_file(tmp_path / "tiny_2025-01-01_bad.csv", SIX)
    good = write_file(tmp_path / "tiny_2025-01-01_good.csv", ["7,1,debit"])
    real = getattr(landing, where)

    def fail(*given: Any) -> Any:
        if "_bad" in str(given[0]) or (where == "land" and "0" in given[3]["id"]):
            raise trouble
        return real(*given)

    monkeypatch.setattr(landing, where, fail)
    (problem,) = land_all(work, bad, good).problems
    assert "tiny_2025-01-01_bad.csv" in problem
    assert type(trouble).__name__ in problem
    assert ids(work) == ["7"]
    assert rows(work, "SELECT reason FROM ledger.objects WHERE state = 'rejected'") == [(problem,)]
    monkeypatch.setattr(landing, where, real)
    assert land_all(work, bad).problems == []
    assert ids(work) == [*"012345", "7"]


@pytest.mark.parametrize("trouble", [WarehouseBusy("held"), WarehouseRefused("read-only")])
def test_trouble_of_the_warehouse_is_no_files_fault(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fail(*_: Any) -> Any:
        raise trouble

    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    register_named(work, [stat(path)], None)
    monkeypatch.setattr(landing, "begin", fail)
    with pytest.raises(type(trouble)):
        land_files(work)
    assert states(work) == [("seen", 0)]


def test_a_day_that_is_told_counts_until_something_has_landed(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    assert list(register_named(work, [stat(path)], ReadAs(day=DAYS[1])).values()) == [DAYS[1]]
    assert list(register_named(work, [stat(path)], ReadAs(day=DAYS[2])).values()) == [DAYS[2]]
    land_files(work)
    assert rows(work, "SELECT DISTINCT day FROM ledger.slices") == [(DAYS[2],)]
    assert list(register_named(work, [stat(path)], ReadAs(day=DAYS[0])).values()) == [DAYS[2]]
