"""Brings the marts of dbt up to date: each is a watcher, and works what is noted for it.

Only what is due is made, with the views on it. The notes are read first. dbt then computes the
touched keys anew in a transaction of each model, and the very notes that were read are deleted
after it. Killed in between, the same keys are computed again, which changes nothing. What is noted
meanwhile stays for the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse
from txcat_assets.warehouse.ledger.watchers import (
    is_watched,
    read_notes,
    register,
    take_notes,
    unwatch,
    watchers_of,
)
from txcat_assets.warehouse.schema.tables import prepare
from txcat_marts.dbt_run import Dbt, NodeResult
from txcat_marts.manifest import UNMADE, WATCHER, DbtMart, dbt_marts

ALL_GROUPS = 2**62
"""More groups than there can be."""

ASKED_FOR = "a full refresh was asked for"
NOT_MADE = "never made as it is now"

MADE = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts'"
"""The tables and views that are there."""


@dataclass
class MartsOutcome:
    """What an update did: why marts were due, the results of dbt, and the groups that were worked.

    A mart that was made as a whole has no number of groups.
    """

    due: dict[str, str] = field(default_factory=dict)
    results: list[NodeResult] = field(default_factory=list)
    groups: dict[str, int] = field(default_factory=dict)
    is_left_to_others: bool = False

    @property
    def problems(self) -> list[str]:
        """Why models were not made, or tests do not hold, in dbt's words."""
        return [
            f"{one.unique_id}: {one.words}"
            for one in self.results
            if not one.is_well and one.status != "warn"
        ]


def update_marts(dbt: Dbt, names: Sequence[str], *, full_refresh: bool = False) -> MartsOutcome:
    """Bring models of dbt up to date with what is validated now; again, it does nothing.

    A mart that was never made, or by another version of its SQL, is made as a whole.
    """
    outcome = MartsOutcome()
    marts = [one for one in dbt_marts().values() if not {one.name, *one.views}.isdisjoint(names)]
    _prepare(dbt.warehouse, marts)
    with dbt.warehouse.claim("marts") as is_mine:
        if not is_mine:
            outcome.is_left_to_others = True
            return outcome
        _forget_gone(dbt.warehouse)
        outcome.due = dict.fromkeys([mart.name for mart in marts], ASKED_FOR)
        if not full_refresh:
            outcome.due = _due(dbt.warehouse, marts)
        due = [mart for mart in marts if mart.name in outcome.due]
        whole = [mart for mart in due if outcome.due[mart.name] in {ASKED_FOR, NOT_MADE}]
        _update(dbt, whole, outcome, full_refresh=True)
        _update(dbt, [one for one in due if one not in whole], outcome, full_refresh=False)
    return outcome


def due_marts(warehouse: Warehouse) -> dict[str, str]:
    """Why each mart is due that is, by its name."""
    marts = [*dbt_marts().values()]
    _prepare(warehouse, marts)
    return _due(warehouse, marts)


def _due(warehouse: Warehouse, marts: Sequence[DbtMart]) -> dict[str, str]:
    with warehouse.transaction() as tx:
        there = {name for (name,) in tx.rows(MADE)}
        reasons = {mart.name: _reason(tx, mart, there) for mart in marts}
    return {name: why for name, why in reasons.items() if why}


def _reason(tx: Transaction, mart: DbtMart, there: set[str]) -> str:
    is_made = {mart.name, *mart.views} <= there
    if not is_made or not all(is_watched(tx, one, mart.version) for one in mart.watchers):
        return NOT_MADE
    changed = [
        watcher.contract.dataset
        for watcher in mart.watchers
        if not read_notes(tx, watcher, 1).is_empty()
    ]
    return f"{', '.join(changed)} changed" if changed else ""


def _prepare(warehouse: Warehouse, marts: Sequence[DbtMart]) -> None:
    """Make the tables that the marts read, where no record has come yet."""
    watched = {w.contract.dataset: w.contract for mart in marts for w in mart.watchers}
    for contract in watched.values():
        prepare(warehouse, contract)


def _forget_gone(warehouse: Warehouse) -> None:
    """Note nothing any more for marts that are gone, or no longer watch a dataset."""
    there = {(w.name, w.contract.dataset) for mart in dbt_marts().values() for w in mart.watchers}
    with warehouse.transaction() as tx:
        for contract in all_contracts().values():
            for watcher in watchers_of(tx, contract):
                is_of_dbt = watcher.name.startswith(WATCHER)
                if is_of_dbt and (watcher.name, contract.dataset) not in there:
                    unwatch(tx, watcher)


def _update(
    dbt: Dbt, marts: Sequence[DbtMart], outcome: MartsOutcome, *, full_refresh: bool
) -> None:
    """Run dbt once, if there is a mart to make, and take the notes of each that was made."""
    if not marts:
        return
    read = [(mart, _begin(dbt.warehouse, mart, full_refresh=full_refresh)) for mart in marts]
    # With the views on them: their rows are others now, and on PostgreSQL a view goes with the
    # table that is replaced.
    results = dbt.build([f"{mart.name}+" for mart in marts], full_refresh=full_refresh)
    outcome.results += results
    made = {one.unique_id.rpartition(".")[2] for one in results if one.status == "success"}
    for mart, notes in read:
        if mart.name in made:
            if not full_refresh:
                outcome.groups[mart.name] = sum(one["entity"].n_unique() for one in notes)
            _end(dbt.warehouse, mart, notes, full_refresh=full_refresh)


def _begin(warehouse: Warehouse, mart: DbtMart, *, full_refresh: bool) -> list[pl.DataFrame]:
    """The notes of each watcher of the mart; what changes from now on is noted."""
    found = []
    for watcher in mart.watchers:
        with warehouse.transaction() as tx:
            if full_refresh:
                register(tx, watcher, UNMADE)
            found.append(read_notes(tx, watcher, ALL_GROUPS))
    return found


def _end(
    warehouse: Warehouse, mart: DbtMart, notes: Sequence[pl.DataFrame], *, full_refresh: bool
) -> None:
    """Delete the notes that were worked; where another has taken one, they are worked again."""
    for watcher, read in zip(mart.watchers, notes, strict=True):
        with warehouse.transaction() as tx:
            take_notes(tx, watcher, read)
            if full_refresh:
                register(tx, watcher, mart.version)
