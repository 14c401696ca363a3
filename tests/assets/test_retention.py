"""Old runs are forgotten with all their files; what the UI says of assets and checks stays."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest

from tests.assets.installation import Installation, today
from tests.assets.records import sound
from tests.postgres import Postgres
from txcat_assets.cli.home import ROOT
from txcat_assets.defs.retention import forget_checks, forget_runs

SENSOR = {"dagster/sensor_name": "topics"}
MOMENT = {"raw_kept_days": 1e-9}


@pytest.fixture
def embedded(home: Path) -> None:
    """Runs are kept in files, by the dagster.yaml of the embedded installation."""
    shutil.copy(ROOT / "dagster.yaml", home)


@pytest.fixture
def production(home: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs are kept in PostgreSQL, by the dagster.yaml of production."""
    shutil.copy(ROOT / "deploy" / "dagster.yaml", home)
    with postgres.database() as url:
        given = urlsplit(url)
        monkeypatch.setenv("DAGSTER_POSTGRES_HOST", str(given.hostname))
        monkeypatch.setenv("DAGSTER_POSTGRES_PORT", str(given.port))
        monkeypatch.setenv("DAGSTER_POSTGRES_DB", given.path.lstrip("/"))
        monkeypatch.setenv("DAGSTER_POSTGRES_USER", str(given.username))
        monkeypatch.setenv("DAGSTER_POSTGRES_PASSWORD", str(given.password))
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A DAGSTER_HOME."""
    (tmp_path / "dagster").mkdir()
    return tmp_path / "dagster"


@pytest.fixture(params=["embedded", "production"])
def kept(site: Installation, home: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation whose Dagster keeps its runs, in each of the ways that are shipped."""
    request.getfixturevalue(request.param)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield replace(site, instance=instance)


def soon() -> datetime:
    """A moment after all that has happened."""
    return datetime.now(UTC) + timedelta(minutes=1)


def load(site: Installation, day: str, *, by_sensor: bool = True) -> str:
    """A run of a day; its id."""
    done = site.run("load_transactions", partition_key=day, tags=SENSOR if by_sensor else {})
    assert done.success
    return str(done.run_id)


def files_of(home: Path, run_id: str) -> list[Path]:
    """All that is on disk of a run."""
    return [path for path in home.rglob("*") if run_id in path.name]


def run_ids(site: Installation) -> set[str]:
    """The runs that Dagster knows."""
    return {run.run_id for run in site.instance.get_runs()}


def test_old_runs_go_with_their_files_but_for_the_newest_of_each_partition(
    kept: Installation, home: Path
) -> None:
    kept.put("transactions_2025-01-03.csv", sound(1))
    old = [load(kept, "2025-01-03") for _ in range(3)]
    other_day = load(kept, "2025-01-04")
    by_hand = load(kept, today().isoformat(), by_sensor=False)
    assert files_of(home, old[0])
    assert forget_runs(kept.instance, soon()) == 2
    assert run_ids(kept) == {old[2], other_day, by_hand}
    assert [files_of(home, run_id) for run_id in old[:2]] == [[], []]
    assert files_of(home, old[2])
    assert forget_runs(kept.instance, soon()) == 0


def test_each_partition_still_has_its_newest_materialization(kept: Installation) -> None:
    for day in ("2025-01-03", "2025-01-03", "2025-01-04"):
        load(kept, day)
    key = dg.AssetKey(["categorized", "transactions"])
    before = kept.instance.get_materialized_partitions(key)
    forget_runs(kept.instance, soon())
    assert kept.instance.get_materialized_partitions(key) == before == {"2025-01-03", "2025-01-04"}
    assert kept.instance.get_latest_materialization_event(key) is not None


def test_what_is_young_or_unfinished_stays(kept: Installation) -> None:
    ids = {load(kept, "2025-01-03"), load(kept, "2025-01-03")}
    job = kept.definitions.resolve_job_def("load_transactions")
    begun = kept.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=SENSOR)
    assert forget_runs(kept.instance, datetime.now(UTC) - timedelta(hours=1)) == 0
    forget_runs(kept.instance, soon())
    assert begun.run_id in run_ids(kept)
    assert run_ids(kept) & ids


def test_of_what_checks_said_the_newest_stays(kept: Installation) -> None:
    kept.put("transactions_2025-01-03.csv", sound(1))
    load(kept, "2025-01-03")
    said = kept.check("2025-01-03")
    kept.check("2025-01-03")
    assert forget_checks(kept.instance, datetime.now(UTC) - timedelta(hours=1)) == 0
    assert forget_checks(kept.instance, soon()) >= len(said)
    assert forget_checks(kept.instance, soon()) == 0
    keys = [dg.AssetCheckKey(e.asset_key, e.check_name) for e in said.values()]
    latest = kept.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert set(latest) == set(keys)


def test_the_schedule_runs_the_job(kept: Installation) -> None:
    load(kept, "2025-01-03")
    assert kept.run("retention").success
    assert kept.definitions.resolve_schedule_def("retention").cron_schedule == "17 * * * *"


def test_raw_is_forgotten_by_the_same_schedule_where_it_is_kept_for_a_time(
    site: Installation,
) -> None:
    site.put("transactions_2025-01-03.csv", sound(1, 2, 3))
    load(site, "2025-01-03")
    assert site.run("retention").success
    assert forgotten(site) == [(0,)]
    kept_for_a_moment = replace(site, settings=site.settings.model_copy(update=MOMENT))
    assert kept_for_a_moment.run("retention").success
    assert forgotten(site) == [(3,)]
    assert site.rows("SELECT * FROM raw.transactions") == []


def forgotten(site: Installation) -> list[tuple[Any, ...]]:
    """How many records of each slice have no text any more."""
    with site.warehouse.transaction() as tx:
        return tx.rows("SELECT forgotten FROM ledger.slices")
