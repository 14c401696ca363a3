"""Which record wins, and what an `apply` has to write: pure functions over frames."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import Arrived, Verdict, places, versions
from txcat_assets.contracts.model import Policy
from txcat_assets.pipeline.places import (
    CONFLICTING,
    DISCARDED,
    DUPLICATE,
    INVALID,
    KEPT,
    REPLACED,
    SUPERSEDED,
    VALIDATED,
    WAITING,
    count_changes,
    difference,
    rank,
    set_aside,
    to_move,
)

ADDRESS = {"_slice_id": pl.Int64(), "_position": pl.Int64()}
CONTENT = {"_digest": pl.String(), "_codes": pl.List(pl.String)}
VERDICTS = pl.Schema({**ADDRESS, **CONTENT, "amount": pl.Int64()})
STORED = pl.Schema({**ADDRESS, **CONTENT, "_place": pl.UInt8()})
Contender = tuple[str, str, int, int]
"""Key, digest, slice and position; the days of slices are mixed."""

DAYS = {number: date(2025, 1, 1 + number * 2 % 5) for number in range(10)}


def contenders(rows: list[Contender]) -> pl.DataFrame:
    schema = {"id": pl.String, "_digest": pl.String, "_slice_id": pl.Int64, "_position": pl.Int64}
    found = pl.DataFrame(rows, schema=schema, orient="row")
    return found.with_columns(_day=pl.col("_slice_id").replace_strict(DAYS, return_dtype=pl.Date))


def places_of(rows: list[Contender], policy: Policy = Policy.FIRST) -> dict[tuple[int, int], int]:
    ranked = rank(contenders(rows), "id", policy).select("_slice_id", "_position", "_place")
    return {(slice_id, position): place for slice_id, position, place in ranked.iter_rows()}


def test_the_earliest_wins_its_copies_are_duplicates_and_other_content_conflicts() -> None:
    found = places_of([("k", "a", 2, 0), ("k", "b", 1, 9), ("k", "b", 2, 1), ("other", "a", 2, 2)])
    assert found == {(1, 9): VALIDATED, (2, 0): CONFLICTING, (2, 1): DUPLICATE, (2, 2): VALIDATED}


def test_slices_come_before_positions() -> None:
    assert places_of([("k", "a", 2, 0), ("k", "a", 1, 5)]) == {(1, 5): VALIDATED, (2, 0): DUPLICATE}


def test_nobody_contends_for_nothing() -> None:
    assert places_of([]) == {}


def test_ranking_keeps_what_else_is_known_of_a_record() -> None:
    ranked = rank(contenders([("k", "a", 1, 0)]).with_columns(was=pl.lit(3)), "id", Policy.FIRST)
    assert ranked["was"].to_list() == [3]


def test_each_change_is_a_version_and_what_equals_the_one_before_is_a_duplicate() -> None:
    rows = [("k", "a", 1, 0), ("k", "b", 1, 1), ("k", "b", 2, 0), ("k", "a", 2, 1)]
    found = places_of(rows, Policy.LATEST)
    assert found == {
        (1, 0): SUPERSEDED,
        (1, 1): SUPERSEDED,
        (2, 0): DUPLICATE,
        (2, 1): VALIDATED,
    }


def test_a_version_of_an_earlier_day_comes_before_those_of_later_ones() -> None:
    assert DAYS[3] < DAYS[1] < DAYS[2]
    rows = [("k", "a", 1, 0), ("k", "b", 2, 0), ("k", "a", 3, 0)]
    found = places_of(rows, Policy.LATEST)
    assert found == {(3, 0): SUPERSEDED, (1, 0): DUPLICATE, (2, 0): VALIDATED}


def test_who_does_not_contend_is_set_aside_and_what_an_operator_decided_comes_first() -> None:
    records = pl.DataFrame(
        {
            "n": [1, 2, 3, 4, 5],
            "_is_valid": [True, True, False, True, False],
            "_codes": [["odd"], ["odd"], ["bad"], ["odd"], ["bad"]],
        }
    )
    unknown = pl.Series([None, ["no_shop"], None, ["no_shop"], None], dtype=pl.List(pl.String))
    closed = pl.Series([None, None, None, DISCARDED, REPLACED], dtype=pl.Int16)
    aside = set_aside(records, unknown, closed)
    assert aside["_aside"].to_list() == [None, WAITING, INVALID, DISCARDED, REPLACED]
    assert aside["_codes"].to_list() == [["odd"], ["no_shop"], ["bad"], ["odd"], ["bad"]]


@pytest.mark.parametrize(
    ("was", "content", "aside", "is_moving"),
    [
        pytest.param(VALIDATED, "a", DISCARDED, True, id="closed"),
        pytest.param(DISCARDED, "a", None, True, id="open again"),
        pytest.param(DISCARDED, "a", DISCARDED, False, id="closed already"),
        pytest.param(INVALID, "a", INVALID, False, id="open already"),
        pytest.param(DISCARDED, "b", None, False, id="other content, which is written anew"),
    ],
)
def test_a_record_is_opened_or_closed_where_its_content_is_the_same(
    was: int, content: str, aside: int | None, is_moving: bool
) -> None:
    old = pl.DataFrame([(1, 0, "a", None, was)], schema=STORED, orient="row")
    verdicts = pl.DataFrame(
        [(1, 0, content, None, aside)],
        schema={**ADDRESS, **CONTENT, "_aside": pl.Int16},
        orient="row",
    )
    assert len(to_move(verdicts, old, Policy.FIRST)) == is_moving


@pytest.mark.parametrize(
    ("was", "policy"), [(CONFLICTING, Policy.LATEST), (SUPERSEDED, Policy.FIRST)]
)
def test_a_place_that_only_the_other_policy_knows_is_found_anew(was: int, policy: Policy) -> None:
    old = pl.DataFrame([(1, 0, "a", None, was)], schema=STORED, orient="row")
    verdicts = old.select(pl.exclude("_place"), _aside=pl.lit(None, pl.Int16))
    moving = {one: len(to_move(verdicts, old, one)) for one in Policy}
    assert moving == {one: one is policy for one in Policy}


some_contenders = st.lists(
    st.tuples(st.sampled_from("jk"), st.sampled_from("ab"), st.integers(1, 3), st.integers(0, 5)),
    unique_by=lambda row: row[2:],
)


@given(some_contenders)
def test_any_versions_in_any_order_are_ranked_as_the_oracle_says(rows: list[Contender]) -> None:
    records = [Arrived((row[2], row[3]), row[:2], day=DAYS[row[2]]) for row in rows]
    expected = versions(
        records, lambda record: Verdict(str(record.texts[0]), (str(record.texts[1]),))
    )
    found = places_of(rows, Policy.LATEST)
    assert {at for at, place in found.items() if place in KEPT} == set(expected.validated)
    holders = {at for at, place in found.items() if place == VALIDATED}
    assert holders == set(expected.current.values())
    assert {at for at, place in found.items() if place == DUPLICATE} == expected.duplicates


@given(some_contenders)
def test_any_records_in_any_order_are_ranked_as_the_oracle_says(rows: list[Contender]) -> None:
    records = [Arrived((row[2], row[3]), row[:2]) for row in rows]
    expected = places(
        records, lambda record: Verdict(str(record.texts[0]), (str(record.texts[1]),))
    )
    found = places_of(rows)
    assert {at for at, place in found.items() if place == VALIDATED} == set(expected.validated)
    assert {at for at, place in found.items() if place == DUPLICATE} == expected.duplicates
    assert {at for at, place in found.items() if place == CONFLICTING} == set(expected.quarantined)


@pytest.mark.parametrize(
    ("verdict", "stored", "is_new"),
    [
        pytest.param(("a", None), ("a", None, VALIDATED), False, id="same content"),
        pytest.param(("a", ["odd"]), ("a", ["odd"], DUPLICATE), False, id="same warnings"),
        pytest.param((None, ["bad"]), (None, ["bad"], INVALID), False, id="same rejection"),
        pytest.param(("a", None), ("b", None, VALIDATED), True, id="other content"),
        pytest.param(("a", ["odd"]), ("a", None, VALIDATED), True, id="a new warning"),
        pytest.param(("a", None), ("a", ["odd"], VALIDATED), True, id="a warning gone"),
        pytest.param((None, ["bad"]), (None, ["bad", "worse"], INVALID), True, id="a reason gone"),
        pytest.param(("a", None), (None, ["bad"], INVALID), True, id="now valid"),
        pytest.param((None, ["bad"]), ("a", None, VALIDATED), True, id="now rejected"),
    ],
)
def test_only_a_change_of_content_or_reasons_is_written(
    verdict: tuple[str | None, list[str] | None],
    stored: tuple[str | None, list[str] | None, int],
    is_new: bool,
) -> None:
    verdicts = pl.DataFrame([(1, 0, *verdict, 5)], schema=VERDICTS, orient="row")
    old = pl.DataFrame([(1, 0, *stored)], schema=STORED, orient="row")
    assert difference(verdicts, old).rows() == (verdicts.rows() if is_new else [])


def test_what_is_not_stored_yet_is_written_beside_what_is() -> None:
    rows = [(1, n, "a", None, 5) for n in range(3)]
    old = pl.DataFrame([(1, 1, "a", None, VALIDATED)], schema=STORED, orient="row")
    changed = difference(pl.DataFrame(rows, schema=VERDICTS, orient="row"), old)
    assert changed["_position"].to_list() == [0, 2]


def test_where_nothing_is_stored_all_verdicts_are_written() -> None:
    verdicts = pl.DataFrame([(1, 0, "a", None, 5)], schema=VERDICTS, orient="row")
    assert difference(verdicts, pl.DataFrame(schema=STORED)).equals(verdicts)


def test_each_move_is_taken_from_one_count_and_added_to_another() -> None:
    moves = pl.DataFrame(
        [
            *((1, None, VALIDATED), (1, None, INVALID), (1, VALIDATED, DUPLICATE)),
            *((2, INVALID, None), (2, VALIDATED, DISCARDED), (2, DUPLICATE, REPLACED)),
        ],
        schema={"_slice_id": pl.Int64, "was": pl.UInt8, "now": pl.UInt8},
        orient="row",
    )
    changes = {row["_slice_id"]: row for row in count_changes(moves).iter_rows(named=True)}
    counts = ("unjudged", "validated", "quarantined", "duplicate", "discarded", "replaced")
    assert [changes[1][name] for name in counts] == [-2, 0, 1, 1, 0, 0]
    assert [changes[2][name] for name in counts] == [1, -1, -1, -1, 1, 1]
