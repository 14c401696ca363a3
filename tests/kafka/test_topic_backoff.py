"""How soon the sensor of a topic asks again for runs that did not get past the same messages."""

from datetime import datetime, timedelta

import dagster as dg

from tests.assets.installation import Installation, today
from tests.kafka.broker import Kafka
from tests.kafka.messages import send
from tests.kafka.ticks import (
    TOPIC,
    begin_run,
    down,
    request_of,
    run,
    skipped,
    tags_of_a_dead_process,
)
from txcat_assets.defs.at_work import SENSOR


def run_of_sensor(site: Installation, request: dg.RunRequest) -> None:
    """Let a run fail that bears the sensor's name, as the daemon's do."""
    done = site.run(
        "load_transactions",
        run_config=request.run_config,
        tags={SENSOR: TOPIC, "dagster/partition": str(request.partition_key)},
    )
    assert not done.success


def again_after(tick: dg.SensorResult, cursor: str) -> timedelta:
    """How long after the last request the next one comes, by the words of a skip."""
    last = datetime.fromisoformat(cursor.rpartition("last at ")[2])
    return datetime.fromisoformat(skipped(tick).rpartition("comes at ")[2].rstrip(".")) - last


def test_runs_that_do_not_get_on_are_asked_for_ever_more_rarely(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1)
    cursor, waits = "", []
    for number in range(5):
        tick = site.tick(TOPIC, cursor)
        assert isinstance(tick, dg.SensorResult)
        assert len(tick.run_requests or []) == 1, number
        cursor = tick.cursor or ""
        run_of_sensor(down(site), (tick.run_requests or [])[0])  # it fails at the topic
        skip = site.tick(TOPIC, cursor)
        assert isinstance(skip, dg.SensorResult)
        if not skip.run_requests:
            assert "runs did not get past" in skipped(skip)
            assert skip.cursor == cursor
            waits.append(again_after(skip, cursor))
        cursor = cursor.replace(f"{today()}", f"{today() - timedelta(days=1)}")
    assert waits == [timedelta(seconds=seconds) for seconds in (10, 20, 40, 80)]
    assert run(site, request_of(site)).success
    send(kafka, site, 2)
    assert request_of(site, cursor).run_config


def test_runs_that_died_or_failed_elsewhere_do_not_make_it_wait_longer(
    site: Installation, kafka: Kafka
) -> None:
    send(kafka, site, 1)
    cursor = ""
    for _ in range(8):
        tick = site.tick(TOPIC, cursor)
        assert isinstance(tick, dg.SensorResult)
        assert len(tick.run_requests or []) == 1
        dead = begin_run(site, dg.DagsterRunStatus.STARTED, tags_of_a_dead_process())
        cursor = tick.cursor or ""
        skip = site.tick(TOPIC, cursor)
        assert isinstance(skip, dg.SensorResult)
        found = site.instance.get_run_by_id(dead.run_id)
        assert found
        assert found.status == dg.DagsterRunStatus.FAILURE
        if not skip.run_requests:
            assert again_after(skip, cursor) == timedelta(seconds=10)
        cursor = cursor.replace(f"{today()}", f"{today() - timedelta(days=1)}")
    assert "asked 8 times" in cursor
    assert "0 failed" in cursor


def test_runs_of_a_backfill_hold_up_no_message(site: Installation, kafka: Kafka) -> None:
    send(kafka, site, 1)
    for _ in range(40):
        site.begin("load_transactions", dg.DagsterRunStatus.QUEUED, {})
    site.begin("load_transactions", dg.DagsterRunStatus.STARTED, {})
    assert request_of(site).tags["dagster/priority"] == "1"
