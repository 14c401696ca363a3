"""Creates the topics that are not there yet; everything else about a topic is read, never changed.

Where somebody else keeps the topics, nothing of this is called.
"""

from collections.abc import Sequence
from contextlib import closing

from txcat_assets.sources.kafka.client import KafkaConfig, translated

AS_KAFKA_SAYS = -1
"""Kafka's word for: as many copies as its own settings say."""


def create_topics(config: KafkaConfig, names: Sequence[str], partitions: int) -> list[str]:
    """Create those of the topics that are missing; their names. What is there stays as it is."""
    from kafka.admin import KafkaAdminClient, NewTopic  # noqa: PLC0415 - not light

    with (
        translated(config, f"Creating topics {', '.join(names)}"),
        closing(KafkaAdminClient(**config.options())) as admin,
    ):
        missing = sorted(set(names) - set(admin.list_topics()))
        if missing:
            admin.create_topics([NewTopic(name, partitions, AS_KAFKA_SAYS) for name in missing])
    return missing
