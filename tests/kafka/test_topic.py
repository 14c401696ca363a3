"""What a real topic gives: each message as a record, alone with its fault, at its offset."""

import gc
import json
import logging
import socket
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from kafka import KafkaProducer

from tests.kafka.broker import Kafka, until
from tools.kafka_broker import free_port
from txcat_assets.errors import BrokerDown, TopicRefused
from txcat_assets.pipeline.topics import Range
from txcat_assets.sources.kafka.broker import Broker
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.reading import Part
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.sources.kafka.writing import TopicWriter

COLUMNS = ["id", "name"]
GOOD = {"id": 1, "name": "a"}


def read(kafka: Kafka, topic: str, start: int = 0, end: int | None = None) -> list[Part]:
    """Partition 0 of a topic, from an offset to its end."""
    with Topic(kafka.config, topic) as opened:
        last = opened.offered([]).ranges[0][1] if end is None else end
        return list(opened.read(Range(0, 0, start, last), COLUMNS))


def records(parts: Sequence[Part]) -> pl.DataFrame:
    """The records of the parts."""
    return pl.concat([part.records for part in parts])


POISON = {
    "a tombstone": (None, "tombstone"),
    "empty": (b"", "empty_value"),
    "blanks": (b" \n", "empty_value"),
    "no UTF-8": (b'{"id": "\xe9"}', "bad_encoding"),
    "UTF-16": ('{"id": 1}'.encode("utf-16"), "nul_byte"),
    "broken JSON": (b'{"id": 1', "broken_json"),
    "a name twice": (b'{"id": 1, "id": 2}', "broken_json"),
    "a list": (b"[1]", "not_an_object"),
    "a number": (b"1", "not_an_object"),
    "nested": (b'{"id": {"a": 1}}', "nested_value"),
    "a NUL": (rb'{"id": "\u0000"}', "nul_byte"),
}


@pytest.mark.parametrize(("value", "fault"), POISON.values(), ids=POISON)
def test_a_poison_message_is_set_aside_alone_with_all_that_it_came_with(
    kafka: Kafka, value: bytes | None, fault: str
) -> None:
    topic = kafka.topic()
    kafka.send(topic, [GOOD])
    kafka.send(topic, [value], key=b"k", headers=[("h", b"x")], timestamp_ms=1_700_000_000_123)
    kafka.send(topic, [GOOD])
    found = records(read(kafka, topic))
    assert found["_fault"].to_list() == [None, fault, None]
    assert found["_bytes"].to_list() == [None, value or b"", None]
    assert found["id"].to_list() == ["1", None, "1"]
    assert found["_message_key"].to_list() == [None, b"k", None]
    assert found["_message_headers"].to_list() == [None, '[["h", "x"]]', None]
    assert found["_message_at"][1] == datetime(2023, 11, 14, 22, 13, 20, 123_000)  # noqa: DTZ001


ODD = {
    "a number in a text": ({"id": 1, "name": 2.50}, "2.5"),
    "a text in a number": ({"id": "1", "name": "x"}, "x"),
    "an unknown field": ({"id": 1, "name": "x", "more": [1]}, "x"),
    "a huge integer": ({"id": 1, "name": 10**4_000}, "1" + "0" * 4_000),
    "a megabyte": ({"id": 1, "name": "x" * 900_000}, "x" * 900_000),
}


@pytest.mark.parametrize(("value", "name"), ODD.values(), ids=ODD)
def test_an_odd_message_keeps_what_it_says(kafka: Kafka, value: object, name: str) -> None:
    topic = kafka.topic()
    kafka.send(topic, [value])
    found = records(read(kafka, topic))
    assert found.select("id", "name", "_fault").rows() == [("1", name, None)]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_every_compression_is_read(kafka: Kafka, compression: str) -> None:
    topic = kafka.topic()
    address = kafka.broker.address
    producer = KafkaProducer(bootstrap_servers=address, compression_type=compression)
    for number in range(100):
        producer.send(topic, json.dumps({"id": number}).encode())
    producer.close()
    assert records(read(kafka, topic))["id"].to_list() == [str(n) for n in range(100)]


