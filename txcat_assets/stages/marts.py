"""Updates marts: the rows of each touched entity are computed anew from all its validated records.

The work is as large as the touched entities, whatever days their records are of. A mart that was
made by another version of its function is made anew as a whole.
"""

from dataclasses import dataclass

from txcat_assets.contracts.marts import Mart
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.marts import (
    MartTable,
    records_of_entities,
    replace_rows,
    watch_anew,
)
from txcat_assets.warehouse.ledger.watchers import is_watched, read_notes

UNIT_ENTITIES = 20_000
"""How many are worked in one transaction: with a hundred records each some 2M, or 1 GB."""


@dataclass
class MartOutcome:
    """What an update did: how many `entities` were worked, and how many `rows` they have now."""

    entities: int = 0
    rows: int = 0
    is_left_to_others: bool = False


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
                watch_anew(tx, table, version)
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
