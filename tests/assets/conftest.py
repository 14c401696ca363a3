"""An installation for each test, its own environment clean; the real ML service stands beside it.

Nothing of the machine's own settings reaches a test.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.installation import Installation
from txcat_assets.contracts.transactions import CONTRACT as TRANSACTIONS
from txcat_assets.settings import Settings


@pytest.fixture(autouse=True)
def _clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("TXCAT_", "DAGSTER_")):
            monkeypatch.delenv(name)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def site(tmp_path: Path, instance: dg.DagsterInstance, ml_url: str) -> Installation:
    """An empty installation of transactions alone, with the real ML service."""
    settings = Settings(home=tmp_path / "home", ml_url=ml_url)
    return Installation(settings, instance, {TRANSACTIONS.dataset: TRANSACTIONS})


@pytest.fixture
def bank(site: Installation) -> Installation:
    """An empty installation of every dataset."""
    return replace(site, contracts=None)
