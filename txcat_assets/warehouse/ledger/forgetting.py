"""Retention of raw: which slices can spare the text of their records, and what it means to them.

Only validated records are spared, and only of slices with nothing left to do. What is quarantined,
refused or a duplicate keeps its text. A slice with forgotten text is frozen: no contract judges it
again, and it keeps its verdicts; answers and moves between places go on, as they need no text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.places import KEPT, WAITING
from txcat_assets.warehouse.databases.interface import Transaction, listed, one
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.slices import FROZEN, Slice, in_slices
from txcat_assets.warehouse.schema.contract_versions import require_version


@dataclass(frozen=True)
class Frozen:
    """How many slices are frozen, and how many of their records have no text any more."""

    slices: int
    records: int


def forgettable(tx: Transaction, contract: Contract, before: datetime) -> list[Slice]:
    """The slices that landed before a moment, are done with and can spare text, by arrival."""
    found = tx.rows(
        "SELECT s.slice_id, s.landed, NULL FROM ledger.slices s WHERE s.dataset = $dataset "
        "AND s.landed_at < $before AND s.forgotten = 0 AND s.unjudged = 0 AND s.validated > 0 "
        "AND NOT EXISTS (SELECT 1 FROM ledger.stages t WHERE t.slice_id = s.slice_id AND "
        "(t.version IS NULL OR t.pending > 0 OR (t.stage = 'validated' AND t.version <> $version)))"
        f" AND NOT EXISTS (SELECT 1 FROM judged.{contract.dataset} j "
        f"WHERE j._slice_id = s.slice_id AND j._place = {WAITING}) ORDER BY s.slice_id",
        dataset=contract.dataset,
        before=before,
        version=str(contract.version),
    )
    return [Slice(*row) for row in found]


def forget(
    tx: Transaction, contract: Contract, slice_ids: Sequence[int], before: datetime
) -> Frozen:
    """Delete the text that these slices can spare, unless there is work for them by now."""
    tx.lock(contract.dataset)
    require_version(tx, contract)
    name, still = contract.dataset, {old.slice_id for old in forgettable(tx, contract, before)}
    slice_ids = sorted(still & set(slice_ids))
    records = tx.changed(
        f"DELETE FROM raw.{name} r WHERE {in_slices(slice_ids, 'r._slice_id')} "
        f"AND EXISTS (SELECT 1 FROM judged.{name} j WHERE j._slice_id = r._slice_id "
        f"AND j._position = r._position AND j._place IN ({listed(KEPT)})) "
        "AND NOT EXISTS (SELECT 1 FROM ledger.refusals f WHERE f.dataset = $dataset "
        "AND f.slice_id = r._slice_id AND f.position = r._position)",
        dataset=name,
    )
    tx.run(
        "UPDATE ledger.slices SET forgotten = landed - (SELECT count(*) "
        f"FROM raw.{name} r WHERE r._slice_id = slice_id) WHERE {in_slices(slice_ids, 'slice_id')}"
    )
    froze = f"SELECT count(*) FROM {FROZEN} z WHERE {in_slices(slice_ids, 'z.slice_id')}"
    return Frozen(int(one(tx.rows(froze))), records)


def frozen(tx: Transaction, scope: Scope) -> Frozen:
    """What is frozen of some slices."""
    ((slices, records),) = tx.rows(
        "SELECT count(*), coalesce(sum(forgotten), 0)::BIGINT FROM ledger.slices "
        f"WHERE forgotten > 0 AND slice_id IN {scope.slices}",
        **scope.values,
    )
    return Frozen(int(slices), int(records))
