"""What is read from Dagster's tables by SQL is what Dagster itself says, on both of its storages.

When this fails after an upgrade of Dagster, look at its tables and mend `health/dagster_storage`.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.scheduler.instigation import (
    InstigatorStatus,
    TickStatus,
)
from dagster._daemon.types import DaemonHeartbeat

from tests.assets.instigators import DONE, FAILED, SKIPPED, add_sensor
from tests.postgres import Postgres
from txcat_assets.errors import HomeRefused
from txcat_assets.health.dagster_storage import (
    RUN_BUCKETS,
    TROUBLE,
    DagsterState,
    dagster_state,
    run_seconds,
)


@pytest.fixture(params=["sqlite", "sqlite elsewhere", "postgres", "postgres url"])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The home of an instance, by each way in which dagster.yaml names its storage."""
    said: dict[str, object] = {}
    if request.param == "sqlite elsewhere":
        monkeypatch.setenv("ELSEWHERE", str(tmp_path / "elsewhere"))
        said = {"storage": {"sqlite": {"base_dir": {"env": "ELSEWHERE"}}}}
    if "postgres" not in request.param:
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(said))
        yield tmp_path
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        monkeypatch.setenv("PORT", postgres.setting("port"))
        named = {
            "hostname": postgres.setting("host"),
            "port": {"env": "PORT"},
            "db_name": url.rpartition("/")[2],
            "username": postgres.setting("user"),
            "password": postgres.setting("password"),
        }
        by: dict[str, object] = (
            {"postgres_url": url} if "url" in request.param else {"postgres_db": named}
        )
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"storage": {"postgres": by}}))
        yield tmp_path


def test_what_dagster_knows_is_read_from_its_tables(home: Path) -> None:
    assert (
        dagster_state(home) == DagsterState() or "postgres" in (home / "dagster.yaml").read_text()
    )
    with dg.DagsterInstance.from_config(str(home)) as instance:
        beat = time.time() - 5
        instance.add_daemon_heartbeat(DaemonHeartbeat(beat, "SENSOR", "it", []))
        trouble = (SKIPPED, f"{TROUBLE}no route")
        add_sensor(instance, "broken", [(DONE, ""), (FAILED, "boom"), trouble, trouble])
        add_sensor(
            instance, "mended", [trouble, trouble, (SKIPPED, "Nothing to do."), (FAILED, "x")]
        )
        add_sensor(instance, "off", [trouble] * 3, InstigatorStatus.STOPPED)
        add_sensor(instance, "busy", [(FAILED, "boom")] * 3 + [(TickStatus.STARTED, "")])
        asked = (DONE, "")  # for another dataset, while users were in trouble
        add_sensor(instance, "of two", [asked] * 3, troubles={"users": "locked"})
        run = instance.create_run_for_job(
            _job(), tags={"host": "here"}, status=dg.DagsterRunStatus.STARTED
        )
        state = dagster_state(home)
    assert state.heartbeat_at == datetime.fromtimestamp(beat, UTC).replace(tzinfo=None)
    found = {one.name: (one.is_on, one.troubles, one.words) for one in state.sensors}
    assert found == {
        "broken": (True, 3, "no route"),
        "mended": (True, 1, "x"),
        "off": (False, 3, "no route"),
        "busy": (True, 3, "boom"),
        "of two": (True, 3, "users: locked"),
    }
    failing = {one.name for one in state.sensors if one.fails_again_and_again}
    assert failing == {"broken", "busy", "of two"}
    (unfinished,) = state.runs
    assert (unfinished.run_id, unfinished.job, unfinished.status) == (run.run_id, "work", "STARTED")
    assert unfinished.tags["host"] == "here"
    assert abs((datetime.now(UTC).replace(tzinfo=None) - unfinished.since).total_seconds()) < 60


def test_what_runs_took_is_read_once_they_have_ended(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert run_seconds(home) == []
        _job().execute_in_process(instance=instance)
    (ended,) = run_seconds(home)
    assert (ended.job, ended.status, ended.runs) == ("work", "SUCCESS", 1)
    assert 0 < ended.seconds < 60
    assert ended.buckets[-1] == (RUN_BUCKETS[-1], 1)


def test_a_storage_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    history = tmp_path / "history"
    for folder in (history, tmp_path / "schedules"):
        folder.mkdir()
    (history / "runs.db").write_text("no database")
    (tmp_path / "schedules" / "schedules.db").write_text("no database")
    with pytest.raises(HomeRefused, match="cannot be read"):
        dagster_state(tmp_path)
    (tmp_path / "dagster.yaml").write_text("storage: {mysql: {}}")
    with pytest.raises(HomeRefused, match="mysql"):
        dagster_state(tmp_path)
    nobody = "postgresql://nobody@127.0.0.1:1/none"
    (tmp_path / "dagster.yaml").write_text(f"storage: {{postgres: {{postgres_url: '{nobody}'}}}}")
    with pytest.raises(HomeRefused, match="whether its database answers"):
        dagster_state(tmp_path)


def _job() -> dg.JobDefinition:
    @dg.op
    def step() -> None: ...

    @dg.job(name="work")
    def work() -> None:
        step()

    return work
