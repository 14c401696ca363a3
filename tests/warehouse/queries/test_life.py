"""The life of a record is told from landing to the last decision, however the record is named."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from tests.fakes import FakeModel
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, tiny, work_on
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.lines import line_of_record, record_at_line
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.operate import discard
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.life import (
    events,
    files_named,
    record_of_file,
    record_of_offset,
    records_of_key,
)
from txcat_assets.warehouse.queries.quarantine import Wanted, decisions_about, read_records
from txcat_assets.warehouse.schema.tables import prepare

LINES = ["1,2,debit", '2,x,"a', 'b"', "1,3,debit", "3,", "1,2,Debit", "1,0,debit"]


@pytest.fixture
def work(warehouse: Warehouse, tmp_path: Path) -> Work:
    prepare(warehouse, tiny(4))
    work = work_on(warehouse, tiny(4))
    land_lines(work, tmp_path, str(DAYS[0]), *LINES)
    assert validate(work).problems == []
    enrich(work, CATEGORIZED, FakeModel("m1"))
    return work


@pytest.mark.parametrize("key", ["1", "00000000-0000-0000-0000-000000000001"])
def test_all_records_of_a_key_are_found_wherever_they_are(work: Work, key: str) -> None:
    """A winner, a conflict, a copy; one that is rejected is found as it came."""
    discard(work, Wanted(reasons=["conflict"]), Decision("discarded", "ann", "a test"))
    with work.warehouse.transaction() as tx:
        found = records_of_key(tx, work.contract, key)["_position"].to_list()
    assert found == ([0, 2, 4, 5] if key == "1" else [0, 2, 4])


def test_a_key_that_is_nowhere_or_none_finds_nothing(work: Work) -> None:
    with work.warehouse.transaction() as tx:
        for key in ("77", "no key at all", ""):
            assert records_of_key(tx, work.contract, key).is_empty()
        assert record_of_offset(tx, work.contract, "tiny", 0, 0).is_empty()


def test_its_life_is_told_in_order_of_time(work: Work) -> None:
    discard(work, Wanted(reasons=["conflict"]), Decision("discarded", "ann", "a test"))
    with work.warehouse.transaction() as tx:
        positions = records_of_key(tx, work.contract, "1")
        records = read_records(tx, work.contract, positions)
        decided = decisions_about(tx, positions)
        winner, closed, *_ = [
            events(
                tx, work.contract, one, [d for d in decided if d["position"] == one["_position"]]
            )
            for one in records.iter_rows(named=True)
        ]
    told = " | ".join(event.what for event in winner)
    assert "its file was first seen" in told
    assert "landed on the day 2025-01-01" in told
    assert "judged by contract version 4" in told
    assert "categorized by model m1: category m1 2.00 debit" in told
    assert [(e.what, e.by) for e in closed if "discarded" in e.what] == [
        ("discarded: a test", "ann")
    ]
    times = [event.at or datetime.max for event in winner]  # noqa: DTZ901
    assert times == sorted(times)


def test_an_upgrade_of_the_contract_is_told_whether_it_changed_the_record_or_not(
    work: Work,
) -> None:
    """Version 5 warns of an amount of 3, allows 0 and forbids 1."""
    prepare(work.warehouse, tiny(5))
    newer = replace(work, contract=tiny(5))
    assert validate(newer).problems == []
    told = {}
    with work.warehouse.transaction() as tx:
        records = read_records(tx, newer.contract, records_of_key(tx, newer.contract, "1"))
        for one in records.iter_rows(named=True):
            life = events(tx, newer.contract, one, [])
            told[one["_position"]] = " | ".join(e.what for e in life if "version" in e.what)
    assert "version 5, an upgrade that changed nothing" in told[0]
    assert "version 5, an upgrade: others of its slice are as version 4 wrote them" in told[2]
    moved = "moved from quarantined as invalid to quarantined as a conflict by contract version 5"
    assert [moved in told[at] for at in (0, 2, 4, 5)] == [False, False, False, True]


def test_a_line_leads_to_its_record_and_back(work: Work) -> None:
    """Lines 3 and 4 are one record; so line 5 is the third record."""
    with work.warehouse.transaction() as tx:
        ((path, _),) = files_named(tx, work.contract, f"tiny_{DAYS[0]}.csv")
        dialect = inspect(path, work.contract.column_names, ["id"])
        names = work.contract.column_names
        at = [record_at_line(path, dialect, names, line) for line in range(1, 10)]
        lines = [line_of_record(path, dialect, names, record) for record in range(7)]
        found = record_of_file(tx, work.contract, path, 2)
    assert at == [None, 0, 1, 1, 2, 3, 4, 5, None]
    assert lines == [2, 3, 5, 6, 7, 8, None]
    expected = pl.DataFrame({"_slice_id": [1_000_000], "_position": [2]})
    assert found.equals(expected)
