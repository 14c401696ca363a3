"""Current records beside those that they refer to, as both are now; nothing here writes."""

from collections.abc import Sequence

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.slices import in_slices


def with_referred(
    tx: Transaction, contract: Contract, columns: Sequence[str], slice_ids: Sequence[int]
) -> pl.DataFrame:
    """The records of some slices that hold their keys: `_day`, the key, and these columns.

    Of `customer.join_date` it gives `join_date` of the record that the reference `customer` names
    now, null where it names none.
    """
    names = dict.fromkeys([contract.key, *columns])
    selected = ", ".join(f'{_quoted(name)} AS "{name}"' for name in names)
    joined = " ".join(
        f'LEFT JOIN judged.{one.to.dataset} "{one.name}" ON "{one.name}"._place = {VALIDATED} '
        f'AND "{one.name}"."{one.to.key}" = j."{one.column}"'
        for one in contract.references
        if any(name.startswith(f"{one.name}.") for name in names)
    )
    return tx.frame(
        f"SELECT j._day, {selected} FROM judged.{contract.dataset} j {joined} "
        f"WHERE j._place = {VALIDATED} AND {in_slices(slice_ids, 'j._slice_id')} "
        "ORDER BY j._slice_id, j._position"
    )


def _quoted(name: str) -> str:
    table, _, column = name.rpartition(".")
    return f'"{table or "j"}"."{column}"'
