"""Compares topics with the ledger's heads: what is new, and whether each is still the same log.

The heads are read first, then Kafka is asked: a head that moves meanwhile only leaves less to read.
Asked again it changes nothing: what is lost, and which partitions are followed, is noted once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from txcat_assets.errors import RecordsLost, TopicAbsent, TopicRefused, TxcatError
from txcat_assets.pipeline.topics import Followed, Offered, losses, new_partitions
from txcat_assets.sources.kafka.broker import Broker
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.topics import follow, followed_partitions, note_losses


@dataclass(frozen=True)
class Compared:
    """The partitions that the ledger follows, and what Kafka has of them; nothing is lost."""

    followed: list[Followed]
    offered: Offered


def compare_topic(work: Work, topic: Topic) -> Compared:
    """The ledger's heads, then what Kafka has; new partitions are followed from now on.

    Raises RecordsLost, TopicAbsent where the topic was never followed, and what Kafka says.
    """
    with work.warehouse.transaction() as tx:
        followed = followed_partitions(tx, work.contract.dataset, topic.name)
    return _compared(work, topic, followed, topic.found())


def compare_topics(
    works: Sequence[Work], topics: Mapping[str, Topic], broker: Broker
) -> dict[str, Compared | TxcatError]:
    """The same of several datasets, by their names, with one question to each of the two sides.

    What is wrong with one topic holds up no other. Raises where the ledger or Kafka cannot be asked
    at all.
    """
    if not works:
        return {}
    with works[0].warehouse.transaction() as tx:
        heads = [
            followed_partitions(tx, work.contract.dataset, work.contract.topic) for work in works
        ]
    offered = broker.offered([work.contract.topic for work in works])
    found: dict[str, Compared | TxcatError] = {}
    for work, followed in zip(works, heads, strict=True):
        dataset, name = work.contract.dataset, work.contract.topic
        try:
            found[dataset] = _compared(work, topics[dataset], followed, offered[name])
        except TxcatError as error:
            found[dataset] = error
    return found


def _compared(
    work: Work, topic: Topic, followed: list[Followed], found: Offered | TxcatError
) -> Compared:
    dataset = work.contract.dataset
    if isinstance(found, TopicAbsent) and followed:
        raise TopicRefused(f"{found} It was followed: what had not landed of it is lost.")
    offered = topic.compared(followed, found)
    lost = losses(followed, offered)
    if lost or any(one.has_loss for one in followed) or new_partitions(followed, offered):
        with work.warehouse.transaction() as tx:
            note_losses(tx, followed, lost)
            if not lost:
                follow(tx, dataset, offered, new_partitions(followed, offered), work.now())
                followed = followed_partitions(tx, dataset, topic.name)
    if lost:
        raise RecordsLost(" ".join(loss.words for loss in lost))
    return Compared(followed, offered)
