"""Marts: what is told of entities is brought up to date with all that they have done.

Only entities that were touched are worked, whatever their number of days; a mart that is told by
another version is worked whole.
"""

from dataclasses import dataclass

from txcat_assets.contracts.marts import Mart
from txcat_assets.pipeline.computed import StandingOut
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.marts import MartOf, notes, records_of, renew, replace_rows

ENTITIES = 20_000
"""How many are worked in one transaction: with a hundred records each some 2M, or 1 GB."""


@dataclass
class Told:
    """What became of the touched entities; `records` that stand out are rows now."""

    entities: int = 0
    records: int = 0
    is_left_to_others: bool = False


def tell(work: Work, mart: Mart, standing_out: StandingOut, *, full_refresh: bool = False) -> Told:
    """Bring a mart up to date with what is validated now; again, it changes nothing.

    When it is killed, the entities that are left stay noted for the next run.
    """
    told, of = Told(), MartOf(work.contract, mart)
    with work.warehouse.claim(work.contract.dataset, mart.name) as is_mine:
        if not is_mine:
            told.is_left_to_others = True
            return told
        version = standing_out.version()
        with work.warehouse.transaction() as tx:
            renew(tx, of, version, full_refresh=full_refresh)
        while _tell_some(work, of, standing_out, told):
            pass
    return told


def _tell_some(work: Work, of: MartOf, standing_out: StandingOut, told: Told) -> bool:
    """Work some of the touched entities; False when none is left."""
    with work.warehouse.transaction() as tx:
        noted = notes(tx, of, ENTITIES)
        if noted.is_empty():
            return False
        records = records_of(tx, of, noted)
    rows = standing_out.rows(records)
    with work.warehouse.transaction() as tx:
        if replace_rows(tx, of, noted, rows, work.run):
            told.entities += noted["entity"].n_unique()
            told.records += len(rows)
    return True
