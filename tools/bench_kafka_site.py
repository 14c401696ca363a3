"""An installation that follows a broker, for measuring: settings, a daemon, messages, latencies.

    python -m tools.bench_kafka_site ADDRESS RUNS     micro-batch runs in one process, for the soak

What is measured with it stands in `tools.bench_kafka`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from uuid import uuid4

import dagster as dg
import duckdb

from tools.bench import HOME, fresh_folder
from tools.kafka_broker import Broker, running
from txcat_assets.cli.home import ROOT, dagster_instance
from txcat_assets.connections import kafka_door, warehouse_of
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.definitions import build_definitions
from txcat_assets.defs.jobs import load_name
from txcat_assets.defs.retention import forget_checks, forget_runs
from txcat_assets.pipeline.topics import lag
from txcat_assets.settings import Settings
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.creating import create_topics
from txcat_assets.sources.kafka.writing import TopicWriter
from txcat_assets.warehouse.ledger.topics import followed_partitions

TOPIC = CONTRACT.topic
Environment = dict[str, str]


@dataclass(frozen=True)
class Site:
    """Where the broker and the ML service answer."""

    address: str
    ml_url: str

    @property
    def txcat(self) -> str:
        """The command."""
        return str(Path(sys.executable).with_name("txcat"))

    def in_folder(self, folder: Path) -> Environment:
        """The settings of an installation with nothing in it."""
        return {
            "TXCAT_HOME": str(folder),
            "DAGSTER_HOME": str(folder),
            "TXCAT_ML_URL": self.ml_url,
            "TXCAT_KAFKA_BOOTSTRAP_SERVERS": self.address,
            "TXCAT_KAFKA_RUN_RECORDS": "10000000",
        }

    def materialize(self) -> list[str]:
        """The command that brings today up to date."""
        program = str(Path(sys.executable).with_name("dagster"))
        select = ["--select", 'key:"*/transactions"', "--partition", f"{datetime.now(UTC):%F}"]
        return [program, "asset", "materialize", "-m", "txcat_assets.definitions", *select]

    def send(self, messages: int) -> None:
        """Sound messages, delivered."""
        with TopicWriter(KafkaConfig(self.address)) as writer:
            for _ in range(messages):
                writer.send(TOPIC, None, _record(), [])
            writer.confirm()

    def send_steadily(
        self, rate: int, seconds: int, each_second: Callable[[], object] = lambda: None
    ) -> int:
        """So many messages in each second; how many in all."""
        with TopicWriter(KafkaConfig(self.address)) as writer:
            for second in range(seconds):
                began = time.monotonic()
                for number in range(rate):
                    if number % 50 == 0:
                        time.sleep(max(0, began + number / rate - time.monotonic()))
                    writer.send(TOPIC, None, _record(), [])
                if second % 5 == 0:
                    each_second()
                time.sleep(max(0, began + 1 - time.monotonic()))
            writer.confirm()
        return rate * seconds


@dataclass(frozen=True)
class Started:
    """A running daemon's installation."""

    settings: Environment

    def rows(self, sql: str) -> list[tuple[float, ...]]:
        """The rows of a query, as soon as the warehouse can be had."""
        while True:
            try:
                with duckdb.connect(f"{self.settings['TXCAT_HOME']}/warehouse.duckdb") as con:
                    return con.sql(sql).fetchall()
            except duckdb.IOException:
                time.sleep(0.05)

    def count(self, schema: str) -> int:
        """The rows of a table."""
        return int(self.rows(f"SELECT count(*) FROM {schema}.transactions")[0][0])

    def latencies(self, since: float = 0) -> list[float]:
        """Seconds from message to row, of those that were sent since a moment."""
        found = self.rows(
            "SELECT epoch(c.categorized_at - r._message_at) FROM categorized.transactions c "
            "JOIN raw.transactions r USING (_slice_id, _position) "
            f"WHERE epoch(r._message_at) >= {since}"
        )
        return [seconds for (seconds,) in found]

    def lag(self) -> int:
        """How many messages have not landed."""
        settings = _settings(self.settings)
        with warehouse_of(settings).transaction() as tx:
            followed = followed_partitions(tx, "transactions", TOPIC)
        with kafka_door(settings).open(TOPIC) as topic:
            return sum(lag(followed, topic.offered(followed)).values())


