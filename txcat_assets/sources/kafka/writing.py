"""Messages to Kafka, each counted when the broker has confirmed that it has it.

Connections and errors are those of `client`.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from txcat_assets.errors import BrokerDown, MessageRefused
from txcat_assets.sources.kafka.client import KafkaConfig, in_own_words, open_client, translated
from txcat_assets.sources.kafka.topic import Topic

if TYPE_CHECKING:
    from kafka import KafkaProducer

LARGEST_BYTES = 2**31 - 1
"""What is too large for a topic is for the broker to say, after compression."""

Headers = Sequence[tuple[str, bytes | None]]


@dataclass
class Delivery:
    """What became of a message; it is known once the writer has confirmed."""

    has_failed: bool = False


class TopicWriter:
    """Sends to topics, confirmed by all replicas; unless it `may_double`, a retry doubles nothing.

    After a message that Kafka refuses, kafka-python's idempotent producer takes no other.
    """

    def __init__(self, config: KafkaConfig, *, may_double: bool = False) -> None:
        self._config = config
        self._may_double = may_double
        self._connections = ExitStack()
        self._producer: KafkaProducer | None = None
        self._failures: list[Exception] = []
        self.delivered = 0

    def __enter__(self) -> "TopicWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()

    def send(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> Delivery:
        """Send soon; `confirm` says whether it has arrived.

        kafka-python sends no header without a value, and no message without both key and value:
        there an empty one stands for it.
        """
        delivery = Delivery()
        if key is None and value is None:
            value = b""
        whole = [(name, text or b"") for name, text in headers]
        with self._explained(topic), translated(self._config, f"Sending to topic {topic}"):
            sent = self._open().send(topic, key=key, value=value, headers=whole)
        sent.add_callback(self._arrived)
        sent.add_errback(self._failed, delivery)
        return delivery

    def confirm(self) -> None:
        """Wait until all that was sent has arrived; raises when anything has not.

        MessageRefused says that nothing worse happened than that Kafka refuses some of it.
        """
        with translated(self._config, "Sending"):
            if self._producer is not None:
                self._producer.flush(timeout=self._config.timeout_seconds * 3)
        failures, self._failures = self._failures, []
        troubles = [in_own_words(self._config, "Sending", failure) for failure in failures]
        if troubles:
            raise min(troubles, key=lambda trouble: isinstance(trouble, MessageRefused))

    def _arrived(self, _: Any) -> None:
        self.delivered += 1

    def _failed(self, delivery: Delivery, failure: Exception) -> None:
        delivery.has_failed = True
        self._failures.append(failure)

    @contextmanager
    def _explained(self, topic: str) -> Iterator[None]:
        """A topic that is not there is a silent broker to the producer: ask, before it is told."""
        try:
            yield
        except BrokerDown:
            with Topic(self._config, topic) as asked:
                asked.partitions()
            raise

    def _open(self) -> "KafkaProducer":
        if self._producer is None:
            from kafka import KafkaProducer  # noqa: PLC0415 - not light

            patience_ms = int(self._config.timeout_seconds * 1_000)
            self._producer = open_client(
                KafkaProducer,
                self._config,
                acks="all",
                max_request_size=LARGEST_BYTES,
                enable_idempotence=not self._may_double,
                compression_type="lz4",
                linger_ms=20,
                max_block_ms=patience_ms,
                delivery_timeout_ms=patience_ms * 2,
            )
            self._connections.callback(self._producer.close, timeout=self._config.timeout_seconds)
        return self._producer
