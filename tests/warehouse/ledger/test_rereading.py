"""What was decided at first sight has a way back: files are read anew, and grown ones end rightly.

The old records are replaced, nothing is doubled or lost, whatever is killed on the way.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.fakes import SteppedWarehouse
from tests.warehouse.audit import audit
from tests.warehouse.tiny import DAYS, tiny, work_on, write_file
from txcat_assets.sources.files import records as reading
from txcat_assets.sources.files.listing import stat
from txcat_assets.stages.arrivals import ReadAs, read_otherwise, register_named
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

SIX = [f"{key},2,debit" for key in range(6)]
AGAIN = ReadAs(again_by="ann")


class Interrupted(BaseException):
    """The process ends here."""


@pytest.fixture
def work(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(reading, "SLICE_RECORDS", 4)
    prepare(warehouse, tiny(1))
    return work_on(warehouse, tiny(1))


def load(work: Work, path: Path, read_as: ReadAs | None = None) -> list[int]:
    objects = register_named(work, [stat(path)], read_as)
    assert land_files(work).problems == []
    assert validate(work).problems == []
    audit(work.warehouse, work.contract)
    return list(objects)


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def validated(work: Work) -> list[tuple[Any, ...]]:
    """Key and amount, as whole numbers."""
    found = rows(work, "SELECT id, amount FROM validated.tiny")
    return sorted((int(str(key)[-12:], 16), int(amount)) for key, amount in found)


def counts(work: Work) -> tuple[Any, ...]:
    (found,) = rows(
        work,
        "SELECT sum(landed)::INT, sum(validated)::INT, sum(quarantined)::INT, "
        "sum(duplicate)::INT, sum(replaced)::INT FROM ledger.slices",
    )
    return found


def test_a_file_read_anew_replaces_all_that_it_brought(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", [*SIX, "7,x,debit"])
    load(work, path)
    load(work, path, AGAIN)
    assert validated(work) == [(key, 2) for key in range(6)]
    assert counts(work) == (14, 6, 1, 0, 7)
    assert rows(work, "SELECT DISTINCT action, who FROM ledger.decisions") == [("replaced", "ann")]
    load(work, path)
    assert counts(work) == (14, 6, 1, 0, 7), "once it is done, loading changes nothing"
    load(work, path, AGAIN)
    assert counts(work) == (21, 6, 1, 0, 14)


def test_another_day_moves_every_record(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    load(work, path)
    load(work, path, ReadAs(day=DAYS[1], again_by="ann"))
    assert rows(work, "SELECT DISTINCT _day FROM validated.tiny") == [(DAYS[1],)]


def test_the_day_when_a_file_was_first_seen_is_kept(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny.csv", SIX)
    load(work, path, ReadAs(day=DAYS[2]))
    load(work, path, AGAIN)
    assert rows(work, "SELECT DISTINCT _day FROM validated.tiny") == [(DAYS[2],)]


def test_another_encoding_gives_the_right_text(work: Work, tmp_path: Path) -> None:
    path = tmp_path / "tiny_2025-01-01.csv"
    path.write_bytes("id,amount,side,note\n1,2,debit,Caf\u00e9\n".encode())
    load(work, path, ReadAs("cp1252"))
    load(work, path, ReadAs("utf-8", again_by="ann"))
    notes = "SELECT r._extra FROM raw.tiny r JOIN validated.tiny v ON v._slice_id = r._slice_id"
    assert rows(work, notes) == [('{"note":"Caf\u00e9"}',)]


def test_a_copy_read_anew_replaces_what_the_first_one_brought(work: Work, tmp_path: Path) -> None:
    first = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    load(work, first)
    copy = write_file(tmp_path / "tiny_2025-01-02.csv", SIX)
    load(work, copy)
    load(work, copy, AGAIN)
    assert rows(work, "SELECT DISTINCT _day FROM validated.tiny") == [(DAYS[1],)]
    load(work, first, AGAIN)
    assert rows(work, "SELECT DISTINCT _day FROM validated.tiny") == [(DAYS[0],)]
    assert counts(work)[1:] == (6, 0, 0, 12)


def test_a_new_file_may_be_read_anew_too(work: Work, tmp_path: Path) -> None:
    load(work, write_file(tmp_path / "tiny_2025-01-01.csv", SIX), AGAIN)
    assert counts(work) == (6, 6, 0, 0, 0)


def test_another_record_of_that_key_wins_when_the_old_one_leaves(
    work: Work, tmp_path: Path
) -> None:
    old = write_file(tmp_path / "tiny_2025-01-01.csv", ["1,2,debit"])
    load(work, old)
    load(work, write_file(tmp_path / "tiny_2025-01-02.csv", ["1,3,debit"]))
    assert validated(work) == [(1, 2)]
    load(work, old, AGAIN)
    assert validated(work) == [(1, 3)], "what came between is older than the new reading"


@pytest.mark.parametrize("at", range(1, 40, 4))
def test_killed_anywhere_the_next_run_ends_alike(work: Work, tmp_path: Path, at: int) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    load(work, path)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            raise Interrupted

    stepped = work_on(SteppedWarehouse(work.warehouse, step), work.contract)
    try:
        register_named(stepped, [stat(path)], AGAIN)
        land_files(stepped)
    except Interrupted:
        audit(work.warehouse, work.contract)
        if not rows(work, "SELECT 1 FROM ledger.objects WHERE again_by IS NOT NULL"):
            register_named(work, [stat(path)], AGAIN)
    land_files(work)
    validate(work)
    audit(work.warehouse, work.contract)
    assert validated(work) == [(key, 2) for key in range(6)]
    assert counts(work) == (12, 6, 0, 0, 6)


def cut(path: Path, lines: Sequence[str], end: str) -> Path:
    write_file(path, lines)
    path.write_text(path.read_text() + end)
    return path


def test_a_file_that_has_grown_replaces_its_unfinished_last_record(
    work: Work, tmp_path: Path
) -> None:
    path = cut(tmp_path / "tiny_2025-01-01.csv", SIX, "6,12")
    load(work, cut(path, SIX, "6,12,debit"))
    assert validated(work)[-1] == (6, 12)
    load(work, cut(path, SIX, "6,12,debit-more"))
    load(work, cut(path, SIX, "6,12,debit-more\n7,3,debit\n8,4,cre"))
    load(work, cut(path, SIX, "6,12,debit-more\n7,3,debit\n8,4,credit\n"))
    assert validated(work) == [*((key, 2) for key in range(6)), (7, 3), (8, 4)]
    assert rows(work, "SELECT DISTINCT who FROM ledger.decisions") == [("txcat",)]
    assert counts(work)[4] == 2, "the unfinished ones alone"


def test_an_amount_that_was_cut_is_no_conflict_once_it_is_whole(work: Work, tmp_path: Path) -> None:
    path = tmp_path / "tiny_2025-01-01.csv"
    path.write_text("side,id,amount\ndebit,1,2\ndebit,2,12")
    load(work, path)
    assert validated(work) == [(1, 2), (2, 12)]
    path.write_text("side,id,amount\ndebit,1,2\ndebit,2,1234\n")
    load(work, path)
    assert validated(work) == [(1, 2), (2, 1234)]
    assert counts(work) == (4, 2, 0, 1, 1)


def test_a_whole_file_that_has_grown_replaces_nothing(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    load(work, path)
    load(work, write_file(path, [*SIX, "7,3,debit"]))
    assert counts(work) == (13, 7, 0, 6, 0)


def test_a_corrected_file_is_another_one(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", ["1,2,debit"])
    load(work, path)
    load(work, write_file(path, ["1,3,debit", "2,2,debit"]))
    assert counts(work) == (3, 2, 1, 0, 0)


def test_what_is_told_of_a_file_that_has_landed_is_not_ignored(work: Work, tmp_path: Path) -> None:
    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    objects = load(work, path, ReadAs("latin-1"))
    for same in (ReadAs(), ReadAs("latin-1"), ReadAs("iso8859-1"), ReadAs(day=DAYS[0]), AGAIN):
        assert read_otherwise(work, objects, same) == []
    (problem,) = read_otherwise(work, objects, ReadAs("cp1252", DAYS[1]))
    assert "was read before, as iso8859-1 and as a file of 2025-01-01" in problem
    assert "--again" in problem
    copies = load(work, write_file(tmp_path / "tiny_2025-01-02.csv", SIX), ReadAs("cp1252"))
    assert "as iso8859-1" in read_otherwise(work, copies, ReadAs("cp1252"))[0]


def test_a_record_that_somebody_closed_keeps_that_decision(work: Work, tmp_path: Path) -> None:
    from txcat_assets.stages.decide import close_records  # noqa: PLC0415
    from txcat_assets.warehouse.ledger.decisions import Decision  # noqa: PLC0415

    path = write_file(tmp_path / "tiny_2025-01-01.csv", SIX)
    load(work, path)
    with work.warehouse.transaction() as tx:
        first = tx.frame("SELECT _slice_id, _position, _day FROM raw.tiny WHERE _position = 0")
        close_records(
            tx, work, first.cast({"_position": pl.Int64}), Decision("discarded", "b", "w")
        )
    load(work, path, AGAIN)
    assert rows(work, "SELECT sum(discarded)::INT, sum(replaced)::INT FROM ledger.slices") == [
        (1, 5)
    ]
