"""Alarms of Dagster's real daemon about a real topic, as a web server gets them."""

import time
from collections import defaultdict
from datetime import datetime

import dagster as dg
import pytest
from pydantic import SecretStr

from tests.assets.installation import Installation, today
from tests.assets.receivers import Receiver, web_server
from tests.assets.records import line
from tests.e2e.commands import CommandLine
from tests.e2e.daemon import Daemon
from tests.kafka.broker import Kafka, until
from tests.kafka.messages import as_objects
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.defs.alarms import NAME
from txcat_assets.health.dagster_storage import dagster_state
from txcat_assets.settings import Settings

TOPIC = "transactions"
LAG = ("lag too high", "topic transactions of transactions")
LOSS = ("lost messages", "topic transactions of transactions, loss 1")
AN_HOUR_AGO = {"timestamp_ms": int((time.time() - 3_600) * 1_000)}


def land_three(terminal: CommandLine, kafka: Kafka) -> None:
    """Three messages of partition 0 have landed, before any daemon runs."""
    kafka.send(TOPIC, as_objects([line(n) for n in range(1, 4)]), partition=0)
    settings = Settings(
        home=terminal.folder / ".txcat",
        ml_url=terminal.settings["TXCAT_ML_URL"],
        kafka_bootstrap_servers=kafka.broker.address,
        warehouse_url=SecretStr(""),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        site = Installation(settings, instance, {CONTRACT.dataset: CONTRACT})
        assert site.load(today().isoformat()).success


def states_of(web: Receiver) -> dict[tuple[str, str], list[str]]:
    """What was sent of each condition, in order."""
    found = defaultdict(list)
    for one in web.came:
        found[one["name"], one["where"]].append(one["state"])
    return found


def wait_for_looks(terminal: CommandLine, number: int) -> None:
    """Wait until the sensor has looked so many times more."""
    seen: set[datetime | None] = set()

    def is_enough() -> bool:
        sensors = dagster_state(terminal.folder / ".txcat").sensors
        seen.update(one.last_tick_at for one in sensors if one.name == NAME)
        return len(seen) > number

    until(is_enough, 60)


@pytest.mark.slow
def test_lag_and_a_loss_are_told_once_each_and_when_they_are_over(
    terminal: CommandLine, kafka: Kafka
) -> None:
    kafka.anew(TOPIC, partitions=2)
    land_three(terminal, kafka)
    kafka.send(TOPIC, as_objects([line(n) for n in range(4, 9)]), partition=0)
    kafka.expire(TOPIC, 0, 6)  # three of them, before they were read
    kafka.send(TOPIC, as_objects([line(9)]), partition=1, **AN_HOUR_AGO)
    with web_server() as web:
        terminal.set(
            TXCAT_KAFKA_BOOTSTRAP_SERVERS=kafka.broker.address,
            TXCAT_ALARM_WEBHOOK_URL=f"http://127.0.0.1:{web.port}/alarms",
        )
        daemon = Daemon(terminal.folder / ".txcat", dict(terminal.settings), "tests.e2e.hasty")
        daemon.start()
        try:
            until(lambda: {LAG, LOSS} <= states_of(web).keys(), 90)
            wait_for_looks(terminal, 2)
            assert (states_of(web)[LAG], states_of(web)[LOSS]) == (["begun"], ["begun"])
            accepted = terminal.txcat("kafka", "accept-gap", TOPIC, "--why", "we know")
            assert accepted.code == 0, accepted.err
            until(
                lambda: [states_of(web)[one] for one in (LAG, LOSS)] == [["begun", "over"]] * 2, 90
            )
            wait_for_looks(terminal, 1)
        finally:
            daemon.kill()
        assert (states_of(web)[LAG], states_of(web)[LOSS]) == (["begun", "over"], ["begun", "over"])
        assert all(states in (["begun"], ["begun", "over"]) for states in states_of(web).values())
    begun = {one["name"]: one["what"] for one in web.came if one["state"] == "begun"}
    assert "6 messages wait" in begun[LAG[0]]
    assert "txcat kafka accept-gap" in begun[LOSS[0]]
