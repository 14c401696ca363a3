"""What Kafka says of the topic of each dataset. The declarations stand at the end."""

from txcat_assets.health.look import Look
from txcat_assets.metrics.declared import Declared, Values


def _lags(look: Look) -> Values:
    for dataset, status in look.topics.items():
        for one in status.partitions:
            if one.lag is not None:
                yield (dataset, str(one.partition)), one.lag


def _topics(look: Look) -> Values:
    for dataset, status in look.topics.items():
        yield (dataset,), status.trouble is None and not status.is_awaited


def _losses(look: Look) -> Values:
    for dataset, status in look.topics.items():
        yield (dataset,), len(status.losses)


KAFKA = (
    Declared(
        "txcat_topic_lag_records",
        "Messages of the topic that have not landed.",
        ("dataset", "partition"),
        _lags,
    ),
    Declared(
        "txcat_topic_up",
        "Whether Kafka answers for the topic, and has it.",
        ("dataset",),
        _topics,
    ),
    Declared(
        "txcat_topic_losses",
        "What Kafka has lost of the topic and nobody has accepted.",
        ("dataset",),
        _losses,
    ),
)
