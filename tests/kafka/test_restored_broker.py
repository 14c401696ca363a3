"""A broker whose disk was restored from before its last messages, and has grown past them since.

Kafka gives the same offsets to other records then, and says nothing of it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kafka.broker import Kafka
from tests.kafka.followed import Followed
from tools.kafka_broker import Broker, Missing, free_port, install_jars, running
from txcat_assets.warehouse.databases.interface import Warehouse

pytestmark = pytest.mark.slow


@pytest.fixture
def own_broker(tmp_path: Path) -> Broker:
    """A broker that a test may stop and start; it is not running."""
    try:
        install_jars()
    except Missing as missing:
        pytest.skip(f"no Kafka: {missing}")
    return Broker(tmp_path / "broker", free_port())


@contextmanager
def started(broker: Broker) -> Iterator[Kafka]:
    """The broker while it runs, and what is sent to it."""
    with running(broker), Kafka(broker) as kafka:
        yield kafka


def test_records_that_took_the_place_of_lost_ones_are_loud_until_it_is_accepted(
    own_broker: Broker, warehouse: Warehouse
) -> None:
    saved = own_broker.folder.with_name("saved")
    with started(own_broker) as kafka:
        topic = Followed(kafka, warehouse)
        topic.send(*range(10))
        assert topic.land().records == 10
    shutil.copytree(own_broker.folder, saved)
    with started(own_broker) as kafka:
        topic.kafka = kafka
        topic.send(*range(100, 105))
        assert topic.land().records == 5
    shutil.rmtree(own_broker.folder)
    shutil.copytree(saved, own_broker.folder)
    with started(own_broker) as kafka:
        topic.kafka = kafka
        topic.send(*range(200, 220))
        assert "given to other records" in str(topic.lost())
        topic.accept()
        assert topic.land().records == 30
        assert set(topic.ids()) >= {*range(10), *range(100, 105), *range(200, 220)}
        assert topic.land().records == 0
