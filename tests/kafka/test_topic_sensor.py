"""What the sensor of a topic asks for, and what the run that it asks for does."""

import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from tests.assets.installation import Installation, failure_of, today
from tests.assets.records import sound
from tests.kafka.broker import Kafka
from tests.kafka.messages import send, topic_of
from tests.kafka.ticks import (
    TOPIC,
    begin_run,
    down,
    request_of,
    run,
    skipped,
    tags_of_a_dead_process,
)
from txcat_assets.defs import topic_sensor
from txcat_assets.errors import RecordsLost

CHECKS = "checks"

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


def ids(site: Installation, table: str = "categorized") -> list[int]:
    """The ids in a table, as numbers."""
    return sorted(found.int for (found,) in site.rows(f"SELECT id FROM {table}.transactions"))


def metadata_of(site: Installation, schema: str) -> dict[str, Any]:
    """The metadata of an asset's newest materialization."""
    event = site.instance.get_latest_materialization_event(dg.AssetKey([schema, "transactions"]))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: found.value for name, found in event.asset_materialization.metadata.items()}


def test_new_messages_become_categorized_rows_of_today(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1, 2, 3)
    assert run(site, request_of(site)).success
    assert ids(site) == [1, 2, 3]
    assert site.rows("SELECT DISTINCT _day FROM categorized.transactions") == [(today(),)]


def test_a_run_takes_what_the_sensor_saw_and_the_next_the_rest(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1, 2, partition=0)
    request = request_of(site)
    send(kafka, site, 3, partition=0)
    assert run(site, request).success
    assert ids(site) == [1, 2]
    assert run(site, request_of(site)).success
    assert ids(site) == [1, 2, 3]


def test_a_request_that_comes_twice_changes_nothing(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1)
    request = request_of(site)
    assert run(site, request).success
    before = site.everything()
    assert run(site, request).success
    assert all(site.everything()[name].equals(table) for name, table in before.items())


def test_without_new_messages_it_waits_and_says_how_far_it_is(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1, partition=0)
    run(site, request_of(site))
    began = time.monotonic()
    tick = site.tick(TOPIC)
    assert time.monotonic() - began >= site.settings.kafka_wait_seconds
    assert isinstance(tick, dg.SensorResult)
    assert tick.cursor is not None
    assert "lag 0" in tick.cursor
    assert "0: 1 of 1" in tick.cursor
    assert "Nothing new" in skipped(tick)


def test_while_its_own_run_is_at_work_it_asks_for_no_other(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1)
    begun = begin_run(site, dg.DagsterRunStatus.STARTED)
    tick = site.tick(TOPIC, "lag 1")
    assert isinstance(tick, dg.SensorResult)
    assert begun.run_id[:8] in skipped(tick)
    assert tick.cursor == f"lag 1; run {begun.run_id[:8]} is started"
    again = site.tick(TOPIC, tick.cursor)
    assert isinstance(again, dg.SensorResult)
    assert again.cursor == tick.cursor


