"""Whoever watches a dataset is told of every group that changed, whatever the policy.

Each watcher that has a stage is told of the answers too, however often those who store them are cut
short.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import SteppedWarehouse
from tests.warehouse.audit import audit
from tests.warehouse.bills import BILLS
from tests.warehouse.operators import decide
from tests.warehouse.steps import Crash
from tests.warehouse.tiny import CATEGORIZED, DAYS, START, land_lines, work_on
from tests.warehouse.worker import Sites, warehouse_in
from txcat_assets.contracts.model import (
    Contract,
    Policy,
)
from txcat_assets.contracts.watchers import Per, Watcher
from txcat_assets.errors import ContractRefused
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.watchers import (
    is_watched,
    read_notes,
    take_notes,
    unwatch,
    watch,
)
from txcat_assets.warehouse.schema.tables import prepare

GROUPINGS = {"id": Per.VALUE, "at": Per.MONTH, "due": Per.DAY, "who": Per.VALUE}
OF_ANSWERS = "answers by "
"""What the names of those begin with who watch the answers too."""

ANSWERED = replace(BILLS, stages=(CATEGORIZED,))


class Model:
    """Answers by who pays, and refuses the one whom its version names."""

    def __init__(self, version: str) -> None:
        self._version = version

    def version(self) -> str:
        """Its version."""
        return self._version

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """All at once."""
        is_refused = pl.col("who") == self._version
        yield records.with_row_index("row").select(
            "row",
            category=pl.when(~is_refused).then("who"),
            refusal=pl.when(is_refused).then(pl.lit("Not them.")),
        )


def watchers(contract: Contract) -> dict[str, Watcher]:
    """A watcher by each column, and where there are answers another of these as well."""
    return {
        f"{kind}{name}": Watcher(f"{kind}{name}", contract, name, per, stage)
        for kind, stage in {"": None, OF_ANSWERS: "categorized"}.items()
        if stage is None or contract.stages
        for name, per in GROUPINGS.items()
    }


def bills(warehouse: Warehouse, policy: Policy, base: Contract = BILLS) -> Contract:
    """The dataset by a policy, watched by each of its columns."""
    contract = replace(base, policy=policy)
    prepare(warehouse, contract)
    with warehouse.transaction() as tx:
        for watcher in watchers(contract).values():
            watch(tx, watcher, "1", START)
            assert is_watched(tx, watcher, "1")
    return contract


def take(warehouse: Warehouse, contract: Contract, folder: Path, *records: str) -> None:
    work = work_on(warehouse, contract)
    number = len(list(folder.glob("*.csv")))
    land_lines(work, folder, f"{DAYS[number % 3]}_{number}", *records)
    assert validate(work).problems == []
    audit(warehouse, contract)


def answer(warehouse: Warehouse, contract: Contract, version: str, crash: int = 0) -> None:
    """A model of this version answers; with `crash` the process ends at its step of that number."""
    left = iter(range(crash - 1))

    def step() -> None:
        if crash and next(left, None) is None:
            raise Crash

    work = work_on(SteppedWarehouse(warehouse, step, has_claims=False), contract)
    with contextlib.suppress(Crash):
        assert enrich(work, CATEGORIZED, Model(version)).problems == []
    audit(warehouse, contract)


def taken_notes(warehouse: Warehouse, contract: Contract) -> dict[str, list[str]]:
    """What each watcher is told of, and takes."""
    found = {}
    with warehouse.transaction() as tx:
        for name, watcher in watchers(contract).items():
            notes = read_notes(tx, watcher, 100)
            assert take_notes(tx, watcher, notes)
            found[name] = sorted(notes["entity"].unique())
    return found


def test_a_version_touches_the_groups_that_it_leaves_and_those_it_enters(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = bills(warehouse, Policy.LATEST)
    take(warehouse, contract, tmp_path, "7,2024-12-31T23:00:00,2025-01-02,ann")
    first = {"id": ["7"], "at": ["2024-12-01"], "due": ["2025-01-02"], "who": ["ann"]}
    assert taken_notes(warehouse, contract) == first
    take(warehouse, contract, tmp_path, "7,2025-01-01T00:00:00,,bob")
    assert taken_notes(warehouse, contract) == {
        "id": ["7"],
        "at": ["2024-12-01", "2025-01-01"],
        "due": ["2025-01-02"],
        "who": ["ann", "bob"],
    }
    take(warehouse, contract, tmp_path, "7,2025-01-01T00:00:00,,bob")
    assert taken_notes(warehouse, contract) == {name: [] for name in GROUPINGS}


def test_notes_that_another_took_are_not_taken_again(warehouse: Warehouse, tmp_path: Path) -> None:
    contract = bills(warehouse, Policy.FIRST)
    take(warehouse, contract, tmp_path, "1,2025-01-01T00:00:00,,ann")
    by_who = watchers(contract)["who"]
    with warehouse.transaction() as tx:
        notes = read_notes(tx, by_who, 9)
    taken_notes(warehouse, contract)
    take(warehouse, contract, tmp_path, "2,2025-01-01T00:00:00,,ann")
    with warehouse.transaction() as tx:
        assert not take_notes(tx, by_who, notes)
        assert read_notes(tx, by_who, 9)["entity"].to_list() == ["ann"]


def test_who_watches_no_more_is_told_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    contract = bills(warehouse, Policy.FIRST)
    take(warehouse, contract, tmp_path, "1,2025-01-01T00:00:00,,ann")
    by_who = watchers(contract)["who"]
    with warehouse.transaction() as tx:
        unwatch(tx, by_who)
    take(warehouse, contract, tmp_path, "2,2025-01-01T00:00:00,,ann")
    with warehouse.transaction() as tx:
        assert read_notes(tx, by_who, 9).is_empty()
        watch(tx, by_who, "2", START)
        assert not is_watched(tx, by_who, "1")
        assert read_notes(tx, by_who, 9)["entity"].to_list() == ["ann"]


def test_an_answer_that_comes_changes_or_goes_touches_the_groups_of_its_row(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = bills(warehouse, Policy.LATEST, ANSWERED)
    take(warehouse, contract, tmp_path, "7,2024-12-31T23:00:00,,ann")
    taken_notes(warehouse, contract)
    answer(warehouse, contract, "1")
    assert months(warehouse, contract) == ([], ["2024-12-01"])
    take(warehouse, contract, tmp_path, "7,2025-01-01T00:00:00,,ann")
    both = ["2024-12-01", "2025-01-01"]
    assert months(warehouse, contract) == (both, both)
    answer(warehouse, contract, "1")
    assert months(warehouse, contract) == ([], both), "the row of before stood until now"
    answer(warehouse, contract, "1")
    assert months(warehouse, contract) == ([], [])
    answer(warehouse, contract, "ann")
    assert months(warehouse, contract) == ([], ["2025-01-01"]), "the row of whom it refuses goes"


def test_an_answer_to_content_of_before_that_goes_is_told_too(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = bills(warehouse, Policy.FIRST, ANSWERED)
    take(warehouse, contract, tmp_path, "7,2024-12-31T23:00:00,,ann")
    answer(warehouse, contract, "1")
    take(warehouse, contract, tmp_path, "7,2025-01-01T00:00:00,,ann")
    for slice_id in (1_000_000, 2_000_000):
        taken_notes(warehouse, contract)
        decide(work_on(warehouse, contract), "discard", (slice_id, 0), (), "")
    assert months(warehouse, contract) == (["2025-01-01"], ["2024-12-01", "2025-01-01"])


def months(warehouse: Warehouse, contract: Contract) -> tuple[list[str], list[str]]:
    """The months that are told and taken: of records, and of records and answers."""
    notes = taken_notes(warehouse, contract)
    return notes["at"], notes[f"{OF_ANSWERS}at"]


@pytest.mark.parametrize(
    ("column", "per", "stage", "words"),
    [
        ("whom", Per.VALUE, None, "no column of it"),
        ("who", Per.DAY, None, "which is no time"),
        ("who", Per.VALUE, "scored", "no stage of it. Its stages: categorized"),
    ],
)
def test_who_cannot_watch_so_is_refused(
    column: str, per: Per, stage: str | None, words: str
) -> None:
    with pytest.raises(ContractRefused, match=words):
        Watcher("odd", ANSWERED, column, per, stage)


RECORD = 'id, "at", due, who, _slice_id, _position'
TABLES = {
    "record": f"SELECT {RECORD}, CAST(_place AS TEXT) FROM judged.bills WHERE _place IN (1, 8)",
    "answer": f"SELECT {RECORD}, category, model_version, categorized_at FROM categorized.bills",
}


def groups(warehouse: Warehouse, contract: Contract) -> dict[str, dict[str, set[Any]]]:
    """By watcher, what stands in each group: validated records, current or not, and answers."""
    with warehouse.transaction() as tx:
        rows = {name: tx.rows(TABLES[name]) for name in ("record", "answer")}
    found: dict[str, dict[str, set[Any]]] = {name: {} for name in watchers(contract)}
    for name, watcher in watchers(contract).items():
        for row in [*rows["record"], *(rows["answer"] if watcher.stage else ())]:
            id_, at, due, who, *_ = row
            named = {"id": str(id_), "at": f"{at:%Y-%m}-01", "due": due and str(due), "who": who}
            if group := named[watcher.column]:
                found[name].setdefault(group, set()).add(row)
    return found


RECORDS = st.builds(
    "{},{},{},{}".format,
    st.integers(1, 2),
    st.sampled_from(["2024-12-31T23:59:59.999999", "2025-01-01T00:00:00", "2042-01-01T00:00:00"]),
    st.sampled_from(["", "2025-01-01", "2024-12-31"]),
    st.sampled_from(["ann", "bob", "nobody"]),
)


ANSWERS = st.tuples(st.sampled_from(["1", "2", "ann"]), st.integers(0, 30))
"""Who answers, and at which step that is cut short."""

Event: TypeAlias = list[str] | tuple[str, int]
"""What happens: records come, or are answered."""


def of_any_history(sites: Sites, policy: Policy, history: Sequence[Event]) -> None:
    folder = sites.new()
    warehouse = warehouse_in(folder)
    (files := folder / "files").mkdir()
    contract = bills(warehouse, policy, ANSWERED)
    for event in history:
        before = groups(warehouse, contract)
        if isinstance(event, tuple):
            answer(warehouse, contract, *event)
        else:
            take(warehouse, contract, files, *event)
        after, noted = groups(warehouse, contract), taken_notes(warehouse, contract)
        for name in watchers(contract):
            names = before[name].keys() | after[name].keys()
            changed = {n for n in names if before[name].get(n) != after[name].get(n)}
            assert set(noted[name]) == changed


@pytest.mark.parametrize("policy", Policy)
def test_every_group_that_changed_is_told_and_no_other(sites: Sites, policy: Policy) -> None:
    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(RECORDS, min_size=1, max_size=4) | ANSWERS, min_size=1, max_size=6))
    def holds(history: Sequence[Event]) -> None:
        of_any_history(sites, policy, history)

    holds()
