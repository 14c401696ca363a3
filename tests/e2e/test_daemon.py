"""Dagster's real daemon follows a real topic, and is killed with all that it has started."""

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.assets.records import line
from tests.e2e.daemon import Daemon
from tests.kafka.broker import Kafka, until
from tests.kafka.messages import as_objects
from txcat_assets.cli.home import ROOT
from txcat_assets.warehouse.connect import connect

TOPIC = "transactions"


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_a_killed_daemon_goes_on_where_it_was(kafka: Kafka, ml_url: str, tmp_path: Path) -> None:
    kafka.anew(TOPIC, partitions=3)
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    settings = {
        "TXCAT_HOME": str(tmp_path),
        "TXCAT_ML_URL": ml_url,
        "TXCAT_KAFKA_BOOTSTRAP_SERVERS": kafka.broker.address,
    }
    warehouse = connect(f"duckdb:///{tmp_path}/warehouse.duckdb", 30, 60)

    def categorized() -> int:
        with warehouse.transaction() as tx:
            known = "SELECT 1 FROM information_schema.tables WHERE table_schema = 'categorized'"
            if not tx.rows(known):
                return 0
            ((found,),) = tx.rows("SELECT count(*) FROM categorized.transactions")
            return int(found)

    daemon = Daemon(tmp_path, settings)
    for number in range(3):
        daemon.start()
        kafka.send(TOPIC, as_objects([line(10 * number + n) for n in range(1, 11)]))
        time.sleep(random.uniform(8, 13))  # somewhere between its start and the end of a run
        daemon.kill()
    daemon.start()
    try:
        until(lambda: categorized() == 30, 150)
    finally:
        daemon.kill()
    with warehouse.transaction() as tx:
        ((landed, distinct),) = tx.rows(
            "SELECT count(*), count(DISTINCT (_slice_id, _position)) FROM raw.transactions"
        )
    assert landed == distinct == 30
