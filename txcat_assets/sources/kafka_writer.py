"""Messages to Kafka, each counted when the broker has confirmed that it has it.

Connections and errors are those of `kafka_client`.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from txcat_assets.sources.kafka_client import KafkaConfig, translated

if TYPE_CHECKING:
    from kafka import KafkaProducer

Headers = Sequence[tuple[str, bytes | None]]


class TopicWriter:
    """Sends to topics, idempotent and confirmed by all replicas: a retry doubles nothing."""

    def __init__(self, config: KafkaConfig) -> None:
        self._config = config
        self._connections = ExitStack()
        self._producer: KafkaProducer | None = None
        self._failures: list[Exception] = []
        self.delivered = 0

    def __enter__(self) -> "TopicWriter":
        return self

    def __exit__(self, *error: object) -> None:
        self._connections.close()

    def send(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Send soon; `confirm` says whether it has arrived.

        kafka-python sends no header without a value, and no message without both key and value:
        there an empty one stands for it.
        """
        if key is None and value is None:
            value = b""
        whole = [(name, text or b"") for name, text in headers]
        with translated(self._config, f"Sending to topic {topic}"):
            sent = self._open().send(topic, key=key, value=value, headers=whole)
        sent.add_callback(self._arrived)
        sent.add_errback(self._failures.append)

    def confirm(self) -> None:
        """Wait until all that was sent has arrived. Raises when anything has not."""
        with translated(self._config, "Sending"):
            if self._producer is not None:
                self._producer.flush(timeout=self._config.timeout_seconds * 3)
            if self._failures:
                raise self._failures[0]

    def _arrived(self, _: Any) -> None:
        self.delivered += 1

    def _open(self) -> "KafkaProducer":
        if self._producer is None:
            from kafka import KafkaProducer  # noqa: PLC0415 - not light

            patience_ms = int(self._config.timeout_seconds * 1_000)
            self._producer = KafkaProducer(
                **self._config.options(),
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=20,
                max_block_ms=patience_ms,
                delivery_timeout_ms=patience_ms * 2,
            )
            self._connections.callback(self._producer.close, timeout=self._config.timeout_seconds)
        return self._producer
