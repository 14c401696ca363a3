"""Moves what has arrived from one day to another: only where a clock set ahead gave it a wrong one.

A slice keeps its place in the order of arrival; only which version of a key is the last goes by
day, so those are placed anew.
"""

from collections.abc import Callable, Sequence
from datetime import date

from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.warehouse.databases.interface import Transaction, listed, one
from txcat_assets.warehouse.ledger.apply import place_again
from txcat_assets.warehouse.ledger.slices import Run


def move_days(
    tx: Transaction,
    contract: Contract,
    days: Sequence[date],
    is_dated: Callable[[str], bool],
    run: Run,
) -> int:
    """Let what landed on some days have arrived on the day of this run; how many records these are.

    A file that waits goes along, unless its name is dated. Again, it moves nothing.
    """
    tx.lock(contract.dataset)
    to = run.at.date()
    these = {"dataset": contract.dataset, "days": list(days)}
    where = "WHERE dataset = $dataset AND day = ANY($days)"
    records = one(tx.rows(f"SELECT coalesce(sum(landed), 0) FROM ledger.slices {where}", **these))
    moving = tx.rows(f"SELECT slice_id FROM ledger.slices {where}", **these)
    for table in ("ledger.slices", "ledger.stages"):
        tx.run(f"UPDATE {table} SET day = $to {where}", to=to, **these)
    for table in _record_tables(contract):
        tx.run(f"UPDATE {table} SET _day = $to WHERE _day = ANY($days)", days=list(days), to=to)
    _move_objects(tx, contract, days, to, is_dated)
    if contract.policy is Policy.LATEST:
        place_again(tx, contract, [slice_id for (slice_id,) in moving], run)
    return int(records)


def _record_tables(contract: Contract) -> list[str]:
    stages = [stage.name for stage in contract.stages]
    marts = [mart.name for mart in contract.marts]
    return [f"{schema}.{contract.dataset}" for schema in ("raw", "judged", *stages, *marts)]


def _move_objects(
    tx: Transaction,
    contract: Contract,
    days: Sequence[date],
    to: date,
    is_dated: Callable[[str], bool],
) -> None:
    """Files that are not landed whole move by their names, all else moves as its slices did."""
    found = tx.rows(
        "SELECT object_id, name, kind, state FROM ledger.objects "
        "WHERE dataset = $dataset AND day = ANY($days)",
        dataset=contract.dataset,
        days=list(days),
    )
    waiting = [
        object_id
        for object_id, name, kind, state in found
        if kind == "file" and state in ("seen", "rejected") and not is_dated(name)
    ]
    begun = [object_id for object_id, *_, state in found if state not in ("seen", "rejected")]
    if ids := listed([*waiting, *begun]):
        tx.run(f"UPDATE ledger.objects SET day = $to WHERE object_id IN ({ids})", to=to)
    if ids := listed(waiting):
        tx.run(
            "UPDATE ledger.objects SET state = 'seen', reason = NULL "
            f"WHERE object_id IN ({ids}) AND state = 'rejected'"
        )
