"""A broker that dies, hangs and comes back: nothing is lost, and the words say what to do."""

import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kafka.broker import Kafka
from tests.kafka.followed import SOMEBODY
from tests.kafka.worker import bring_up_to_date, contract_of, door_to
from tests.warehouse.audit import audit
from tests.warehouse.seen import arrived
from tests.warehouse.tiny import work_on
from tools.kafka_broker import Broker, free_port, start
from txcat_assets.errors import BrokerDown, RecordsLost
from txcat_assets.pipeline.topics import Range, losses
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.stages.land_topic import land_topic
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.topics import accept, followed_partitions
from txcat_assets.warehouse.schema.tables import prepare

pytestmark = pytest.mark.slow

SOME = [{"id": number, "amount": "2", "side": "debit"} for number in range(1, 6)]
MORE = [{"id": number, "amount": "2", "side": "debit"} for number in range(6, 11)]
PAUSE_SECONDS = 15
"""Longer than three time-outs of the client, and than the 9 s after which Kafka fences a broker."""

LATER = [{"id": number, "amount": "2", "side": "debit"} for number in range(11, 13)]


class OwnBroker:
    """A broker of one test, which may do anything to it."""

    def __init__(self, folder: Path) -> None:
        self.broker = Broker(folder, free_port())
        self._process = start(self.broker)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def heal(self) -> None:
        """Let it go on, or start it again."""
        self.signal(signal.SIGCONT)
        if self._process.poll() is not None:
            self.start_again()

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it as its operator does."""
        self._process.terminate()
        self._process.wait(30)

    def start_again(self) -> None:
        """On the same folder and port."""
        self._process = start(self.broker)


@pytest.fixture(scope="module")
def mine(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    """A broker to be killed; the shared one has shown that there can be one."""
    assert broker.port
    own = OwnBroker(tmp_path_factory.mktemp("own"))
    yield own
    own.kill()


@pytest.fixture
def own(mine: OwnBroker) -> OwnBroker:
    """The same, up and well whatever the last test did to it."""
    mine.heal()
    return mine


def ids(warehouse: Warehouse, topic: str) -> list[str]:
    """The ids that have landed."""
    return sorted(str(record.texts[0]) for record in arrived(warehouse, contract_of(topic)))


def all_ids(*sent: list[dict[str, object]]) -> list[str]:
    """The ids that were sent."""
    return sorted(str(record["id"]) for some in sent for record in some)


def test_a_killed_broker_that_comes_back_is_followed_from_where_it_was(
    own: OwnBroker, warehouse: Warehouse
) -> None:
    address = own.broker.address
    with Kafka(own.broker) as kafka:
        topic = kafka.topic()
        kafka.send(topic, SOME)
    bring_up_to_date(warehouse, topic, address)
    own.kill()
    with pytest.raises(BrokerDown, match="Nothing is lost"):
        bring_up_to_date(warehouse, topic, address)
    own.start_again()
    with Kafka(own.broker) as kafka:
        kafka.send(topic, MORE)
    bring_up_to_date(warehouse, topic, address)
    audit(warehouse, contract_of(topic))
    assert ids(warehouse, topic) == all_ids(SOME, MORE)


def test_a_broker_that_hangs_in_mid_read_ends_the_run_in_time_and_loses_nothing(
    own: OwnBroker, warehouse: Warehouse
) -> None:
    config = KafkaConfig(own.broker.address, timeout_seconds=2)
    with Kafka(own.broker) as kafka:
        topic = kafka.topic()
        for _ in range(100):
            kafka.send(topic, SOME)
    with Topic(config, topic) as opened:
        end = opened.offered([]).ranges[0][1]
        parts = opened.read(Range(0, 0, 0, end + 1), ["id"])
        began = time.monotonic()
        own.signal(signal.SIGSTOP)
        with pytest.raises(BrokerDown):
            list(parts)
        assert time.monotonic() - began < 20
    own.signal(signal.SIGCONT)
    bring_up_to_date(warehouse, topic, own.broker.address)
    assert len(ids(warehouse, topic)) == 100 * len(SOME)


def test_a_broker_that_is_paused_is_followed_from_where_it_was(
    own: OwnBroker, warehouse: Warehouse
) -> None:
    with Kafka(own.broker) as kafka:
        topic = kafka.topic()
        kafka.send(topic, SOME)
    own.signal(signal.SIGSTOP)
    contract = contract_of(topic)
    prepare(warehouse, contract)
    paused_at, failures = time.monotonic(), 0
    while time.monotonic() - paused_at < PAUSE_SECONDS:
        with pytest.raises(BrokerDown):
            land_topic(work_on(warehouse, contract), door_to(own.broker.address), {})
        failures += 1
    own.signal(signal.SIGCONT)
    assert failures < PAUSE_SECONDS / 2, "it waits for the broker, and does not spin"
    bring_up_to_date(warehouse, topic, own.broker.address)
    assert ids(warehouse, topic) == all_ids(SOME)


def test_a_broker_at_a_new_address_is_the_same_broker(own: OwnBroker, warehouse: Warehouse) -> None:
    with Kafka(own.broker) as kafka:
        topic = kafka.topic()
        kafka.send(topic, SOME)
    bring_up_to_date(warehouse, topic, own.broker.address)
    own.kill()
    own.broker = replace(own.broker, port=free_port())
    own.start_again()
    with Kafka(own.broker) as kafka:
        kafka.send(topic, MORE)
    bring_up_to_date(warehouse, topic, own.broker.address)
    assert ids(warehouse, topic) == all_ids(SOME, MORE)


def test_an_end_that_a_broker_lost_is_loud_until_it_is_accepted(
    own: OwnBroker, warehouse: Warehouse, tmp_path: Path
) -> None:
    address = own.broker.address
    with Kafka(own.broker) as kafka:
        topic = kafka.topic()
        kafka.send(topic, SOME)
    bring_up_to_date(warehouse, topic, address)
    own.stop()
    shutil.copytree(own.broker.folder, tmp_path / "backup")
    own.start_again()
    with Kafka(own.broker) as kafka:
        kafka.send(topic, MORE)
    bring_up_to_date(warehouse, topic, address)
    own.stop()
    shutil.rmtree(own.broker.folder)
    shutil.copytree(tmp_path / "backup", own.broker.folder)
    own.start_again()
    with pytest.raises(RecordsLost, match=r"to land is 10, but .* ends at 5 by now"):
        bring_up_to_date(warehouse, topic, address)
    with Kafka(own.broker) as kafka:
        kafka.send(topic, LATER)
    with Topic(KafkaConfig(address), topic) as opened, warehouse.transaction() as tx:
        followed = followed_partitions(tx, "tiny", topic)
        offered = opened.offered(followed)
        (loss,) = losses(followed, offered)
        assert accept(tx, "tiny", loss, offered, SOMEBODY)
    bring_up_to_date(warehouse, topic, address)
    audit(warehouse, contract_of(topic))
    assert ids(warehouse, topic) == all_ids(SOME, MORE, SOME, LATER), "what it still has is a copy"


def test_what_a_producer_sent_twice_lands_twice_and_counts_once(
    own: OwnBroker, warehouse: Warehouse
) -> None:
    with Kafka(own.broker) as kafka:
        topic = kafka.topic()
        kafka.send(topic, SOME)
        kafka.send(topic, SOME)
    bring_up_to_date(warehouse, topic, own.broker.address)
    assert ids(warehouse, topic) == all_ids(SOME, SOME)
    with warehouse.transaction() as tx:
        found = tx.rows("SELECT sum(validated), sum(duplicate) FROM ledger.slices")
    assert found == [(5, 5)]
