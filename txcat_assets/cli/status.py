"""`txcat status`: where every dataset stands, what is left to do, and how its topic flows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from txcat_assets.cli.home import dagster_home_of
from txcat_assets.cli.terminal import complain, print_json, print_table, say
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.definitions import kafka_door, warehouse_of
from txcat_assets.defs import daemons
from txcat_assets.defs.runs import utc_now
from txcat_assets.errors import TxcatError
from txcat_assets.pipeline.topics import lag, losses
from txcat_assets.settings import Settings
from txcat_assets.stages.days_to_come import days_to_come, in_words
from txcat_assets.stages.land_topic import KafkaDoor
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse
from txcat_assets.warehouse.ledger.forgetting import frozen
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.topics import followed_partitions, gaps
from txcat_assets.warehouse.queries.figures import all_days, counts, days_left, stage_counts
from txcat_assets.warehouse.queries.flow import flow, latency_since
from txcat_assets.warehouse.schema.tables import prepare

FLOW_OF = timedelta(hours=1)
"""How far back the figures of the flow go."""


def show_status(settings: Settings, *, as_json: bool) -> int:
    """Say where every dataset stands; 1 where somebody must act, or Kafka cannot be asked."""
    warehouse = warehouse_of(settings)
    door, now = kafka_door(settings), utc_now()
    found = {
        contract.dataset: _status_of(warehouse, contract, door, now)
        for contract in all_contracts().values()
    }
    if as_json:
        print_json(found)
    else:
        for dataset, status in found.items():
            _show(dataset, status)
    problems = [words for status in found.values() for words in status.get("problems", [])]
    problems += filter(None, [daemons.in_words(dagster_home_of(settings))])
    for words in problems:
        complain(words)
    return 1 if problems else 0


def _status_of(
    warehouse: Warehouse, contract: Contract, door: KafkaDoor, now: datetime
) -> dict[str, Any]:
    """The dataset's part of the status; the problems of the ledger's side and of the topic's."""
    found = _dataset(warehouse, contract, now)
    if not door.follows(contract):
        return found
    topic = _topic(warehouse, contract, door, now)
    return found | topic | {"problems": [*found.get("problems", []), *topic["problems"]]}


def _dataset(warehouse: Warehouse, contract: Contract, now: datetime) -> dict[str, Any]:
    prepare(warehouse, contract)
    with warehouse.transaction() as tx:
        scope = Scope(contract.dataset, "day", all_days(tx, contract.dataset))
        left = days_left(tx, contract)
        to_come = in_words(contract.dataset, days_to_come(left, now.date()))
        stages = {one.name: vars(stage_counts(tx, scope, one.name)) for one in contract.stages}
        return {
            "records": vars(counts(tx, scope)),
            "stages": stages,
            "frozen": vars(frozen(tx, scope)),
            "days with work left": [day.isoformat() for day in left],
            **({"problems": [to_come]} if to_come else {}),
            **(_flow(tx, contract, now) if contract.topic else {}),
        }


def _flow(tx: Transaction, contract: Contract, now: datetime) -> dict[str, Any]:
    came = flow(tx, contract.dataset, now - FLOW_OF)
    soon = latency_since(tx, contract, now - FLOW_OF)
    return {
        "flow of the last hour": {
            **vars(came),
            "records a second": round(came.records / FLOW_OF.total_seconds(), 2),
            "latency, seconds": vars(soon) if soon else None,
        },
        "accepted losses": [
            dict(zip(("topic", "partition", "from", "to", "who", "why"), gap, strict=True))
            for gap in gaps(tx, contract.dataset)
        ],
    }


def _topic(
    warehouse: Warehouse, contract: Contract, door: KafkaDoor, now: datetime
) -> dict[str, Any]:
    """What the topic has beyond the ledger; the ledger's side alone where Kafka is silent."""
    with warehouse.transaction() as tx:
        followed = followed_partitions(tx, contract.dataset, contract.topic)
    heads = {one.partition: one.head for one in followed}
    try:
        with door.open(contract.topic) as topic:
            offered = topic.offered(followed)
            left = lag(followed, offered)
            waiting = {
                partition: topic.written_at(partition, heads.get(partition, begin))
                for partition, (begin, _) in offered.ranges.items()
                if left[partition] and heads.get(partition, begin) >= begin
            }
    except TxcatError as error:
        return {
            "partitions": [_partition(p, h) for p, h in heads.items()],
            "problems": [str(error)],
        }
    ages = {p: round((now - at).total_seconds(), 1) for p, at in waiting.items() if at}
    return {
        "partitions": [
            _partition(p, heads.get(p), end=end, lag=left[p], age=ages.get(p))
            for p, (_, end) in sorted(offered.ranges.items())
        ],
        "problems": [loss.words for loss in losses(followed, offered)],
    }


def _partition(
    partition: int,
    head: int | None,
    *,
    end: int | None = None,
    lag: int | None = None,
    age: float | None = None,
) -> dict[str, Any]:
    return {
        "partition": partition,
        "landed up to": head,
        "ends at": end,
        "lag": lag,
        "oldest unread, seconds": age,
    }


def _show(dataset: str, status: Mapping[str, Any]) -> None:
    placed = status["records"]
    rows = [(name, number) for name, number in placed.items()]
    for stage, later in status["stages"].items():
        rows += [(f"{stage}: {what}", number) for what, number in later.items()]
    if status["frozen"]["slices"]:
        rows += [(f"frozen: {what}", number) for what, number in status["frozen"].items()]
    print_table(dataset, ["", "records"], rows)
    left = status["days with work left"]
    say(f"days with work left: {', '.join(left) or 'none'}")
    if came := status.get("flow of the last hour"):
        rows = [(what, str(found)) for what, found in came.items() if found is not None]
        print_table("flow of the last hour, by Kafka", ["", ""], rows)
    if partitions := status.get("partitions"):
        print_table("topic", list(partitions[0]), [list(one.values()) for one in partitions])
    if lost := status.get("accepted losses"):
        print_table("accepted losses", list(lost[0]), [list(one.values()) for one in lost])
