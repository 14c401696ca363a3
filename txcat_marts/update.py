"""Brings the marts of dbt up to date: each is a watcher, and works what is noted for it.

The notes are read first. dbt then computes the touched keys anew in a transaction of each model,
and the very notes that were read are deleted after it. Killed in between, the same keys are
computed again, which changes nothing. What is noted meanwhile stays for the next run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.watchers import Watcher
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


@dataclass
class MartsOutcome:
    """What an update did: the results of dbt, and by mart the groups that were worked.

    A mart that was made as a whole has no number of groups.
    """

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
    """Bring models of dbt up to date with what is validated now; again, it changes nothing.

    A mart that was never made, or by another version of its SQL, is made as a whole.
    """
    outcome = MartsOutcome()
    marts = [mart for name, mart in dbt_marts().items() if name in names]
    _prepare(dbt.warehouse, marts)
    with dbt.warehouse.claim("marts") as is_mine:
        if not is_mine:
            outcome.is_left_to_others = True
            return outcome
        _forget_gone(dbt.warehouse)
        whole = [mart for mart in marts if full_refresh or not _is_made(dbt.warehouse, mart)]
        if whole:
            # With what is made of them: on PostgreSQL a view goes with the table that is replaced.
            _update(dbt, [f"{mart.name}+" for mart in whole], whole, outcome, full_refresh=True)
        done = {one.unique_id.rpartition(".")[2] for one in outcome.results}
        if rest := [name for name in names if name not in done]:
            others = [mart for mart in marts if mart not in whole]
            _update(dbt, rest, others, outcome, full_refresh=False)
    return outcome


def due_marts(warehouse: Warehouse) -> list[str]:
    """The marts for which something is noted, or that were never made as they are."""
    marts = dbt_marts()
    _prepare(warehouse, [*marts.values()])
    with warehouse.transaction() as tx:
        return [name for name, mart in marts.items() if _is_due(tx, mart)]


def _is_due(tx: Transaction, mart: DbtMart) -> bool:
    return any(
        not is_watched(tx, watcher, mart.version) or _has_notes(tx, watcher)
        for watcher in mart.watchers
    )


def _has_notes(tx: Transaction, watcher: Watcher) -> bool:
    return not read_notes(tx, watcher, 1).is_empty()


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


def _is_made(warehouse: Warehouse, mart: DbtMart) -> bool:
    with warehouse.transaction() as tx:
        return all(is_watched(tx, watcher, mart.version) for watcher in mart.watchers)


def _update(
    dbt: Dbt,
    names: Sequence[str],
    marts: Sequence[DbtMart],
    outcome: MartsOutcome,
    *,
    full_refresh: bool,
) -> None:
    """Run dbt once, and take the notes of each mart that was made."""
    read = [(mart, _begin(dbt.warehouse, mart, full_refresh=full_refresh)) for mart in marts]
    results = dbt.build(names, full_refresh=full_refresh)
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
