"""Whoever watches a dataset is told of every group that changed, whatever the policy."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.audit import audit
from tests.warehouse.bills import BILLS
from tests.warehouse.tiny import DAYS, START, land_lines, work_on
from tests.warehouse.worker import Sites, warehouse_in
from txcat_assets.contracts.model import (
    Contract,
    Policy,
)
from txcat_assets.contracts.watchers import Per, Watcher
from txcat_assets.errors import ContractRefused
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


def watchers(contract: Contract) -> dict[str, Watcher]:
    """A watcher by each column."""
    return {name: Watcher(f"by_{name}", contract, name, per) for name, per in GROUPINGS.items()}


def bills(warehouse: Warehouse, policy: Policy) -> Contract:
    """The dataset by a policy, watched by each of its columns."""
    contract = replace(BILLS, policy=policy)
    prepare(warehouse, contract)
    for watcher in watchers(contract).values():
        with warehouse.transaction() as tx:
            watch(tx, watcher, "1", START)
            assert is_watched(tx, watcher, "1")
    return contract


def take(warehouse: Warehouse, contract: Contract, folder: Path, *records: str) -> None:
    work = work_on(warehouse, contract)
    number = len(list(folder.glob("*.csv")))
    land_lines(work, folder, f"{DAYS[number % 3]}_{number}", *records)
    assert validate(work).problems == []
    audit(warehouse, contract)


def taken_notes(warehouse: Warehouse, contract: Contract) -> dict[str, list[str]]:
    """What each watcher is told of, and takes."""
    found = {}
    for name, watcher in watchers(contract).items():
        with warehouse.transaction() as tx:
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


@pytest.mark.parametrize(
    ("column", "per", "words"),
    [("whom", Per.VALUE, "no column of it"), ("who", Per.DAY, "which is no time")],
)
def test_who_cannot_watch_so_is_refused(column: str, per: Per, words: str) -> None:
    with pytest.raises(ContractRefused, match=words):
        Watcher("odd", BILLS, column, per)


def groups(warehouse: Warehouse) -> dict[str, dict[str, set[Any]]]:
    """By column, what stands in each group: all validated records, and whether each is current."""
    with warehouse.transaction() as tx:
        rows = tx.rows(
            'SELECT id, "at", due, who, _place, _slice_id, _position '
            "FROM judged.bills WHERE _place IN (1, 8)"
        )
    found: dict[str, dict[str, set[Any]]] = {name: {} for name in GROUPINGS}
    for row in rows:
        id_, at, due, who, *_ = row
        named = {"id": str(id_), "at": f"{at:%Y-%m}-01", "due": due and str(due), "who": who}
        for name, group in named.items():
            if group:
                found[name].setdefault(group, set()).add(row)
    return found


RECORDS = st.builds(
    "{},{},{},{}".format,
    st.integers(1, 2),
    st.sampled_from(["2024-12-31T23:59:59.999999", "2025-01-01T00:00:00", "2042-01-01T00:00:00"]),
    st.sampled_from(["", "2025-01-01", "2024-12-31"]),
    st.sampled_from(["ann", "bob", "nobody"]),
)


def of_any_history(sites: Sites, policy: Policy, history: Sequence[Sequence[str]]) -> None:
    folder = sites.new()
    warehouse = warehouse_in(folder)
    (files := folder / "files").mkdir()
    contract = bills(warehouse, policy)
    for records in history:
        before = groups(warehouse)
        take(warehouse, contract, files, *records)
        after, noted = groups(warehouse), taken_notes(warehouse, contract)
        for name in GROUPINGS:
            names = before[name].keys() | after[name].keys()
            changed = {n for n in names if before[name].get(n) != after[name].get(n)}
            assert set(noted[name]) == changed


@pytest.mark.parametrize("policy", Policy)
def test_every_group_that_changed_is_told_and_no_other(sites: Sites, policy: Policy) -> None:
    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(RECORDS, min_size=1, max_size=4), min_size=1, max_size=4))
    def holds(history: Sequence[Sequence[str]]) -> None:
        of_any_history(sites, policy, history)

    holds()
