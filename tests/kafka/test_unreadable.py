"""Damaged bytes in the middle of a topic: all that can be read lands, the rest is named.

The damage is done to the broker's own files, behind its back, as a disk does it.
"""

import json
from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaProducer
from kafka.record.util import calc_crc32c

from tests.kafka.broker import Kafka
from tests.kafka.followed import Followed, record
from txcat_assets.errors import MessagesUnreadable, RecordsLost
from txcat_assets.pipeline.topics import Range
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.topics import Acceptance, followed_partitions, skip

LENGTH, CRC, ATTRIBUTES, RECORDS = 8, 17, 21, 61
"""Where these parts of a batch begin, by Kafka's format."""

Damage = Callable[[bytearray], None]


@pytest.fixture
def topic(kafka: Kafka, warehouse: Warehouse) -> Followed:
    return Followed(kafka, warehouse)


def send_batches(topic: Followed, *batches: list[int], compression: str | None = None) -> None:
    """Batches of these ids, to partition 0."""
    producer = KafkaProducer(
        bootstrap_servers=topic.kafka.broker.address, compression_type=compression, linger_ms=1_000
    )
    for ids in batches:
        for number in ids:
            value = json.dumps(record(number)).encode()
            producer.send(topic.topic, value, partition=0, headers=[("name", b"x")])
        producer.flush()
    producer.close()


def damage_second_batch(topic: Followed, damage: Damage) -> None:
    """Spoil a batch in the file that the broker sends it from."""
    folder = topic.kafka.broker.folder / "data" / f"{topic.topic}-0"
    (log,) = folder.glob("*.log")
    with log.open("r+b") as file:
        whole = file.read()
        start, end = list(ends_of_batches(whole))[:2]
        batch = bytearray(whole[start:end])
        damage(batch)
        file.seek(start)
        file.write(batch)


def ends_of_batches(whole: bytes) -> Iterator[int]:
    """Where each batch of a log ends."""
    at = 0
    while at < len(whole):
        at += 12 + int.from_bytes(whole[at + LENGTH : at + LENGTH + 4])
        yield at


def sealed(damage: Damage) -> Damage:
    """The damage with a check sum that fits it, as by a producer that is itself wrong."""

    def damage_and_seal(batch: bytearray) -> None:
        damage(batch)
        batch[CRC:ATTRIBUTES] = calc_crc32c(bytes(batch[ATTRIBUTES:])).to_bytes(4)

    return damage_and_seal


def flip_a_bit(batch: bytearray) -> None:
    batch[RECORDS + 10] ^= 1


def no_such_compression(batch: bytearray) -> None:
    batch[ATTRIBUTES + 1] |= 7


def other_bytes(batch: bytearray) -> None:
    batch[RECORDS:] = b"A" * (len(batch) - RECORDS)


def no_utf8_in_a_header(batch: bytearray) -> None:
    batch[batch.index(b"name")] = 0xFF


DAMAGED = {
    "a bit flipped": (None, flip_a_bit),
    "an unknown compression": (None, sealed(no_such_compression)),
    "a header's name that is no UTF-8": (None, sealed(no_utf8_in_a_header)),
    **{f"no {kind}": (kind, sealed(other_bytes)) for kind in ("gzip", "snappy", "lz4", "zstd")},
}


@pytest.mark.parametrize(("compression", "damage"), DAMAGED.values(), ids=DAMAGED)
def test_what_can_be_read_lands_and_the_rest_is_named(
    topic: Followed, compression: str | None, damage: Damage
) -> None:
    send_batches(topic, [1, 2, 3], [4, 5, 6, 7, 8], [9], compression=compression)
    topic.send(10, partition=1)
    damage_second_batch(topic, damage)
    with pytest.raises(MessagesUnreadable, match="the offsets 3 to 7 can be read by no") as refused:
        topic.land()
    assert f"accept-gap {topic.topic} --partition 0 --until 8 --why" in str(refused.value)
    assert sorted(topic.ids()) == [1, 2, 3, 10]
    assert topic.heads() == {0: 3, 1: 1}
    with topic.work.warehouse.transaction() as tx:
        (first, _) = followed_partitions(tx, "tiny", topic.topic)
        assert skip(tx, first, 8, Acceptance("ann", "a rotten disk", topic.work.now()))
    assert topic.land().records == 1
    assert sorted(topic.ids()) == [1, 2, 3, 9, 10]


def test_a_damaged_end_is_named_to_its_last_offset(topic: Followed) -> None:
    send_batches(topic, [1], [2, 3])
    damage_second_batch(topic, flip_a_bit)
    with pytest.raises(MessagesUnreadable, match="the offsets 1 to 2 can be read by no client"):
        topic.land()


def test_what_retention_takes_while_it_is_read_is_called_lost(topic: Followed) -> None:
    topic.send(1, 2, 3)
    with Topic(topic.kafka.config, topic.topic) as opened:
        end = opened.offered([]).ranges[0][1]
        topic.kafka.expire(topic.topic, 0, 2)
        with pytest.raises(RecordsLost, match="while it was read"):
            list(opened.read(Range(0, 0, 0, end), ["id"]))
