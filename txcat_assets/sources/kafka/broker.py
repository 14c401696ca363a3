"""Asks Kafka about topics: one question for any number of them, over one connection.

Read, and compared with what has landed, is one topic alone: see `topic`.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from txcat_assets.errors import TxcatError
from txcat_assets.pipeline.topics import Offered
from txcat_assets.sources.kafka.client import KafkaConfig, in_own_words, open_client, translated

if TYPE_CHECKING:
    from kafka.admin import KafkaAdminClient


@dataclass(frozen=True)
class Described:
    """A topic's id, which another topic of the same name does not have, and its partitions."""

    topic_id: str
    partitions: list[int]


class Broker:
    """Kafka, over a connection that is opened when it is first needed, and closed with the block.

    Every question raises BrokerDown or BrokerRefused where Kafka cannot be asked at all.
    """

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self._connections = ExitStack()
        self._admin_client: KafkaAdminClient | None = None

    def __enter__(self) -> "Broker":
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()

    def described(self, names: Sequence[str]) -> dict[str, Described | TxcatError]:
        """Which topics there are by these names; TopicAbsent, or another error, for the others."""
        from kafka.errors import for_code  # noqa: PLC0415 - not light

        with translated(self._config, _asking_for(names)):
            found = self._admin().describe_topics(list(names))
        described: dict[str, Described | TxcatError] = {}
        for one in found:  # kafka-python gives an error code, not an error
            name, code = one["name"], one["error_code"]
            described[name] = (
                in_own_words(self._config, _asking_for([name]), for_code(code)(name))
                if code
                else Described(
                    str(one["topic_id"]), [part["partition_index"] for part in one["partitions"]]
                )
            )
        return described

    def offered(self, names: Sequence[str]) -> dict[str, Offered | TxcatError]:
        """What the topics have now, or why one of them cannot be asked."""
        described = self.described(names)
        there = {name: one for name, one in described.items() if isinstance(one, Described)}
        refused = {name: one for name, one in described.items() if isinstance(one, TxcatError)}
        return self._offered(there) | refused

    def ends(self, partitions: Mapping[str, Iterable[int]]) -> dict[str, dict[int, int]]:
        """Where the partitions of topics end now: the cheap question, for a look that waits."""
        with translated(self._config, _asking_for(partitions)):
            return self._offsets(partitions, "LATEST")

    def commit(self, group: str, name: str, heads: Mapping[int, int]) -> None:
        """Tell Kafka where the ledger has got to, for lag monitors; nothing is ever read by it."""
        from kafka import OffsetAndMetadata, TopicPartition  # noqa: PLC0415 - not light
        from kafka.errors import NoError  # noqa: PLC0415 - not light

        offsets = {
            TopicPartition(name, partition): OffsetAndMetadata(head, "", -1)
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

    def _offered(self, there: Mapping[str, Described]) -> dict[str, Offered | TxcatError]:
        """Of all at once; each alone where that fails, so that one holds up no other."""
        if not there:
            return {}
        try:
            with translated(self._config, _asking_for(there)):
                return {**self._asked(there)}
        except TxcatError as error:
            if len(there) == 1:
                return dict.fromkeys(there, error)
        alone = [self._offered({name: one}) for name, one in there.items()]
        return {name: found for one in alone for name, found in one.items()}

    def _asked(self, there: Mapping[str, Described]) -> dict[str, Offered]:
        compacted = self._compacted(there)
        partitions = {name: one.partitions for name, one in there.items()}
        begins, ends = (self._offsets(partitions, which) for which in ("EARLIEST", "LATEST"))
        return {
            name: Offered(
                name,
                one.topic_id,
                name in compacted,
                {number: (begins[name][number], ends[name][number]) for number in one.partitions},
            )
            for name, one in there.items()
        }

    def _compacted(self, names: Iterable[str]) -> set[str]:
        """The topics from whose middle Kafka removes records."""
        from kafka.admin import ConfigResource, ConfigResourceType  # noqa: PLC0415 - not light

        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        found = self._admin().describe_configs(asked, config_filter="all")["topic"]
        return {name for name in names if "compact" in found[name]["cleanup.policy"]["value"]}

    def _offsets(
        self, partitions: Mapping[str, Iterable[int]], which: str
    ) -> dict[str, dict[int, int]]:
        from kafka import TopicPartition  # noqa: PLC0415 - not light
        from kafka.admin import OffsetSpec  # noqa: PLC0415 - not light
        from kafka.protocol.consumer import IsolationLevel  # noqa: PLC0415 - not light

        asked = {
            TopicPartition(name, number): OffsetSpec[which]
            for name, numbers in partitions.items()
            for number in numbers
        }
        answers = self._admin().list_partition_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED
        )
        found: dict[str, dict[int, int]] = {name: {} for name in partitions}
        for at, offset in answers.items():
            found[at.topic][at.partition] = int(offset.offset)
        return found


def _asking_for(names: Iterable[str]) -> str:
    return f"Asking for topic {', '.join(names)}"
