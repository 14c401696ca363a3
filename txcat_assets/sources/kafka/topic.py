"""Kafka as a door: what a topic has to offer, and where txcat has got to.

How messages are read is in `reading`. Which offsets are read is decided by `pipeline.topics`
from the ledger's heads; no consumer group decides anything. A client lives for one run or one look,
and is closed when the block ends.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime

from txcat_assets.errors import RecordsLost, TopicRefused, TxcatError
from txcat_assets.pipeline.topics import Followed, Offered, Range, provable
from txcat_assets.sources.kafka.broker import Broker, Described
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.reading import Part, Reader


class Topic:
    """One topic, over connections that are opened when they are first needed.

    Several topics can be asked about over one `broker`; it is then closed by whoever opened it.
    """

    def __init__(self, config: KafkaConfig, name: str, broker: Broker | None = None) -> None:
        self.name = name
        self._connections = ExitStack()
        self._broker = broker or self._connections.enter_context(Broker(config))
        self._reader = Reader(config, name)
        self._connections.callback(self._reader.close)

    def __enter__(self) -> "Topic":
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()

    def offered(self, followed: Sequence[Followed]) -> Offered:
        """What the topic has now, compared with what has landed of it.

        Raises BrokerDown, BrokerRefused, or TopicRefused, this too where the topic is compacted:
        Kafka removes records from its middle.
        """
        return self.compared(followed, self.found())

    def found(self) -> Offered | TxcatError:
        """What the topic has now, or why it cannot be asked; see `Broker.offered`."""
        return self._broker.offered([self.name])[self.name]

    def compared(self, followed: Sequence[Followed], found: Offered | TxcatError) -> Offered:
        """What the broker has found, with the partitions that are another log than what landed.

        Raises what `offered` raises.
        """
        if isinstance(found, TxcatError):
            raise found
        if found.is_compacted:
            raise TopicRefused(
                f"Topic {self.name} is compacted (cleanup.policy): Kafka removes records from its "
                "middle, so that what has landed could not be told from what was lost. Set "
                "cleanup.policy=delete, or let the records go through another topic."
            )
        return replace(found, other_logs=self._reader.other_logs(provable(followed, found)))

    def require(self, topic_id: str) -> None:
        """Raise RecordsLost where the name stands for another topic than that of this id by now."""
        if self._described().topic_id != topic_id:
            raise RecordsLost(
                f"Topic {self.name} was deleted and made anew while it was read; nothing of the "
                "new one was taken for the old one. The next look says what is lost, and how to "
                "accept it."
            )

    def partitions(self) -> list[int]:
        """The topic's partitions. Raises BrokerDown, BrokerRefused, or TopicRefused."""
        return self._described().partitions

    def read(self, wanted: Range, columns: Sequence[str]) -> Generator[Part, None, None]:
        """The records of a range, in parts of bounded size; see `Reader.parts`."""
        return self._reader.parts(wanted, columns)

    def values(self, wanted: Range, offsets: set[int]) -> dict[int, bytes | None]:
        """The values of some offsets of a range, byte by byte; those that Kafka still has."""
        return self._reader.values(wanted, offsets)

    def written_at(self, partition: int, offset: int) -> datetime | None:
        """The timestamp of the first message from an offset on, UTC; None without one in time."""
        wanted = Range(0, partition, offset, offset + 1)
        with closing(self.read(wanted, [])) as parts:
            moments = [part.records["_message_at"].min() for part in parts]
        return next((at for at in moments if isinstance(at, datetime)), None)

    def commit(self, group: str, heads: Mapping[int, int]) -> None:
        """Tell Kafka where the ledger has got to; see `Broker.commit`."""
        self._broker.commit(group, self.name, heads)

    def _described(self) -> Described:
        found = self._broker.described([self.name])[self.name]
        if isinstance(found, TxcatError):
            raise found
        return found
