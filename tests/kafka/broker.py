"""Topics of a test's own on a real broker, and what is sent to them.

How the broker is started is in `tools.kafka_broker`.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic, OffsetSpec

from tools.kafka_broker import Broker
from txcat_assets.sources.kafka.client import KafkaConfig


class Kafka:
    """A broker as one test sees it: it never meets the topics of another test."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.config = KafkaConfig(broker.address, timeout_seconds=10)
        self._open = ExitStack()

    def __enter__(self) -> "Kafka":
        self.admin = KafkaAdminClient(bootstrap_servers=self.broker.address)
        self._open.callback(self.admin.close)
        self._producer = KafkaProducer(bootstrap_servers=self.broker.address, acks="all")
        self._open.callback(self._producer.close)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def topic(self, partitions: int = 1, name: str = "", **config: str) -> str:
        """A new topic with a name of its own, or the one given."""
        name = name or f"t{uuid4().hex}"
        settings = {key.replace("_", "."): value for key, value in config.items()}
        self.admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        self.admin.wait_for_topics([name])
        return name

    def anew(self, name: str, partitions: int = 1) -> str:
        """A topic of this very name with nothing in it; what was there under it is gone."""
        self.forget(name)
        return self.topic(partitions, name)

    def forget(self, name: str) -> None:
        """Delete a topic, if it is there."""
        if name in self.admin.list_topics():
            self.admin.delete_topics([name])
            until(lambda: name not in self.admin.list_topics())

    def send(
        self, topic: str, values: Iterable[object], partition: int | None = None, **more: Any
    ) -> None:
        """Messages of these values: bytes and None as they are, the rest as JSON; delivered."""
        sent = [
            self._producer.send(topic, value=_bytes(value), partition=partition, **more)
            for value in values
        ]
        self._producer.flush()
        for one in sent:
            one.get(10)

    def ends(self, topic: str) -> Mapping[int, int]:
        """Where the partitions end, read_uncommitted."""
        (described,) = self.admin.describe_topics([topic])
        partitions = [one["partition_index"] for one in described["partitions"]]
        found = self.admin.list_partition_offsets(
            {TopicPartition(topic, p): OffsetSpec.LATEST for p in partitions}
        )
        return {at.partition: offset.offset for at, offset in found.items()}

    def expire(self, topic: str, partition: int, before: int) -> None:
        """Remove what is before an offset, as retention does."""
        self.admin.delete_records({TopicPartition(topic, partition): before})


def _bytes(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return json.dumps(value).encode()


def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something is so; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"it is not so after {seconds} s"
        time.sleep(0.05)