def test_offsets_are_positions_and_an_end_is_kept_to(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, [{"id": n} for n in range(9)])
    (part,) = read(kafka, topic, start=3, end=7)
    assert (part.start, part.end) == (3, 7)
    assert part.records["_position"].to_list() == [3, 4, 5, 6]
    assert part.records["id"].to_list() == ["3", "4", "5", "6"]


def test_what_a_transaction_took_back_is_never_seen(kafka: Kafka) -> None:
    topic = kafka.topic()
    producer = KafkaProducer(bootstrap_servers=kafka.broker.address, transactional_id=topic)
    producer.init_transactions()
    for number, is_kept in enumerate([True, False, True, False]):
        producer.begin_transaction()
        producer.send(topic, json.dumps({"id": number}).encode(), partition=0)
        producer.flush()
        producer.commit_transaction() if is_kept else producer.abort_transaction()
    producer.close()
    parts = read(kafka, topic)
    assert records(parts)["id"].to_list() == ["0", "2"]
    assert parts[-1].end == kafka.ends(topic)[0] == 8


def test_an_open_transaction_holds_the_end_back(kafka: Kafka) -> None:
    topic = kafka.topic()
    producer = KafkaProducer(bootstrap_servers=kafka.broker.address, transactional_id=topic)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, b'{"id": 1}', partition=0)
    producer.flush()
    with Broker(kafka.config) as broker, Topic(kafka.config, topic, broker) as opened:
        assert opened.offered([]).ranges == {0: (0, 0)}
        producer.commit_transaction()
        until(lambda: broker.ends({topic: [0]}) == {topic: {0: 2}})
    producer.close()


def test_a_compacted_topic_is_refused_with_the_reason(kafka: Kafka) -> None:
    topic = kafka.topic(cleanup_policy="compact")
    with Topic(kafka.config, topic) as opened, pytest.raises(TopicRefused, match="is compacted"):
        opened.offered([])


def test_a_topic_that_is_not_there_is_refused_by_its_name(kafka: Kafka) -> None:
    with Topic(kafka.config, "absent") as opened, pytest.raises(TopicRefused, match="absent"):
        opened.offered([])


def test_a_kafka_that_is_not_there_is_down() -> None:
    config = KafkaConfig(f"127.0.0.1:{free_port()}", timeout_seconds=1)
    with Topic(config, "t") as opened, pytest.raises(BrokerDown, match="Nothing is lost"):
        opened.offered([])


def test_one_address_that_answers_is_enough(kafka: Kafka) -> None:
    topic = kafka.topic()
    kafka.send(topic, [GOOD])
    some = replace(
        kafka.config, bootstrap_servers=f"127.0.0.1:{free_port()},{kafka.config.bootstrap_servers}"
    )
    with Topic(some, topic) as opened:
        assert opened.offered([]).ranges == {0: (0, 1)}
        assert records(list(opened.read(Range(0, 0, 0, 1), COLUMNS)))["id"].to_list() == ["1"]


@pytest.mark.parametrize("is_silent", [True, False])
def test_nobody_who_answers_leaves_no_thread_and_no_socket_behind(
    caplog: pytest.LogCaptureFixture, *, is_silent: bool
) -> None:
    caplog.set_level(logging.CRITICAL, "kafka")  # pytest keeps what was logged, sockets and all
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if is_silent else free_port()
        config = KafkaConfig(f"127.0.0.1:{port}", timeout_seconds=0.6)
        open_now: list[tuple[int, int]] = []
        for _ in range(2):
            with Topic(config, "t") as opened, pytest.raises(BrokerDown):
                opened.offered([])
            with Topic(config, "t") as opened, pytest.raises(BrokerDown):
                list(opened.read(Range(0, 0, 0, 1), COLUMNS))
            with TopicWriter(config) as writer, pytest.raises(BrokerDown):
                writer.send("t", b"k", b"v", [])
            open_now.append((threading.active_count(), _descriptors()))
    assert len(set(open_now)) == 1


def _descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))
