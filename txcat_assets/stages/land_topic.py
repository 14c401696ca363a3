"""The stage `landed`, Kafka's door: what has come to a topic becomes slices, each offset once.

The ledger's heads alone decide where reading begins. A loss stops the topic as a whole, before
anything of it is read; what files bring goes on.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import MessagesUnreadable, TopicAbsent, TxcatError
from txcat_assets.pipeline.topics import Offered, Range, lag, ranges
from txcat_assets.sources.kafka.broker import Broker
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.reading import Part
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages.compare_topics import compare_topic
from txcat_assets.stages.loop import one_ahead
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.slices import Landing, land
from txcat_assets.warehouse.ledger.topics import followed_partitions, last_record_text


@dataclass(frozen=True)
class KafkaDoor:
    """How topics are followed: where Kafka is, and how much a run takes at most."""

    config: KafkaConfig
    group: str
    run_records: int
    run_bytes: int
    wait_seconds: float
    dead_letter_topic: str = ""
    """Where quarantined messages go too; nowhere without it."""

    def follows(self, contract: Contract) -> bool:
        """Whether there is a Kafka, and the dataset has a topic."""
        return self.config.is_set and bool(contract.topic)

    def connected(self) -> Broker:
        """Kafka, to be asked about several topics; connected by the first question."""
        return Broker(self.config)

    def open(self, topic: str, broker: Broker | None = None) -> Topic:
        """The topic; nothing is connected before the first question."""
        return Topic(self.config, topic, broker)


@dataclass
class LandedTopic:
    """What became of the messages; `lag` is what is left by partition."""

    most_bytes: int
    began_at: datetime
    records: int = 0
    slices: int = 0
    value_bytes: int = 0
    claimed_by_others: int = 0
    oldest_at: datetime | None = None
    lag: dict[int, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether the run has taken all that it may."""
        return self.value_bytes >= self.most_bytes

    def add(self, part: Part) -> None:
        """Count a part that has landed."""
        self.slices += 1
        self.records += len(part.records)
        self.value_bytes += part.value_bytes
        at = part.records["_message_at"].min()
        if isinstance(at, datetime):
            self.oldest_at = min(at, self.oldest_at or at)

    def figures(self, now: datetime) -> dict[str, float]:
        """What this run took from the topic, by name."""
        found = {
            "landed now: messages": self.records,
            "landed now: message bytes": self.value_bytes,
            "landed now: messages a second": round(self.records / self._seconds(now), 1),
            "lag: offsets": sum(self.lag.values()),
            "topics left to other runs": self.claimed_by_others,
        }
        if self.oldest_at is None:
            return dict(found)
        return found | {"oldest message, seconds": (now - self.oldest_at).total_seconds()}

    def _seconds(self, now: datetime) -> float:
        """How long it took; never below 0, also when the clock was set back."""
        return max(0.001, (now - self.began_at).total_seconds())


def land_topic(work: Work, door: KafkaDoor, asked: Mapping[int, int]) -> LandedTopic:
    """Land what the dataset's topic has, from the ledger's heads on; again, it changes nothing.

    It arrives on the last of the work's days. Partitions are read to the end that they have now,
    or to the one that was `asked` for; a topic that is not there yet is waited for, with a warning.
    Raises RecordsLost where Kafka no longer has what is next, MessagesUnreadable once all that can
    be read has landed, and BrokerDown where it does not answer.
    """
    landed = LandedTopic(door.run_bytes, work.now())
    with work.warehouse.claim(work.contract.dataset, "topic", work.contract.topic) as is_mine:
        if not is_mine:
            landed.claimed_by_others = 1
            return landed
        with door.open(work.contract.topic) as topic:
            try:
                found = compare_topic(work, topic)
            except TopicAbsent as error:
                landed.warnings.append(str(error))
                return landed
            for wanted in ranges(found.followed, found.offered, asked, door.run_records):
                _land_range(work, topic, found.offered.topic_id, wanted, landed)
            _commit_heads(work, door, topic, found.offered, landed)
    if landed.unreadable:
        raise MessagesUnreadable(" ".join(landed.unreadable))
    return landed


def _land_range(
    work: Work, topic: Topic, topic_id: str, wanted: Range, landed: LandedTopic
) -> None:
    work.progress.expect("landed", wanted.end - wanted.start)
    with closing(topic.read(wanted, work.contract.column_names)) as parts:
        try:
            for part in one_ahead(takewhile(lambda _: not landed.is_full, parts)):
                # After it was read: so it came from the topic that the ledger follows.
                topic.require(topic_id)
                if not _land_part(work, wanted, part):
                    landed.claimed_by_others += 1
                    return
                landed.add(part)
        except MessagesUnreadable as error:
            landed.unreadable.append(str(error))


def _land_part(work: Work, wanted: Range, part: Part) -> bool:
    """Land a part behind the head; False where another run has moved the head meanwhile."""
    last = last_record_text(part.last)
    landing = Landing(wanted.object_id, part.start, part.end, work.days[-1], last)
    with work.warehouse.transaction() as tx:
        slice_id = land(tx, work.contract, landing, part.records, work.run)
    work.progress.advance("landed", part.end - part.start)
    return slice_id is not None


def _commit_heads(
    work: Work, door: KafkaDoor, topic: Topic, offered: Offered, landed: LandedTopic
) -> None:
    """Commit the heads to Kafka for lag monitors; it is only a warning where that fails."""
    with work.warehouse.transaction() as tx:
        followed = followed_partitions(tx, work.contract.dataset, topic.name)
    landed.lag = lag(followed, offered)
    if landed.slices:
        try:
            topic.commit(door.group, {one.partition: one.head for one in followed})
        except TxcatError as error:
            landed.warnings.append(str(error))
