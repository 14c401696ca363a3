"""Updates marts: the rows of each touched entity are computed anew from all its validated records.

The work is as large as the touched entities, whatever days their records are of. A mart that was
made by another version of its function is made anew as a whole.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from txcat_assets.contracts.marts import Mart
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.marts import (
    MartTable,
    entities_of_days,
    records_of_entities,
    replace_rows,
    rows_of_entities,
    watch_anew,
)
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.watchers import is_watched, lock_name, noted_groups, read_notes

UNIT_ENTITIES = 20_000
"""How many are worked in one transaction: with a hundred records each some 2M, or 1 GB."""


@dataclass
class MartOutcome:
    """What an update did: how many `entities` were worked, and how many `rows` they have now."""

    entities: int = 0
    rows: int = 0
    is_left_to_others: bool = False

    @property
    def figures(self) -> dict[str, int]:
        """What a run reports of it."""
        return {
            "entities updated": self.entities,
            "rows written": self.rows,
            "left to other runs": int(self.is_left_to_others),
        }


def update_mart(
    work: Work, mart: Mart, computed: ComputedMart, *, full_refresh: bool = False
) -> MartOutcome:
    """Bring a mart up to date with what is validated now; again, it changes nothing.

    When it is killed, the entities that are left stay noted for the next run.
    """
    outcome, table = MartOutcome(), MartTable(work.contract, mart)
    with work.warehouse.claim(work.contract.dataset, mart.name) as is_mine:
        if not is_mine:
            outcome.is_left_to_others = True
            return outcome
        version = computed.version()
        with work.warehouse.transaction() as tx:
            is_made = is_watched(tx, table.watcher, version)
        if full_refresh or not is_made:
            with work.warehouse.transaction() as tx:
                watch_anew(tx, table, version, work.now())
        while _update_unit(work, table, computed, outcome):
            pass
    return outcome


def _update_unit(
    work: Work, table: MartTable, computed: ComputedMart, outcome: MartOutcome
) -> bool:
    """Work some of the touched entities; False when none is left."""
    with work.warehouse.transaction() as tx:
        notes = read_notes(tx, table.watcher, UNIT_ENTITIES)
        if notes.is_empty():
            return False
        records = records_of_entities(tx, table, notes)
    rows = computed.rows(records)
    with work.warehouse.transaction() as tx:
        if replace_rows(tx, table, notes, rows, work.run):
            outcome.entities += notes["entity"].n_unique()
            outcome.rows += len(rows)
    return True


@dataclass
class Recount:
    """What a mart should have, beside what it has: `differing` rows by the day of their record."""

    entities: int
    rows: int
    differing: dict[date | None, int]


def recount(
    warehouse: Warehouse, table: MartTable, computed: ComputedMart, scope: Scope
) -> Recount:
    """Compute anew the rows of all entities with records of some days, and compare; writes nothing.

    An entity that is touched meanwhile is left out, and every one of a mart that another version of
    its function made: their rows are out of date, and known to be.
    """
    found, differing = Recount(0, 0, {}), Counter[date | None]()
    with warehouse.transaction() as tx:
        is_current = is_watched(tx, table.watcher, computed.version())
        entities = entities_of_days(tx, table, scope) if is_current else pl.DataFrame()
    for unit in entities.iter_slices(UNIT_ENTITIES):
        with warehouse.transaction() as tx:
            tx.lock(lock_name(table.watcher))  # no update deletes notes between the reads
            records = records_of_entities(tx, table, unit)
            stored = rows_of_entities(tx, table, unit)
            noted = noted_groups(tx, table.watcher)
        is_settled = ~pl.col(table.mart.entity).cast(pl.String).is_in(noted.implode())
        expected = _by_key(table, computed.rows(records.filter(is_settled)))
        there = _by_key(table, stored.filter(is_settled))
        found.entities += len(unit)
        found.rows += len(expected)
        differing.update(
            (expected.get(key) or there[key])["_day"]
            for key in expected.keys() | there.keys()
            if expected.get(key) != there.get(key)
        )
    found.differing = dict(differing)
    return found


def _by_key(table: MartTable, rows: pl.DataFrame) -> dict[Any, dict[str, Any]]:
    names = [*table.contract.column_names, *table.mart.column_names, "_day"]
    return {row[table.contract.key]: row for row in rows.select(names).iter_rows(named=True)}
