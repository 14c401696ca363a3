"""A process that takes a tiny dataset from a topic to its last stage, and may be killed anywhere.

It is forked from a server that has imported all this, so that a kill takes less than a second.
"""

from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.fakes import SteppedWarehouse
from tests.warehouse.tiny import CATEGORIZED, tiny, work_on
from tests.warehouse.worker import VERSION, killer, model, servers, warehouse_in
from txcat_assets.contracts.model import Contract
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land_topic import KafkaDoor, land_topic
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

servers.set_forkserver_preload([__name__, "kafka", "txcat_assets.pipeline.schema"])


def contract_of(topic: str) -> Contract:
    """The tiny dataset, by a topic."""
    return replace(tiny(VERSION), topic=topic)


def door_to(address: str, *, run_records: int = 500) -> KafkaDoor:
    """A door that waits for nothing; runs are small, so that there are many."""
    return KafkaDoor(KafkaConfig(address), "txcat-kills", run_records, 1_000_000, 0)


def bring_up_to_date(warehouse: Warehouse, topic: str, address: str) -> int:
    """All stages of what the topic has; how many offsets are left."""
    contract = contract_of(topic)
    prepare(warehouse, contract)
    work = work_on(warehouse, contract)
    landed = land_topic(work, door_to(address), {})
    problems = validate(work).problems + enrich(work, CATEGORIZED, model()).problems
    assert problems == []
    return sum(landed.lag.values())


def start(folder: Path, topic: str, address: str, kill_at: int | None) -> ForkServerProcess:
    """A worker on this folder and topic; it kills itself before its step of that number."""
    process = servers.Process(target=_work, args=(folder, topic, address, kill_at))
    process.start()
    return process


def _work(folder: Path, topic: str, address: str, kill_at: int | None) -> None:
    warehouse = SteppedWarehouse(warehouse_in(folder), killer(kill_at))
    bring_up_to_date(warehouse, topic, address)
