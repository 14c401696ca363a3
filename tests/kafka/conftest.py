"""An installation that follows a topic of its own on a real broker, with the real ML service.

The broker itself is in the conftest above.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.installation import Installation
from tests.kafka.broker import Kafka
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.settings import Settings


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def site(tmp_path: Path, instance: dg.DagsterInstance, ml_url: str, kafka: Kafka) -> Installation:
    """An empty installation; its transactions come by a topic of three partitions too."""
    settings = Settings(
        home=tmp_path / "home",
        ml_url=ml_url,
        kafka_bootstrap_servers=kafka.broker.address,
        kafka_wait_seconds=1,
        kafka_timeout_seconds=5,
    )
    contract = replace(CONTRACT, topic=kafka.topic(partitions=3))
    return Installation(settings, instance, {"transactions": contract})


@pytest.fixture
def bank(site: Installation, kafka: Kafka) -> Installation:
    """An empty installation of every dataset; each that has a topic has one of its own."""
    contracts = {
        name: replace(one, topic=kafka.topic(partitions=3)) if one.topic else one
        for name, one in all_contracts().items()
    }
    return replace(site, contracts=contracts)