@contextmanager
def site_on(broker: Broker, ml_url: str) -> Iterator[Site]:
    """A new broker with the empty topics of all datasets, as an installation has them."""
    topics = sorted({contract.topic for contract in all_contracts().values() if contract.topic})
    with running(broker):
        create_topics(KafkaConfig(broker.address), topics, partitions=3)
        yield Site(broker.address, ml_url)


@contextmanager
def daemon(site: Site, *, is_shipped: bool) -> Iterator[Started]:
    """Dagster's daemon on a new home, with our dagster.yaml or with nothing but its defaults."""
    home = fresh_folder()
    settings = site.in_folder(home)
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text() if is_shipped else "")
    with dg.DagsterInstance.from_config(str(home)):
        pass  # made by one process
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run"]
    with (HOME / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-m", "txcat_assets.definitions"],
            env=os.environ | settings,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    started = Started(settings)
    try:
        _wait_until_it_follows(site, started)
        yield started
    finally:
        process.terminate()
        process.wait(90)


def _wait_until_it_follows(site: Site, started: Started) -> None:
    """A first message wakes everything; its latency does not count."""
    site.send(1)
    deadline = time.monotonic() + 120
    while not (Path(started.settings["TXCAT_HOME"]) / "warehouse.duckdb").exists():
        time.sleep(0.2)
    while time.monotonic() < deadline:
        try:
            if started.count("categorized"):
                return
        except duckdb.CatalogException:
            pass
        time.sleep(0.5)
    sys.exit(f"the daemon does not follow the topic; see {HOME / 'daemon.log'}")


def _record() -> bytes:
    return json.dumps(
        {
            "id": str(uuid4()),
            "description": "Paiement CB Carrefour",
            "amount": "-12.50",
            "timestamp": "2025-01-02T12:00:00Z",
            "merchant": "Carrefour",
            "operation_type": "card_payment",
            "side": "debit",
        }
    ).encode()


def _settings(environment: Mapping[str, str]) -> Settings:
    os.environ.update(environment)
    return Settings()


def soak(address: str, ml_url: str, runs: int) -> str:
    """Micro-batch runs in this process, retention after each third; what they cost, what stays."""
    home = fresh_folder()
    site = Site(address, ml_url)
    settings = _settings(site.in_folder(home))
    costs: list[float] = []
    sizes: list[str] = []
    with dagster_instance(settings) as instance:
        job = build_definitions(settings).resolve_job_def(load_name(CONTRACT))
        for number in range(1, runs + 1):
            site.send(10)
            costs.append(_cost_of_a_run(job, instance))
            if number % max(1, runs // 3) == 0:
                before = _megabytes(home)
                forget_runs(instance, datetime.now(UTC) + timedelta(minutes=1))
                forget_checks(instance, datetime.now(UTC) + timedelta(minutes=1))
                sizes.append(f"{before:.1f} to {_megabytes(home):.1f}")
    tenth = max(1, runs // 10)
    early, late = mean(costs[tenth : 2 * tenth]), mean(costs[-tenth:])
    return (
        f"soak of {runs} runs: processor time of a run {early:.3f} s early, {late:.3f} s late; "
        f"Dagster's files before and after each retention, in MB: {', '.join(sizes)}"
    )


def _cost_of_a_run(job: dg.JobDefinition, instance: dg.DagsterInstance) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    done = job.execute_in_process(
        instance=instance,
        partition_key=f"{datetime.now(UTC):%F}",
        tags={"dagster/sensor_name": "topics"},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    if not done.success:
        sys.exit("a run failed")
    return time.process_time() - began


def _megabytes(home: Path) -> float:
    """What Dagster keeps, without the warehouse."""
    kept = [path for path in home.rglob("*") if path.is_file() and "warehouse" not in path.name]
    return sum(path.stat().st_size for path in kept) / 1e6


if __name__ == "__main__":
    print(soak(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    shutil.rmtree(fresh_folder(), ignore_errors=True)
