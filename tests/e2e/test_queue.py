"""A long queue of a backfill's runs, worked by Dagster's real daemon: what arrives goes first."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.installation import today
from tests.assets.records import line, sound
from tests.e2e.daemon import Daemon
from tests.kafka.broker import Kafka, until
from tests.kafka.messages import as_objects
from txcat_assets.cli.home import ROOT
from txcat_assets.warehouse.connect import connect

TOPIC = "transactions"
QUEUED = 40


def backfill(home: Path, settings: dict[str, str]) -> None:
    """One run for each of many days, all of them in the queue."""
    program = str(Path(sys.executable).with_name("dagster"))
    job = ["-m", "txcat_assets.definitions", "-j", "load_transactions"]
    days = ["--from", "2025-01-01", "--to", "2025-02-09"]
    subprocess.run(
        [program, "job", "backfill", *job, "--noprompt", *days],
        env=os.environ | settings | {"DAGSTER_HOME": str(home)},
        capture_output=True,
        check=True,
    )


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_message_and_a_file_go_between_the_runs_of_a_backfill(
    kafka: Kafka, ml_url: str, tmp_path: Path
) -> None:
    kafka.anew(TOPIC, partitions=3)
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    settings = {
        "TXCAT_HOME": str(tmp_path),
        "TXCAT_ML_URL": ml_url,
        "TXCAT_KAFKA_BOOTSTRAP_SERVERS": kafka.broker.address,
        "TXCAT_INBOX_SETTLE_SECONDS": "0",
        "TXCAT_FIRST_DAY": "2025-01-01",
    }
    backfill(tmp_path, settings)
    kafka.send(TOPIC, as_objects([line(1)]))
    (tmp_path / "inbox").mkdir(exist_ok=True)
    (tmp_path / "inbox" / "transactions_2025-03-01.csv").write_text(sound(2))
    warehouse = connect(f"duckdb:///{tmp_path}/warehouse.duckdb", 30, 60)

    def days() -> set[object]:
        with warehouse.transaction() as tx:
            known = "SELECT 1 FROM information_schema.tables WHERE table_schema = 'categorized'"
            if not tx.rows(known):
                return set()
            return {f"{day}" for (day,) in tx.rows("SELECT _day FROM categorized.transactions")}

    daemon = Daemon(tmp_path, settings)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        of_backfill = dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.QUEUED], job_name="load_transactions"
        )
        assert instance.get_runs_count(of_backfill) == QUEUED
        daemon.start()
        try:
            until(lambda: days() == {f"{today()}", "2025-03-01"}, 240)
            assert instance.get_runs_count(of_backfill) > QUEUED / 2
        finally:
            daemon.kill()
