"""How the messages of a topic flow: how many came, in which batches, and how soon they were done.

The figures of all records, whatever brought them, are in `figures`.
"""

from dataclasses import dataclass
from datetime import datetime

from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.databases.interface import Transaction


@dataclass(frozen=True)
class Latency:
    """Seconds from a message's timestamp to its answer in the last stage's table."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Flow:
    """What came by the topic since a moment; batches are runs."""

    batches: int
    records: int
    largest_batch: int


def flow(tx: Transaction, dataset: str, since: datetime) -> Flow:
    """The batches that have landed since a moment."""
    ((batches, records, largest),) = tx.rows(
        "SELECT count(*), coalesce(sum(b.records), 0)::BIGINT, coalesce(max(b.records), 0)::BIGINT "
        "FROM (SELECT s.run_id, sum(s.landed) AS records FROM ledger.slices s "
        "JOIN ledger.objects o ON o.object_id = s.object_id WHERE s.dataset = $dataset "
        "AND o.kind = 'kafka' AND s.landed_at >= $since GROUP BY s.run_id) b",
        dataset=dataset,
        since=since,
    )
    return Flow(int(batches), int(records), int(largest))


def latency_of_run(tx: Transaction, contract: Contract, run_id: str) -> Latency | None:
    """The latency of the messages that a run brought to the last stage; None without any."""
    stage = contract.stages[-1].name if contract.stages else ""
    return _latency(tx, contract, "t.stage = $stage AND t.run_id = $among", stage, run_id)


def latency_since(tx: Transaction, contract: Contract, since: datetime) -> Latency | None:
    """The latency of the messages that came to the last stage since a moment; None without any."""
    stage = contract.stages[-1].name if contract.stages else ""
    return _latency(tx, contract, "t.stage = $stage AND t.done_at >= $among", stage, since)


def _latency(
    tx: Transaction, contract: Contract, which: str, stage: str, among: object
) -> Latency | None:
    if not stage:
        return None
    seconds = f"EXTRACT(EPOCH FROM (c.{stage}_at - r._message_at))"
    ((p50, p95),) = tx.rows(
        f"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY {seconds}), "
        f"percentile_cont(0.95) WITHIN GROUP (ORDER BY {seconds}) "
        f"FROM {stage}.{contract.dataset} c JOIN raw.{contract.dataset} r "
        "ON r._slice_id = c._slice_id AND r._position = c._position "
        "WHERE r._message_at IS NOT NULL AND c._slice_id IN (SELECT t.slice_id "
        "FROM ledger.stages t JOIN ledger.slices s ON s.slice_id = t.slice_id "
        f"JOIN ledger.objects o ON o.object_id = s.object_id AND o.kind = 'kafka' WHERE {which})",
        stage=stage,
        among=among,
    )
    return None if p50 is None else Latency(float(p50), float(p95))
