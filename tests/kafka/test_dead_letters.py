"""Quarantined messages go to the dead-letter topic whole, at least once, and no good one does."""

from dataclasses import replace
from random import Random

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from tests.assets.installation import Installation, today
from tests.assets.records import line
from tests.kafka.broker import Kafka
from tests.kafka.messages import as_objects, send, topic_of
from txcat_assets.errors import SettingRefused
from txcat_assets.stages import dead_letters
from txcat_assets.warehouse.ledger.dead_letters import note_sent


@pytest.fixture
def letters(kafka: Kafka) -> str:
    """A dead-letter topic."""
    return kafka.topic()


@pytest.fixture
def sending(site: Installation, letters: str) -> Installation:
    """The installation, told of the dead-letter topic."""
    update = {"kafka_dead_letter_topic": letters}
    return replace(site, settings=site.settings.model_copy(update=update))


def arrived(kafka: Kafka, topic: str) -> list[ConsumerRecord]:
    """All messages of a topic of one partition."""
    at, end = TopicPartition(topic, 0), kafka.ends(topic)[0]
    consumer = KafkaConsumer(bootstrap_servers=kafka.broker.address, auto_offset_reset="none")
    consumer.assign([at])
    consumer.seek(at, 0)
    found: list[ConsumerRecord] = []
    while len(found) < end:
        found += consumer.poll(1_000).get(at, [])
    consumer.close()
    return found


def load(site: Installation) -> None:
    assert site.load(today().isoformat()).success


POISON = b'{"id": "9", "amount": oops'


def test_a_letter_has_the_message_as_it_came_and_where_it_came_from(
    sending: Installation, kafka: Kafka, letters: str
) -> None:
    send(kafka, sending, 1, 2, partition=0)
    topic = topic_of(sending)
    kafka.send(topic, [POISON], 0, key=b"k", headers=[("h", b"\xff"), ("n", b"")])
    kafka.send(topic, as_objects([line(3, amount="x")]), 0)
    load(sending)
    poison, bad = arrived(kafka, letters)
    assert (poison.key, poison.value) == (b"k", POISON)
    assert poison.headers[:2] == [("h", b"\xff"), ("n", b"")]
    told = dict(poison.headers[2:])
    assert told["__connect.errors.topic"] == topic.encode()
    assert told["__connect.errors.partition"] == b"0"
    assert told["__connect.errors.offset"] == b"2"
    assert told["__connect.errors.stage"] == b"validated"
    assert told["__connect.errors.class.name"] == b"txcat.transactions"
    assert told["__connect.errors.exception.class.name"] == b"broken_json"
    assert b"not valid JSON" in told["__connect.errors.exception.message"]
    assert b'"amount": "x"' in bad.value


def test_a_letter_is_sent_once_unless_its_sender_was_killed(
    sending: Installation, kafka: Kafka, letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka.send(topic_of(sending), [POISON], 0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dead_letters, "note_sent", killed)
    sending.load(today().isoformat())
    monkeypatch.setattr(dead_letters, "note_sent", note_sent)
    for _ in range(2):
        load(sending)
    assert [letter.value for letter in arrived(kafka, letters)] == [POISON, POISON]


def test_what_kafka_has_removed_meanwhile_is_sent_from_what_has_landed(
    site: Installation, sending: Installation, kafka: Kafka, letters: str
) -> None:
    topic = topic_of(site)
    kafka.send(topic, [*as_objects([line(3, amount="x")]), POISON], 0)
    kafka.send(topic, [None], 0, key=b"k")
    load(site)
    kafka.expire(topic, 0, 3)
    load(sending)
    bad, poison, tombstone = arrived(kafka, letters)
    assert b'"amount":"x"' in bad.value
    assert poison.value == POISON
    assert tombstone.value is None


def test_trouble_with_the_letters_fails_no_run(sending: Installation, kafka: Kafka) -> None:
    kafka.send(topic_of(sending), [POISON], 0)
    update = {"kafka_dead_letter_topic": "absent", "kafka_timeout_seconds": 2}
    load(replace(sending, settings=sending.settings.model_copy(update=update)))
    assert sending.rows("SELECT count(*) FROM ledger.dead_letters") == [(0,)]


def test_a_letter_that_kafka_takes_not_holds_up_no_other(
    site: Installation, sending: Installation, kafka: Kafka, letters: str
) -> None:
    topic = topic_of(site)
    kafka.send(topic, [POISON, Random(1).randbytes(1_048_400), POISON], 0)  # as large as may be
    for _ in range(2):
        load(sending)
    assert [letter.value for letter in arrived(kafka, letters)] == [POISON, POISON]
    assert sending.rows("SELECT count(*) FROM ledger.dead_letters") == [(2,)]


def test_a_topic_that_is_followed_takes_no_dead_letters(site: Installation) -> None:
    update = {"kafka_dead_letter_topic": topic_of(site)}
    with pytest.raises(SettingRefused, match="TXCAT_KAFKA_DEAD_LETTER_TOPIC"):
        _ = replace(site, settings=site.settings.model_copy(update=update)).definitions
