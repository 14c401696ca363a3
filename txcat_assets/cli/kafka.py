"""`txcat kafka`: what only an operator may decide about a topic."""

from dataclasses import dataclass

from txcat_assets.cli.terminal import complain, say
from txcat_assets.clock import utc_now
from txcat_assets.connections import kafka_door, warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import SettingRefused
from txcat_assets.pipeline.topics import Followed, Offered, losses
from txcat_assets.settings import Settings
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.creating import create_topics
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.topics import Acceptance, accept, followed_partitions, skip
from txcat_assets.warehouse.schema.tables import prepare


@dataclass(frozen=True)
class Asked:
    """Which loss is accepted: of one partition or of all, up to an offset or to where Kafka is."""

    topic: str
    partition: int | None
    until: int | None


def accept_gap(settings: Settings, asked: Asked, who: str, why: str) -> int:
    """Go on behind what Kafka has lost, and keep who accepted it; the exit code."""
    contract = _contract(asked.topic)
    door = kafka_door(settings)
    _must_be_set(door.config)
    warehouse = warehouse_of(settings)
    prepare(warehouse, contract)
    by = Acceptance(who, why, utc_now())
    with door.open(asked.topic) as topic:
        with warehouse.transaction() as tx:
            followed = _chosen(followed_partitions(tx, contract.dataset, asked.topic), asked)
        offered = topic.offered(followed)
        with warehouse.transaction() as tx:
            accepted = (
                _accept_losses(tx, contract, followed, offered, by)
                if asked.until is None
                else [_skip(tx, one, offered, asked.until, by) for one in followed]
            )
    for words in accepted:
        say(words)
    if not accepted:
        complain(f"Topic {asked.topic}: nothing is lost, so there is nothing to accept.")
    return 0 if accepted else 1


def create_missing_topics(settings: Settings, partitions: int) -> int:
    """Create the topic of each dataset that has one, unless it is there; the exit code."""
    config = kafka_door(settings).config
    _must_be_set(config)
    names = [contract.topic for contract in all_contracts().values() if contract.topic]
    created = create_topics(config, names, partitions)
    say(f"Created: {', '.join(created) or 'none'}; of {', '.join(names)}.")
    return 0


def _must_be_set(config: KafkaConfig) -> None:
    if not config.is_set:
        raise SettingRefused("TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set: there is no Kafka to ask.")


def _accept_losses(
    tx: Transaction, contract: Contract, followed: list[Followed], offered: Offered, by: Acceptance
) -> list[str]:
    return [
        f"Accepted for partition {loss.followed.partition}: {loss.kind} from offset "
        f"{loss.followed.head} on; goes on at {loss.begin}."
        for loss in losses(followed, offered)
        if accept(tx, contract.dataset, loss, offered, by)
    ]


def _skip(tx: Transaction, followed: Followed, offered: Offered, until: int, by: Acceptance) -> str:
    _, end = offered.ranges.get(followed.partition, (0, 0))
    if until > end:
        raise SettingRefused(
            f"--until {until}: partition {followed.partition} ends at {end}; what is still to come "
            "cannot be left out."
        )
    if not skip(tx, followed, until, by):
        raise SettingRefused(
            f"--until {until}: partition {followed.partition} is at offset {followed.head} already."
        )
    return f"Accepted for partition {followed.partition}: {followed.head} to {until} are left out."


def _chosen(followed: list[Followed], asked: Asked) -> list[Followed]:
    chosen = [one for one in followed if asked.partition in (None, one.partition)]
    if followed and not chosen:
        raise SettingRefused(
            f"Partition {asked.partition} of topic {asked.topic} is not followed; there are: "
            f"{', '.join(str(one.partition) for one in followed)}."
        )
    return chosen


def _contract(topic: str) -> Contract:
    by_topic = {one.topic: one for one in all_contracts().values() if one.topic}
    if topic not in by_topic:
        raise SettingRefused(f"No dataset has the topic {topic}; there are: {', '.join(by_topic)}.")
    return by_topic[topic]