def test_a_warehouse_that_is_busy_is_waited_for_and_told(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1)
    hurried = site.settings.model_copy(update={"warehouse_wait_seconds": 0.5})
    with site.warehouse.transaction():
        busy = [sys.executable, "-c", HOLD, site.warehouse.place]
    holder = subprocess.Popen(busy, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline()
    assert "Close the program that holds it" in skipped(replace(site, settings=hurried).tick(TOPIC))
    holder.communicate()
    assert request_of(site).run_config


def test_a_run_whose_process_was_killed_does_not_hold_it_up(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1)
    begin_run(site, dg.DagsterRunStatus.STARTED, tags_of_a_dead_process())
    assert request_of(site).partition_key == today().isoformat()


def test_a_run_of_checks_does_not_hold_it_up(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1)
    site.begin("check_transactions", dg.DagsterRunStatus.STARTED, {})
    assert request_of(site).partition_key == today().isoformat()


def test_without_a_kafka_it_says_so_and_files_go_on(site: Installation) -> None:
    alone = replace(site, settings=site.settings.model_copy(update={"kafka_bootstrap_servers": ""}))
    assert "TXCAT_KAFKA_BOOTSTRAP_SERVERS is not set" in skipped(alone.tick(TOPIC))
    alone.put("transactions.csv", sound(1))
    assert alone.load(today().isoformat()).success
    assert ids(alone) == [1]


def test_a_kafka_that_is_down_is_told_since_when_and_followed_when_it_is_back(
    site: Installation, kafka: Kafka
) -> None:
    first = down(site).tick(TOPIC)
    assert isinstance(first, dg.SensorResult)
    assert "Nothing is lost" in skipped(first)
    assert first.cursor is not None
    assert first.cursor.startswith("Kafka has not answered since ")
    time.sleep(1.1)
    again = down(site).tick(TOPIC, first.cursor)
    assert isinstance(again, dg.SensorResult)
    assert again.cursor == first.cursor
    send(kafka, site, 1)
    assert run(site, request_of(site, again.cursor)).success
    assert ids(site) == [1]


def test_a_kafka_that_is_down_fails_the_run_that_wanted_it_and_no_other(
    site: Installation,
) -> None:
    site.put("transactions.csv", sound(1))
    alone = down(site)
    assert "Nothing is lost" in failure_of(alone.load(today().isoformat()))
    tick = alone.tick("backlog")
    assert isinstance(tick, dg.SensorResult)
    (request,) = tick.run_requests or []
    assert run(alone, request).success
    assert ids(alone) == [1]


def test_a_past_day_never_reads_the_topic(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1)
    yesterday = today() - timedelta(days=1)
    assert site.load(yesterday.isoformat()).success
    assert site.rows("SELECT count(*) FROM raw.transactions") == [(0,)]


def test_a_loss_stops_the_topic_in_words_and_a_check_shows_it(
    site: Installation, kafka: Kafka
) -> None:
    topic = topic_of(site)
    send(kafka, site, 1, partition=0)
    run(site, request_of(site))
    assert site.check()["topic_is_whole"].passed
    send(kafka, site, 2, 3, partition=0)
    kafka.expire(topic, 0, 2)
    with pytest.raises(RecordsLost, match="accept-gap"):
        site.tick(TOPIC)
    for _ in range(2):  # one tick fails when it begins
        assert "accept-gap" in skipped(site.tick(TOPIC))
    assert f"txcat kafka accept-gap {topic}" in failure_of(site.load(today().isoformat()))
    check = site.check(today().isoformat())["topic_is_whole"]
    assert not check.passed
    assert "next offset to land is 1" in str(check.metadata["details"].value)


def test_a_topic_that_shrinks_while_the_sensor_waits_is_told(
    site: Installation, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = site.settings.model_copy(update={"kafka_wait_seconds": 120})
    send(kafka, site, 1, 2, partition=0)
    run(site, request_of(site))
    first = iter([lambda: kafka.anew(topic_of(site), 3)])
    waiting = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: next(first)())
    monkeypatch.setattr(topic_sensor, "time", waiting)
    with pytest.raises(RecordsLost, match="made anew"):
        replace(site, settings=patient).tick(TOPIC)


def test_the_checks_wait_for_a_quiet_moment_but_not_for_ever(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1)
    run(site, request_of(site))
    site.begin("load_transactions", dg.DagsterRunStatus.STARTED, {})
    tick = site.tick(CHECKS)
    assert isinstance(tick, dg.SensorResult)
    assert "until it is quiet" in skipped(tick)
    patient = site.tick(CHECKS, "waiting since 2020-01-01 00:00:00")
    assert isinstance(patient, dg.SensorResult)
    assert len(patient.run_requests or []) == 1


def test_the_run_says_how_the_messages_flowed(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1, 2)
    done = run(site, request_of(site))
    assert done.success
    told = metadata_of(site, "raw") | metadata_of(site, "categorized")
    assert told["landed now: messages"] == 2
    assert 2 / 60 < told["landed now: messages a second"] < 2_000
    assert told["lag: offsets"] == 0
    assert 0 < told["oldest message, seconds"] < 60
    assert 0 < told["message to categorized, seconds p95"] < 60
