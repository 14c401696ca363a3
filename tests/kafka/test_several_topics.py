"""Several topics by one sensor: each is followed whatever becomes of the others."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.assets.installation import Installation, today
from tests.kafka.broker import Kafka
from tests.kafka.messages import send, topic_of
from tests.kafka.ticks import TOPIC, skipped
from txcat_assets.clock import utc_now
from txcat_assets.connections import kafka_door
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.errors import RecordsLost, TopicAbsent, TopicRefused
from txcat_assets.health.conditions import awaited_topics, lag_too_high
from txcat_assets.health.findings import examine
from txcat_assets.health.look import Look
from txcat_assets.pipeline.topics import Offered
from txcat_assets.sources.kafka.broker import Broker
from txcat_assets.stages.land_topic import land_topic
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.schema.tables import prepare


@pytest.fixture
def two(site: Installation) -> Installation:
    """Transactions, and payments whose topic nobody has created yet."""
    payments = replace(PAYMENTS, topic=f"t{uuid4().hex}")
    return replace(site, contracts={**(site.contracts or {}), "payments": payments})


def asked_for(site: Installation) -> set[str]:
    """The datasets for which a tick asks for a run of today."""
    found = {dataset: site.tick(TOPIC, dataset=dataset) for dataset in site.contracts or {}}
    days = {one.partition_key for tick in found.values() for one in tick.run_requests or []}
    assert days <= {today().isoformat()}
    return {dataset for dataset, tick in found.items() if tick.run_requests}


def test_a_topic_that_is_not_there_is_waited_for_and_followed_once_it_is(
    two: Installation, kafka: Kafka
) -> None:
    absent = topic_of(two, "payments")
    assert f"There is no topic {absent} yet" in skipped(two.tick(TOPIC))
    send(kafka, two, 1)
    assert asked_for(two) == {"transactions"}
    contract = (two.contracts or {})["payments"]
    prepare(two.warehouse, contract)
    work = Work(two.warehouse, contract, [today()], "a run", utc_now)
    landed = land_topic(work, kafka_door(two.settings), {})
    assert landed.records == 0
    assert "create-topics" in landed.warnings[0]
    kafka.topic(name=absent)
    kafka.send(absent, [{"transaction_id": str(uuid4())}])
    assert asked_for(two) == {"transactions", "payments"}


def test_an_awaited_topic_is_told_and_is_no_trouble(two: Installation) -> None:
    for contract in (two.contracts or {}).values():
        prepare(two.warehouse, contract)
    look = Look(two.settings, two.contracts or {}, two.settings.home_folder, utc_now())
    (told,) = awaited_topics(look)
    assert not told.is_error
    assert "no such topic yet" in told.what
    assert list(lag_too_high(look)) == []


def test_a_topic_that_is_refused_hides_no_lag_of_another(two: Installation, kafka: Kafka) -> None:
    kafka.topic(name=topic_of(two, "payments"), cleanup_policy="compact")
    send(kafka, two, 1)
    contracts = dict(reversed([*(two.contracts or {}).items()]))
    for contract in contracts.values():
        prepare(two.warehouse, contract)
    later = utc_now() + timedelta(hours=1)
    look = Look(two.settings, contracts, two.settings.home_folder, later)
    found = examine(look, [lag_too_high])
    (lag,) = found.findings["lag too high"]
    assert lag.where == f"topic {topic_of(two)} of transactions"
    assert "is compacted" in found.blind["lag too high"]


def test_a_topic_that_was_followed_and_is_gone_is_a_trouble(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1)
    assert asked_for(site) == {"transactions"}
    kafka.forget(topic_of(site))
    with pytest.raises(TopicRefused, match="It was followed"):
        site.tick(TOPIC)


def test_a_loss_of_one_topic_holds_up_no_other(two: Installation, kafka: Kafka) -> None:
    payments = kafka.topic(name=topic_of(two, "payments"))
    kafka.send(payments, [b"{}", b"{}"])
    assert asked_for(two) == {"payments"}
    kafka.anew(payments)
    send(kafka, two, 1)
    assert asked_for(two) == {"transactions"}
    assert two.run("load_transactions", partition_key=today().isoformat()).success
    with pytest.raises(RecordsLost, match="made anew"):
        two.tick(TOPIC)


def test_one_question_about_many_topics_answers_for_each(kafka: Kafka) -> None:
    there, absent = [kafka.topic(partitions=2), kafka.topic()], f"t{uuid4().hex}"
    kafka.send(there[0], [b"{}"] * 3, partition=1)
    kafka.topic(name=(compacted := f"t{uuid4().hex}"), cleanup_policy="compact")
    with Broker(kafka.config) as broker:
        found = broker.offered([*there, absent, compacted])
    assert isinstance(found[absent], TopicAbsent)
    offered = {name: one for name, one in found.items() if isinstance(one, Offered)}
    assert offered[there[0]].ranges == {0: (0, 0), 1: (0, 3)}
    assert offered[there[1]].ranges == {0: (0, 0)}
    assert [name for name, one in offered.items() if one.is_compacted] == [compacted]
