"""Two datasets under one daemon: what has befallen transactions does not hold up payments."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.bank import CURRENCIES, HEADER, USERS, payment
from tests.assets.records import sound
from tests.e2e.daemon import Daemon
from tests.kafka.broker import Kafka, until
from txcat_assets.cli.home import ROOT
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse

DAY = "2025-01-03"


@pytest.fixture
def silent_service() -> Iterator[str]:
    """The address of somebody who takes calls and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def put(home: Path, **files: str) -> None:
    """Files of the day in the inbox, by their datasets."""
    inbox = home / "inbox"
    inbox.mkdir(exist_ok=True)
    for dataset, text in files.items():
        (inbox / f"{dataset}_{DAY}.csv").write_text(text)


def count(warehouse: Warehouse, schema: str, dataset: str) -> int:
    """How many rows a table has; none while it is not there."""
    with warehouse.transaction() as tx:
        tables = "SELECT table_schema, table_name FROM information_schema.tables"
        if (schema, dataset) not in tx.rows(tables):
            return 0
        return int(tx.rows(f"SELECT count(*) FROM {schema}.{dataset}")[0][0])


def unfinished(home: Path, job: str) -> int:
    """How many runs of a job are at work."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        started = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.STARTED])
        return instance.get_runs_count(started)


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_payments_go_on_while_transactions_have_neither_topic_nor_model_nor_a_sound_file(
    kafka: Kafka, silent_service: str, tmp_path: Path
) -> None:
    kafka.forget("transactions")
    kafka.anew("payments", partitions=3)
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    settings = {
        "TXCAT_HOME": str(tmp_path),
        "TXCAT_ML_URL": silent_service,
        "TXCAT_KAFKA_BOOTSTRAP_SERVERS": kafka.broker.address,
        "TXCAT_INBOX_SETTLE_SECONDS": "0",
    }
    warehouse = connect(f"duckdb:///{tmp_path}/warehouse.duckdb", 30, 60)
    put(tmp_path, transactions=sound(1, 2), users=USERS, currencies=CURRENCIES)
    put(tmp_path, transactions_refused="no,column,that,is,known\n1,2,3,4,5\n")
    daemon = Daemon(tmp_path, settings)
    daemon.start()
    try:
        until(lambda: count(warehouse, "validated", "transactions") == 2, 90)
        put(tmp_path, payments=HEADER + payment(1))
        text = HEADER + payment(2, amount="20000.00")
        names, values = (line.split(",") for line in text.splitlines())
        kafka.send("payments", [dict(zip(names, values, strict=True))])
        until(lambda: unfinished(tmp_path, "load_transactions") == 1, 60)
        until(lambda: count(warehouse, "scored", "payments") == 2, 120)
        assert count(warehouse, "categorized", "transactions") == 0
    finally:
        daemon.kill()
