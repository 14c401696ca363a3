"""Forgets the text of records that have been worked for long: retention of raw by age."""

from datetime import datetime

from txcat_assets.contracts.model import Contract
from txcat_assets.stages.work import units_of
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.forgetting import Frozen, forget, forgettable


def forget_raw(warehouse: Warehouse, contract: Contract, before: datetime) -> Frozen:
    """Delete what slices can spare that landed before a moment (UTC); what this run deleted.

    A few slices at a time, so that work on the dataset waits for seconds; again, it deletes
    nothing.
    """
    with warehouse.transaction() as tx:
        old = forgettable(tx, contract, before)
    slices = records = 0
    for unit in units_of(old):
        with warehouse.transaction() as tx:
            gone = forget(tx, contract, unit.slice_ids, before)
        slices, records = slices + gone.slices, records + gone.records
    return Frozen(slices, records)
