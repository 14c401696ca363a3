"""How messages land: each offset once, by the ledger's heads alone, and nothing lost in silence."""

import json
from dataclasses import dataclass, replace
from itertools import count

import pytest
from kafka import KafkaProducer, TopicPartition

from tests.fakes import SteppedWarehouse
from tests.kafka.broker import Kafka, until
from tests.kafka.followed import Followed, record
from tests.warehouse.seen import everything
from txcat_assets.stages.land_topic import land_topic
from txcat_assets.stages.work import Silent
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.topics import gaps, noted_losses


@pytest.fixture
def topic(kafka: Kafka, warehouse: Warehouse) -> Followed:
    return Followed(kafka, warehouse)


def test_messages_land_once_with_their_offsets(topic: Followed) -> None:
    topic.send(1, 2, 3)
    topic.send(4, partition=1)
    assert topic.land().records == 4
    before = everything(topic.work.warehouse)
    assert topic.land().records == 0
    assert everything(topic.work.warehouse) == before
    assert sorted(topic.ids()) == [1, 2, 3, 4]
    assert topic.heads() == {0: 3, 1: 1}


def test_the_next_run_goes_on_where_the_last_ended(topic: Followed) -> None:
    topic.send(1, 2, 3)
    assert topic.land(p0=2).lag == {0: 1, 1: 0}
    topic.send(4)
    assert topic.land().records == 2
    assert topic.ids() == [1, 2, 3, 4]


def test_an_end_that_has_landed_already_is_an_old_request(topic: Followed) -> None:
    topic.send(1, 2, 3)
    topic.land()
    assert topic.land(p0=1).records == 0


def test_a_run_takes_so_many_and_the_next_goes_on(topic: Followed) -> None:
    topic.door = replace(topic.door, run_records=4)
    topic.send(*range(6))
    topic.send(*range(10, 16), partition=1)
    assert [topic.land().records for _ in range(4)] == [4, 4, 4, 0]
    topic.door = replace(topic.door, run_records=1_000, run_bytes=1)
    topic.send(20)
    topic.send(21, partition=1)
    assert [topic.land().records for _ in range(3)] == [1, 1, 0]


def test_markers_of_transactions_move_the_head_without_arecord(topic: Followed) -> None:
    producer = KafkaProducer(
        bootstrap_servers=topic.kafka.broker.address, transactional_id=topic.topic
    )
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic.topic, json.dumps(record(1)).encode(), partition=0)
    producer.flush()
    producer.abort_transaction()
    producer.close()
    until(lambda: topic.ends() == {0: 2, 1: 0})
    assert topic.land().records == 0
    assert topic.heads()[0] == 2


def test_a_topic_is_followed_from_what_it_has_when_it_is_first_seen(topic: Followed) -> None:
    topic.send(1, 2, 3)
    topic.kafka.expire(topic.topic, 0, 2)
    assert topic.land().records == 1
    assert topic.ids() == [3]


def test_what_retention_removed_is_loud_until_it_is_accepted(topic: Followed) -> None:
    topic.send(1)
    topic.send(9, partition=1)
    topic.land()
    topic.send(2, 3, 4)
    topic.send(10, partition=1)
    topic.kafka.expire(topic.topic, 0, 3)
    words = str(topic.lost())
    assert f"Topic {topic.topic}, partition 0" in words
    assert "next offset to land is 1" in words
    assert f"txcat kafka accept-gap {topic.topic} --partition 0" in words
    with topic.work.warehouse.transaction() as tx:
        assert noted_losses(tx, "tiny") == [words]
    topic.accept()
    assert topic.land().records == 2
    assert topic.ids() == [1, 9, 4, 10]
    with topic.work.warehouse.transaction() as tx:
        assert gaps(tx, "tiny") == [(topic.topic, 0, 1, 3, "ann", "we know")]
        assert noted_losses(tx, "tiny") == []


def test_a_topic_that_was_made_anew_is_loud_until_it_is_accepted(topic: Followed) -> None:
    topic.send(1, 2)
    topic.land()
    topic.kafka.anew(topic.topic)
    topic.send(3, 4, 5)
    assert "deleted and made anew" in str(topic.lost())
    topic.accept()
    assert topic.land().records == 3
    assert topic.ids() == [1, 2, 3, 4, 5]
    assert topic.heads() == {0: 3}


@dataclass
class MadeAnew(Silent):
    """Makes the topic anew, with other records, between the look and the reading."""

    topic: Followed
    is_due: bool = True

    def expect(self, stage: str, records: int) -> None:  # noqa: ARG002 - the protocol's
        """The moment after the look."""
        if self.is_due:
            self.is_due = False
            self.topic.kafka.anew(self.topic.topic, 2)
            self.topic.send(11, 12, 13)


def test_a_topic_that_is_made_anew_while_it_is_read_lands_nothing_under_the_old_id(
    topic: Followed,
) -> None:
    topic.send(1, 2, 3)
    topic.work = replace(topic.work, progress=MadeAnew(topic))
    for _ in range(2):  # in mid-read, and at the next look
        assert "made anew" in str(topic.lost())
    topic.accept()
    assert topic.land().records == 3
    assert topic.ids() == [11, 12, 13]
    with topic.work.warehouse.transaction() as tx:
        assert gaps(tx, "tiny")[0][:4] == (topic.topic, 0, 0, None)


def test_new_partitions_are_read_from_their_beginning(topic: Followed) -> None:
    topic.send(1)
    topic.land()
    topic.kafka.admin.create_partitions({topic.topic: 3})
    with Kafka(topic.kafka.broker) as later:
        until(lambda: len(later.ends(topic.topic)) == 3)
        later.send(topic.topic, [record(2)], partition=2)
    assert topic.land().records == 1
    assert topic.heads() == {0: 1, 1: 0, 2: 1}


def test_while_another_run_is_at_it_nothing_is_read(topic: Followed) -> None:
    topic.send(1)
    with topic.work.warehouse.claim("tiny", "topic", topic.topic):
        assert topic.land().claimed_by_others == 1
    assert topic.land().records == 1


@pytest.mark.parametrize("moment", [1, 3, 4, 6, 7, 9, 10, 12])  # between two transactions
def test_two_runs_without_claims_land_each_offset_once(topic: Followed, moment: int) -> None:
    topic.send(1, 2, 3)
    steps = count(1)

    def other_run_comes() -> None:
        if next(steps) == moment:
            land_topic(replace(topic.work, warehouse=shared), topic.door, {})

    shared = topic.work.warehouse
    mine = SteppedWarehouse(shared, other_run_comes, has_claims=False, is_fine=False)
    land_topic(replace(topic.work, warehouse=mine), topic.door, {})
    assert topic.land().records == 0
    assert topic.ids() == [1, 2, 3]


def test_lag_monitors_hear_of_what_has_landed(topic: Followed) -> None:
    topic.send(1, 2, 3)
    while topic.land().warnings:  # the group's coordinator comes with the first question
        topic.send(4)
    found = topic.kafka.admin.list_group_offsets({"txcat-test": None})
    offsets = {at: one.offset for at, one in found["txcat-test"].items()}
    for partition, head in topic.heads().items():
        assert offsets[TopicPartition(topic.topic, partition)] == head
