"""How far each partition of a topic is read, what waits in Kafka, and what Kafka has lost.

Where Kafka does not answer, it is only what the ledger has.
"""

from dataclasses import dataclass
from datetime import datetime

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import TopicAbsent, TxcatError
from txcat_assets.pipeline.topics import Followed, lag, losses
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


def topic_status(door: KafkaDoor, contract: Contract, ledger: FollowedTopic) -> TopicStatus:
    """The topic's state in Kafka, compared with what the ledger had a moment before."""
    heads = {one.partition: one.head for one in ledger.followed}
    try:
        with door.open(contract.topic) as topic:
            offered = topic.offered(ledger.followed)
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
