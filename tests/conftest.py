"""What tests share: the real ML service and a real Kafka, once per process, and a real browser.

How the service is started is in `tests.services.running`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests import depth, no_pandas
from tests.e2e.browser import Window, chromium_window
from tests.kafka.broker import Kafka
from tests.memory import folder_in_memory
from tests.postgres import Postgres, running_postgres
from tests.services.running import MAX_BODY_BYTES, MAX_LIST_ITEMS, running_ml_api
from tools.kafka_broker import Broker, Missing, free_port, install_jars, running
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse

no_pandas.say_so()
depth.register_profiles()
if memory := folder_in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
set_hypothesis_home_dir(Path(__file__).parents[1] / ".txcat" / "cache" / "hypothesis")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Puts the umask back: a command run in this process makes what it makes private."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def ml_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real service."""
    folder = tmp_path_factory.mktemp("ml_api")
    limits = {"max_list_items": MAX_LIST_ITEMS, "max_body_bytes": MAX_BODY_BYTES}
    with running_ml_api(folder, **limits) as running:
        yield running.url


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """An empty warehouse: the one fixture of every test that needs no more than that."""
    return DuckDbWarehouse(tmp_path / "warehouse.duckdb", wait_seconds=5)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real server of its own for each process that needs one."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window of a real Chromium, with a profile of its own."""
    with chromium_window(tmp_path_factory.mktemp("chromium")) as window:
        yield window


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real broker of its own for each process that needs one."""
    broker = Broker(tmp_path_factory.mktemp("kafka"), free_port())
    try:
        install_jars()
        started = running(broker)
        with started:
            yield broker
    except Missing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Kafka: {missing}; then `make kafka` shows that it starts")


@pytest.fixture
def kafka(broker: Broker) -> Iterator[Kafka]:
    """Topics of the test's own on the shared broker."""
    with Kafka(broker) as kafka:
        yield kafka
