"""What operators decide moves records at once, is kept for ever, and nothing is lost or doubled."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.fakes import FakeModel
from tests.warehouse.audit import audit
from tests.warehouse.pair import sales, shops
from tests.warehouse.seen import everything, seen
from tests.warehouse.tiny import CATEGORIZED, DAYS, land_lines, tiny, work_on
from txcat_assets.stages.decide import (
    Replacement,
    close_records,
    land_and_replace,
    reopen_records,
    verdicts_before_landing,
)
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision, open_positions
from txcat_assets.warehouse.ledger.forgetting import forget
from txcat_assets.warehouse.ledger.objects import Fix, add_fix
from txcat_assets.warehouse.ledger.slices import Landing
from txcat_assets.warehouse.schema.tables import prepare

FIRST, SECOND, THIRD = ((n * 1_000_000, 0) for n in (1, 2, 3))

DISCARD = Decision("discarded", "ann", "a test record of the bank")
REOPEN = Decision("reopened", "bob", "it was none")
REPLACE = Decision("replaced", "ann", "corrected")


@pytest.fixture
def work(warehouse: Warehouse) -> Work:
    prepare(warehouse, tiny(4))
    return work_on(warehouse, tiny(4))


def land(work: Work, folder: Path, *records: str, judged: bool = True) -> None:
    """One file a day, of one record each."""
    for day, record in zip(DAYS, records, strict=False):
        land_lines(work, folder, str(day), record)
    if judged:
        assert validate(work).problems == []


def at(*positions: tuple[int, int]) -> pl.DataFrame:
    rows = [(*one, DAYS[one[0] // 1_000_000 - 1]) for one in positions]
    columns = {"_slice_id": pl.Int64, "_position": pl.Int64, "_day": pl.Date}
    return pl.DataFrame(rows, schema=columns, orient="row")


def discard(work: Work, *positions: tuple[int, int]) -> int:
    with work.warehouse.transaction() as tx:
        closed = close_records(tx, work, at(*positions), DISCARD)
    audit(work.warehouse, work.contract)
    return len(closed)


def reopen(work: Work, *positions: tuple[int, int]) -> int:
    with work.warehouse.transaction() as tx:
        opened = reopen_records(tx, work, at(*positions), REOPEN)
    audit(work.warehouse, work.contract)
    return len(opened)


def correct(work: Work, old: Sequence[tuple[int, int]], *lines: str) -> int | None:
    """The old records are replaced by these lines, one by one as far as there are old ones."""
    cells = [[text or None for text in line.split(",")] for line in lines]
    names = work.contract.column_names
    records = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row").select(
        pl.int_range(len(lines), dtype=pl.Int64).alias("_position"),
        pl.all(),
        *(pl.lit(None, kind).alias(name) for name, kind in EMPTY.items()),
    )
    numbers = [n if n < len(lines) else None for n in range(len(old))]
    replaced = at(*old).with_columns(pl.Series("new_position", numbers, pl.Int64))
    with work.warehouse.transaction() as tx:
        object_id = add_fix(tx, work.contract.dataset, Fix("fix.csv", DAYS[2], work.now()))
        landing = Landing(object_id, 0, len(lines), DAYS[2])
        verdicts = verdicts_before_landing(work.contract, landing, records, decimal_comma=False)
        replacement = Replacement(landing, records, verdicts, replaced)
        slice_id = land_and_replace(tx, work, replacement, REPLACE)
    audit(work.warehouse, work.contract)
    return slice_id


EMPTY = {"_extra": pl.String(), "_fault": pl.String(), "_bytes": pl.Binary()}


def rows(work: Work, sql: str) -> list[tuple[Any, ...]]:
    with work.warehouse.transaction() as tx:
        return tx.rows(sql)


def test_a_discarded_winner_leaves_its_key_to_the_next(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit", "1,1,Debit")
    discard(work, FIRST)
    found = seen(work.warehouse, work.contract)
    assert found.closed == {FIRST: "discarded"}
    assert list(found.validated) == [SECOND]
    assert found.quarantined == {THIRD: ("conflict",)}


def test_reopened_it_takes_its_key_back(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit", "1,1,Debit")
    before = seen(work.warehouse, work.contract)
    discard(work, FIRST)
    reopen(work, FIRST)
    assert seen(work.warehouse, work.contract) == before


@pytest.mark.parametrize("line", ["1,x,debit", "5", "1,1,debit"])
def test_a_record_of_any_kind_is_discarded_and_reopened(
    work: Work, tmp_path: Path, line: str
) -> None:
    land(work, tmp_path, line)
    before = seen(work.warehouse, work.contract)
    discard(work, FIRST)
    assert seen(work.warehouse, work.contract).closed == {FIRST: "discarded"}
    reopen(work, FIRST)
    assert seen(work.warehouse, work.contract) == before


def test_what_nobody_has_judged_is_closed_too_and_stays_so_when_it_is_judged(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit", judged=False)
    discard(work, FIRST)
    assert rows(work, "SELECT unjudged, discarded FROM ledger.slices ORDER BY slice_id") == [
        (0, 1),
        (1, 0),
    ]
    validate(work)
    audit(work.warehouse, work.contract)
    found = seen(work.warehouse, work.contract)
    assert (list(found.validated), found.closed) == ([SECOND], {FIRST: "discarded"})


def test_a_new_contract_leaves_closed_what_is_closed(work: Work, tmp_path: Path) -> None:
    """Version 8 writes what version 4 writes, version 6 writes a debit otherwise."""
    land(work, tmp_path, "1,1,debit", "2,1,debit")
    discard(work, FIRST)
    prepare(work.warehouse, tiny(6))
    newer = replace(work, contract=tiny(6))
    validate(newer)
    audit(work.warehouse, newer.contract)
    assert seen(work.warehouse, newer.contract).closed == {FIRST: "discarded"}


def test_a_second_decision_about_a_record_finds_it_closed(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit")
    assert discard(work, FIRST) == 1
    before = everything(work.warehouse)
    assert discard(work, FIRST) == 0
    assert everything(work.warehouse) == before


def test_the_database_refuses_a_second_decision_in_force(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit")
    discard(work, FIRST)
    again = "INSERT INTO ledger.decisions SELECT * FROM ledger.decisions"
    with pytest.raises(Exception, match=r"(?i)duplicate|unique"), work.warehouse.transaction() as t:
        t.run(again)


def test_who_decided_what_when_and_why_is_kept_through_every_change_of_mind(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, "1,1,debit")
    for act in (discard, reopen, discard):
        act(work, FIRST)
    kept = "SELECT action, who, why, in_force, place_before FROM ledger.decisions ORDER BY id"
    assert rows(work, kept) == [
        ("discarded", "ann", DISCARD.why, None, 1),
        ("reopened", "bob", REOPEN.why, None, 6),
        ("discarded", "ann", DISCARD.why, True, 1),
    ]


def test_a_corrected_record_comes_in_the_place_of_the_old_one(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,x,debit")
    slice_id = correct(work, [FIRST], "1,2,debit")
    found = seen(work.warehouse, work.contract)
    assert found.closed == {FIRST: "replaced"}
    assert list(found.validated) == [(slice_id, 0)]
    kept = "SELECT new_slice_id, new_position FROM ledger.decisions"
    assert rows(work, kept) == [(slice_id, 0)]


def test_several_old_records_may_give_way_to_fewer_new_ones(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit", "2,2,debit")
    slice_id = correct(work, [FIRST, SECOND, THIRD], "3,2,debit")
    found = seen(work.warehouse, work.contract)
    assert (list(found.validated), len(found.closed)) == ([(slice_id, 0)], 3)
    kept = "SELECT new_slice_id, new_position FROM ledger.decisions ORDER BY slice_id"
    assert rows(work, kept) == [(slice_id, 0), (None, None), (None, None)]


def test_a_correction_whose_key_is_taken_is_a_conflict(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "2,x,debit")
    slice_id = correct(work, [SECOND], "1,2,debit")
    found = seen(work.warehouse, work.contract)
    assert found.quarantined == {(slice_id, 0): ("conflict",)}
    assert list(found.validated) == [FIRST]


def test_a_replaced_winner_gives_its_key_to_its_own_correction_unless_another_was_earlier(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit")
    slice_id = correct(work, [FIRST], "1,3,debit")
    found = seen(work.warehouse, work.contract)
    assert list(found.validated) == [SECOND]
    assert found.quarantined == {(slice_id, 0): ("conflict",)}


def test_categories_follow_what_was_decided(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit")
    enrich(work, CATEGORIZED, FakeModel("m1"))
    discard(work, FIRST)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    assert rows(work, "SELECT category FROM categorized.tiny") == [("m1 2.00 debit",)]
    discard(work, SECOND)
    assert rows(work, "SELECT category FROM categorized.tiny") == []


def test_nothing_of_it_is_to_be_done_again(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "1,2,debit", "3,x,debit")
    discard(work, FIRST)
    correct(work, [THIRD], "3,2,debit")
    validate(work)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    before = everything(work.warehouse)
    validate(work)
    enrich(work, CATEGORIZED, FakeModel("m1"))
    assert everything(work.warehouse) == before


def test_a_record_without_text_is_discarded_and_reopened_as_it_was_read(
    work: Work, tmp_path: Path
) -> None:
    land(work, tmp_path, "1,1,debit")
    enrich(work, CATEGORIZED, FakeModel("m1"))
    before = seen(work.warehouse, work.contract)
    with work.warehouse.transaction() as tx:
        assert forget(tx, work.contract, [FIRST[0]], work.now()).records == 1
    discard(work, FIRST)
    reopen(work, FIRST)
    found = seen(work.warehouse, work.contract)
    assert found.validated == before.validated


def test_a_discarded_reference_lets_those_who_name_it_wait(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    prepare(warehouse, sales(1))
    shop, sold = work_on(warehouse, shops(1)), work_on(warehouse, sales(1))
    land_lines(shop, tmp_path, str(DAYS[0]), "a,2")
    land_lines(sold, tmp_path, str(DAYS[1]), "1,2,a,")
    for work in (shop, sold):
        validate(work)
    discard(shop, FIRST)
    assert validate(sold).judged_again == 1
    audit(warehouse, sold.contract)
    assert seen(warehouse, sold.contract).quarantined == {SECOND: ("unknown_shop",)}
    discard(sold, SECOND)
    reopen(shop, FIRST)
    assert validate(sold).judged_again == 0
    reopen(sold, SECOND)
    assert list(seen(warehouse, sold.contract).validated) == [SECOND]


def test_all_open_records_of_a_slice_are_found_judged_or_not(work: Work, tmp_path: Path) -> None:
    land(work, tmp_path, "1,1,debit", "2,x,debit", "3,2,debit")
    discard(work, FIRST)
    with work.warehouse.transaction() as tx:
        found = open_positions(tx, work.contract, [FIRST[0], SECOND[0], THIRD[0]])
    assert found.rows() == [(*SECOND, DAYS[1]), (*THIRD, DAYS[2])]


def test_the_same_object_lands_in_the_place_of_others_once(work: Work, tmp_path: Path) -> None:
    """Whoever comes second finds the head moved: nothing of it is written."""
    land(work, tmp_path, "1,x,debit")
    correct(work, [FIRST], "1,2,debit")
    (object_id,) = rows(work, "SELECT object_id FROM ledger.objects WHERE kind = 'fix'")[0]
    before = everything(work.warehouse)
    records = pl.DataFrame(schema={**dict.fromkeys(["id", "amount", "side"], pl.String), **EMPTY})
    nothing = Replacement(Landing(object_id, 0, 1, DAYS[2]), records, records, at(FIRST))
    with work.warehouse.transaction() as tx:
        assert land_and_replace(tx, work, nothing, REPLACE) is None
    assert everything(work.warehouse) == before
