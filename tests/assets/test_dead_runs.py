"""Runs whose process is gone are reported failed; those that may live are left alone."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import psutil
import pytest

from tests.assets.installation import Installation
from tests.assets.records import sound
from tests.assets.ticks import reason
from tools.kafka_broker import free_port
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.defs import dead_runs
from txcat_assets.defs.dead_runs import BEGUN, report_dead_runs
from txcat_assets.health.processes import HOST, PID, STARTED, process_tags

FAILURE, BUSY = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED


def tags_of_a_dead_process() -> dict[str, str]:
    """Tags of a process that has just ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = psutil.Process(process.pid).create_time()
    return process_tags() | {PID: str(process.pid), STARTED: f"{started:.2f}"}


def begun(site: Installation, tags: dict[str, str]) -> str:
    """A started run with such tags; its id."""
    job = site.definitions.resolve_job_def("load_transactions")
    return site.instance.create_run_for_job(job, status=BUSY, tags=tags).run_id


def status_of(site: Installation, run_id: str) -> dg.DagsterRunStatus:
    run = site.instance.get_run_by_id(run_id)
    assert run
    return run.status


def test_a_run_of_a_dead_process_is_reported_failed(site: Installation) -> None:
    run_id = begun(site, tags_of_a_dead_process())
    assert report_dead_runs(site.instance) == [run_id]
    assert status_of(site, run_id) == FAILURE


def test_a_process_id_that_was_given_again_is_no_life(site: Installation) -> None:
    born_later = {PID: str(os.getpid()), STARTED: f"{psutil.Process().create_time() - 3600:.2f}"}
    assert report_dead_runs(site.instance) == []
    run_id = begun(site, process_tags() | born_later)
    assert report_dead_runs(site.instance) == [run_id]


@pytest.mark.parametrize("seconds", [-1.5, 1.5])
def test_a_clock_that_was_set_kills_no_run(site: Installation, seconds: float) -> None:
    # Linux reckons a process's start from the boot time, which moves when the clock is set.
    started = f"{psutil.Process().create_time() + seconds:.2f}"
    begun(site, process_tags() | {STARTED: started})
    assert report_dead_runs(site.instance) == []


@pytest.mark.parametrize(
    "tags",
    [{}, {HOST: "elsewhere"}, {PID: str(os.getpid())}],
    ids=["no_process_named", "other_host", "this_process"],
)
def test_a_run_that_may_live_is_left_alone(site: Installation, tags: dict[str, str]) -> None:
    dead = tags_of_a_dead_process()
    named = process_tags() if PID in tags else dead
    run_id = begun(site, named | tags if tags else {})
    assert report_dead_runs(site.instance) == []
    assert status_of(site, run_id) == BUSY


@pytest.mark.parametrize("job", ["load_transactions", "check_transactions", "__ASSET_JOB"])
def test_every_run_names_its_process(site: Installation, job: str) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    day = {} if job == "check_transactions" else {"partition_key": "2025-01-03"}
    run = site.instance.get_run_by_id(site.run(job, **day).run_id)
    assert run
    assert run.tags.items() >= process_tags().items()


def test_the_backlog_sensor_reports_dead_runs_and_goes_on(site: Installation) -> None:
    run_id = begun(site, tags_of_a_dead_process())
    tick = site.tick("backlog")
    assert status_of(site, run_id) == FAILURE
    assert "0 days have work left" in reason(tick)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes have gone by since anything was heard."""
    monkeypatch.setattr(dead_runs, "SILENT_AFTER", timedelta(seconds=-1))


@pytest.mark.parametrize("job", ["load_transactions", "check_transactions", "__ASSET_JOB"])
@pytest.mark.parametrize("status", BEGUN)
def test_a_run_that_was_killed_before_its_first_step_is_reported_after_a_while(
    site: Installation, status: dg.DagsterRunStatus, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = site.definitions.resolve_job_def(job)
    run_id = site.instance.create_run_for_job(definition, status=status).run_id
    assert report_dead_runs(site.instance, [CONTRACT]) == []
    monkeypatch.setattr(dead_runs, "SILENT_AFTER", timedelta(seconds=-1))
    assert report_dead_runs(site.instance, [CONTRACT]) == [run_id]


def test_a_run_of_which_something_is_heard_now_and_then_is_only_slow(
    site: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_runs, "SILENT_AFTER", timedelta(seconds=2))
    run_id = begun(site, {})
    run = site.instance.get_run_by_id(run_id)
    assert run
    time.sleep(2.1)
    site.instance.report_engine_event("still importing", run)
    assert report_dead_runs(site.instance, [CONTRACT]) == []
    time.sleep(2.1)
    assert report_dead_runs(site.instance, [CONTRACT]) == [run_id]


@pytest.mark.usefixtures("impatient")
def test_a_pod_that_waits_for_its_image_is_not_dead(site: Installation, tmp_path: Path) -> None:
    # As in a pod: the launcher's library is with Dagster's daemon only.
    launcher = {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": {}}
    (tmp_path / "dagster.yaml").write_text(json.dumps({"run_launcher": launcher}))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        job = site.definitions.resolve_job_def("load_transactions")
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTING)
        assert report_dead_runs(instance, [CONTRACT]) == []


@pytest.mark.usefixtures("impatient")
def test_a_run_that_a_code_server_began_is_dead_when_that_server_is_gone(
    site: Installation,
) -> None:
    where = json.dumps({"host": "127.0.0.1", "port": free_port()})
    job = site.definitions.resolve_job_def("load_transactions")
    run_id = site.instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTING, tags={dead_runs.CODE_SERVER: where}
    ).run_id
    assert report_dead_runs(site.instance, [CONTRACT]) == [run_id]


@pytest.mark.usefixtures("impatient")
def test_a_run_of_somebody_elses_job_is_never_reported(site: Installation) -> None:
    begun(site, {})
    assert report_dead_runs(site.instance, [PAYMENTS]) == []
    assert report_dead_runs(site.instance) == []


def test_many_sensors_at_once_report_a_death_once(site: Installation, tmp_path: Path) -> None:
    """In an instance on the disk: tables of one in memory are locked while another thread reads."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as kept:
        run_id = begun(replace(site, instance=kept), tags_of_a_dead_process())
        with ThreadPoolExecutor(8) as threads:
            reports = list(threads.map(report_dead_runs, [kept] * 8))
        assert [ids for ids in reports if ids] == [[run_id]]
        failures = kept.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert len(failures) == 1
