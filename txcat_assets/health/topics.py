"""How far each partition of a topic is read, what waits in Kafka, and what Kafka has lost.

Where Kafka does not answer, it is only what the ledger has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import TopicAbsent, TxcatError
from txcat_assets.pipeline.topics import Followed, Offered, lag, losses
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages.land_topic import KafkaDoor
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.topics import followed_partitions, noted_losses


@dataclass(frozen=True)
class FollowedTopic:
    """What the ledger has of a dataset's topic; losses are those that a run found last."""

    followed: list[Followed]
    losses: list[str]


@dataclass(frozen=True)
class PartitionStatus:
    """How far a partition has landed, where it ends, and since when its next message waits."""

    partition: int
    landed_up_to: int | None
    ends_at: int | None = None
    lag: int | None = None
    oldest_unread_at: datetime | None = None


@dataclass(frozen=True)
class TopicStatus:
    """A dataset's topic; `trouble` is why Kafka could not be asked of it.

    One that `is_awaited` is not there, and never was followed: it is once somebody creates it.
    """

    partitions: list[PartitionStatus]
    losses: list[str]
    trouble: TxcatError | None = None
    is_awaited: bool = False


def followed_topic(tx: Transaction, contract: Contract) -> FollowedTopic:
    """What the ledger has of the dataset's topic."""
    followed = followed_partitions(tx, contract.dataset, contract.topic)
    return FollowedTopic(followed, noted_losses(tx, contract.dataset))


def topic_statuses(
    door: KafkaDoor, contracts: Mapping[str, Contract], ledgers: Mapping[str, FollowedTopic]
) -> dict[str, TopicStatus]:
    """The topics of datasets as Kafka has them, compared with what the ledger had a moment before.

    One question to Kafka for all; what is wrong with one topic holds up no other.
    """
    names = {dataset: contracts[dataset].topic for dataset in ledgers}
    with door.connected() as broker:
        found: Mapping[str, Offered | TxcatError]
        try:
            found = broker.offered([*names.values()]) if names else {}
        except TxcatError as error:
            found = dict.fromkeys(names.values(), error)
        return {
            dataset: _status(door.open(name, broker), ledgers[dataset], found[name])
            for dataset, name in names.items()
        }


def _status(opened: Topic, ledger: FollowedTopic, found: Offered | TxcatError) -> TopicStatus:
    heads = {one.partition: one.head for one in ledger.followed}
    try:
        with opened as topic:
            offered = topic.compared(ledger.followed, found)
            left = lag(ledger.followed, offered)
            waiting = {
                partition: topic.written_at(partition, heads.get(partition, begin))
                for partition, (begin, _) in offered.ranges.items()
                if left[partition] and heads.get(partition, begin) >= begin
            }
    except TxcatError as error:
        if isinstance(error, TopicAbsent) and not ledger.followed:
            return TopicStatus([], [], is_awaited=True)
        partitions = [PartitionStatus(partition, head) for partition, head in heads.items()]
        return TopicStatus(partitions, ledger.losses, error)
    return TopicStatus(
        [
            PartitionStatus(p, heads.get(p), end, left[p], waiting.get(p))
            for p, (_, end) in sorted(offered.ranges.items())
        ],
        [loss.words for loss in losses(ledger.followed, offered)],
    )
