"""One look at the whole installation, from which statuses, findings and alarms are made.

Each part is asked when it is first needed, once, and not at all where nobody needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from txcat_assets.connections import enrichers, kafka_door, warehouse_of
from txcat_assets.contracts.model import Contract, Stage
from txcat_assets.health.dagster_storage import (
    DagsterState,
    RunSeconds,
    dagster_state,
    run_seconds,
)
from txcat_assets.health.datasets import DatasetStatus, dataset_status
from txcat_assets.health.topics import FollowedTopic, TopicStatus, followed_topic, topic_statuses
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare


@dataclass(frozen=True)
class Look:
    """One look, at a moment (UTC), at what these settings name; `home` is Dagster's own folder.

    What cannot be reached raises TxcatError, each time that it is needed.
    """

    settings: Settings
    contracts: Mapping[str, Contract]
    home: Path
    now: datetime

    @cached_property
    def unprepared_warehouse(self) -> Warehouse:
        """The warehouse as the settings name it; its tables may be missing, the server down."""
        return warehouse_of(self.settings)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse, with the tables of every dataset."""
        for contract in self.contracts.values():
            prepare(self.unprepared_warehouse, contract)
        return self.unprepared_warehouse

    @cached_property
    def datasets(self) -> dict[str, DatasetStatus]:
        """Where each dataset stands by the warehouse."""
        kept = self.settings.failed_days_kept
        with self.warehouse.transaction() as tx:
            return {
                name: dataset_status(tx, contract, self.now, kept)
                for name, contract in self.contracts.items()
            }

    @cached_property
    def topics(self) -> dict[str, TopicStatus]:
        """The topic of each dataset that follows one."""
        return topic_statuses(kafka_door(self.settings), self.contracts, self._ledgers_of_topics)

    @cached_property
    def _ledgers_of_topics(self) -> dict[str, FollowedTopic]:
        door = kafka_door(self.settings)
        followed = [one for one in self.contracts.values() if door.follows(one)]
        if not followed:
            return {}
        with self.warehouse.transaction() as tx:
            return {one.dataset: followed_topic(tx, one) for one in followed}

    @cached_property
    def dagster(self) -> DagsterState:
        """What Dagster knows of its daemon, its sensors and its runs."""
        return dagster_state(self.home)

    @cached_property
    def run_seconds(self) -> list[RunSeconds]:
        """What ended runs took."""
        return run_seconds(self.home)

    def version(self, contract: Contract, stage: Stage) -> str:
        """The version of what answers for a stage now."""
        with enrichers(self.settings, briefly=True)(contract, stage) as enricher:
            return enricher.version()
