"""A tiny dataset that follows a topic of its own: what is sent to it, what lands of it.

What it is tested for stands in the tests that use it.
"""

from dataclasses import replace

import pytest

from tests.kafka.broker import Kafka
from tests.warehouse.audit import audit
from tests.warehouse.tiny import START, tiny, work_on
from txcat_assets.contracts.model import Contract
from txcat_assets.errors import RecordsLost
from txcat_assets.pipeline.topics import losses
from txcat_assets.stages.land_topic import KafkaDoor, LandedTopic, land_topic
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.topics import Acceptance, accept, followed_partitions
from txcat_assets.warehouse.schema.tables import prepare

SOMEBODY = Acceptance("ann", "we know", START)


class Followed:
    """A tiny dataset that follows a topic of its own."""

    def __init__(self, kafka: Kafka, warehouse: Warehouse) -> None:
        self.kafka = kafka
        self.topic = kafka.topic(partitions=2)
        self.contract: Contract = replace(tiny(1), topic=self.topic)
        self.door = KafkaDoor(kafka.config, "txcat-test", 1_000_000, 1_000_000_000, 0)
        self.work: Work = work_on(warehouse, self.contract)
        prepare(warehouse, self.contract)

    def send(self, *ids: int, partition: int = 0) -> None:
        """Records of these ids."""
        self.kafka.send(self.topic, map(record, ids), partition)

    def land(self, **asked: int) -> LandedTopic:
        """Land what there is, to the ends asked for by p0 and p1; the audit holds after it."""
        ends = {int(name[1:]): end for name, end in asked.items()}
        landed = land_topic(self.work, self.door, ends)
        audit(self.work.warehouse, self.contract)
        return landed

    def ids(self) -> list[int]:
        """The ids that have landed, in the order of arrival."""
        with self.work.warehouse.transaction() as tx:
            rows = tx.rows("SELECT id FROM raw.tiny ORDER BY _slice_id, _position")
        return [int(found) for (found,) in rows]

    def heads(self) -> dict[int, int]:
        """The ledger's heads by partition."""
        with self.work.warehouse.transaction() as tx:
            return {one.partition: one.head for one in followed_partitions(tx, "tiny", self.topic)}

    def ends(self) -> dict[int, int]:
        """Where the partitions end, as txcat sees it."""
        with self.door.connected() as broker:
            return broker.ends({self.topic: [0, 1]})[self.topic]

    def lost(self) -> RecordsLost:
        """That landing is refused; why."""
        before = self.ids()
        with pytest.raises(RecordsLost) as refused:
            self.land()
        assert self.ids() == before
        return refused.value

    def accept(self) -> None:
        """Accept every loss there is."""
        work, dataset = self.work, self.contract.dataset
        with self.door.open(self.topic) as topic, work.warehouse.transaction() as tx:
            followed = followed_partitions(tx, dataset, self.topic)
            offered = topic.offered(followed)
            for loss in losses(followed, offered):
                assert accept(tx, dataset, loss, offered, SOMEBODY)


def record(number: int) -> dict[str, object]:
    """A sound record."""
    return {"id": number, "amount": "1", "side": "debit"}
