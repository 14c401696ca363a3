"""The API on a small warehouse of each kind: one server for all tests that only ask.

What is loaded there is in `loaded`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.reporting_api.loaded import load_all
from tests.reporting_api.running import Api, running_api

LIMITS = {"key_limit": "90000/minute", "address_limit": "90000/minute"}
"""Beyond what any test asks that is not about them."""


def serving(folder: Path, url: str) -> Iterator[Api]:
    load_all(folder, url)
    with running_api(folder, url, **LIMITS) as api:
        yield api


@pytest.fixture(scope="session")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API on DuckDB, for what does not depend on the database."""
    folder = tmp_path_factory.mktemp("api-duckdb")
    yield from serving(folder, f"duckdb:///{folder}/warehouse.duckdb")


@pytest.fixture(scope="session")
def on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Api]:
    """The API on PostgreSQL."""
    with postgres.database() as url:
        yield from serving(tmp_path_factory.mktemp("api-postgres"), url)


@pytest.fixture(params=["on_duckdb", "on_postgres"])
def loaded(request: pytest.FixtureRequest) -> Api:
    """The API on each of them."""
    api: Api = request.getfixturevalue(request.param)
    return api


@pytest.fixture
def keys(loaded: Api) -> dict[str, str]:
    """A key of each role on this one; of users one for Ann and one for Bob."""
    return loaded.keys


@pytest.fixture
def analyst(on_duckdb: Api) -> str:
    """A key of an analyst on DuckDB."""
    return on_duckdb.keys["analyst"]
