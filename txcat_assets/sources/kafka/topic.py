"""Kafka as a door: what a topic has to offer, and where txcat has got to.

How messages are read is in `reading`. Which offsets are read is decided by `pipeline.topics`
from the ledger's heads; no consumer group decides anything. A client lives for one run or one look,
and is closed when the block ends.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from txcat_assets.errors import RecordsLost, TopicRefused
from txcat_assets.pipeline.topics import Followed, Offered, Range, provable
from txcat_assets.sources.kafka.client import KafkaConfig, open_client, translated
from txcat_assets.sources.kafka.reading import Part, Reader

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient


class Topic:
    """One topic, over connections that are opened when they are first needed."""

    def __init__(self, config: KafkaConfig, name: str) -> None:
        self.name = name
        self._config = config
        self._connections = ExitStack()
        self._admin_client: KafkaAdminClient | None = None
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
        with translated(self._config, f"Asking for topic {self.name}"):
            topic_id, partitions = self._described()
            offered = Offered(self.name, topic_id, self._is_compacted(), self._ranges(partitions))
        if offered.is_compacted:
            raise TopicRefused(
                f"Topic {self.name} is compacted (cleanup.policy): Kafka removes records from its "
                "middle, so that what has landed could not be told from what was lost. Set "
                "cleanup.policy=delete, or let the records go through another topic."
            )
        others = self._reader.other_logs(provable(followed, offered))
        return replace(offered, other_logs=others)

    def require(self, topic_id: str) -> None:
        """Raise RecordsLost where the name stands for another topic than that of this id by now."""
        with translated(self._config, f"Asking for topic {self.name}"):
            found, _ = self._described()
        if found != topic_id:
            raise RecordsLost(
                f"Topic {self.name} was deleted and made anew while it was read; nothing of the "
                "new one was taken for the old one. The next look says what is lost, and how to "
                "accept it."
            )

    def partitions(self) -> list[int]:
        """The topic's partitions. Raises BrokerDown, BrokerRefused, or TopicRefused."""
        with translated(self._config, f"Asking for topic {self.name}"):
            return self._described()[1]

    def ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """Where the partitions end now: the cheap question, for a look that waits."""
        with translated(self._config, f"Asking for the end of topic {self.name}"):
            return self._offsets(partitions, "LATEST")

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
        """Tell Kafka where the ledger has got to, for lag monitors; nothing is ever read by it."""
        from kafka import OffsetAndMetadata, TopicPartition  # noqa: PLC0415 - not light
        from kafka.errors import NoError  # noqa: PLC0415 - not light

        offsets = {
            TopicPartition(self.name, partition): OffsetAndMetadata(head, "", -1)
            for partition, head in heads.items()
        }
        with translated(self._config, f"Committing offsets of group {group}"):
            for error in self._admin().alter_group_offsets(group, offsets).values():
                if not issubclass(error, NoError):
                    raise error(group)

    def _admin(self) -> "KafkaAdminClient":
        if self._admin_client is None:
            from kafka.admin import KafkaAdminClient  # noqa: PLC0415 - not light

            self._admin_client = open_client(KafkaAdminClient, self._config)
            self._connections.callback(self._admin_client.close)
        return self._admin_client

    def _described(self) -> tuple[str, list[int]]:
        """The topic's id and partitions; kafka-python gives an error code, not an error."""
        from kafka.errors import for_code  # noqa: PLC0415 - not light

        (found,) = self._admin().describe_topics([self.name])
        if found["error_code"]:
            raise for_code(found["error_code"])(self.name)
        return str(found["topic_id"]), [one["partition_index"] for one in found["partitions"]]

    def _is_compacted(self) -> bool:
        from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415 - not light

        asked = ConfigResource(ConfigResourceType.TOPIC, self.name)
        found: dict[str, Any] = self._admin().describe_configs([asked], config_filter="all")
        return "compact" in found["topic"][self.name]["cleanup.policy"]["value"]

    def _ranges(self, partitions: Sequence[int]) -> dict[int, tuple[int, int]]:
        begins = self._offsets(partitions, "EARLIEST")
        ends = self._offsets(partitions, "LATEST")
        return {partition: (begins[partition], ends[partition]) for partition in partitions}

    def _offsets(self, partitions: Sequence[int], which: str) -> dict[int, int]:
        from kafka import TopicPartition  # noqa: PLC0415 - not light
        from kafka.admin import OffsetSpec  # noqa: PLC0415 - not light
        from kafka.protocol.consumer import IsolationLevel  # noqa: PLC0415 - not light

        asked = {TopicPartition(self.name, one): OffsetSpec[which] for one in partitions}
        found = self._admin().list_partition_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED
        )
        return {at.partition: int(offset.offset) for at, offset in found.items()}
