"""Which unfinished runs hold up which sensor: its own, and never a queue of others."""

import subprocess
import sys

import dagster as dg
import pytest

from tests.assets.installation import Installation, days_asked_for
from tests.assets.records import sound
from tests.assets.ticks import BACKLOG, BUSY, CHECKS, INBOX, QUEUED, begin_run, reason, register

HOLD_CLAIM = """
import sys
from txcat_assets.stages.work import LOADING
from txcat_assets.warehouse.connect import connect
with connect("duckdb:///" + sys.argv[1], 5, 60).claim("transactions", LOADING):
    print("held", flush=True)
    input()
"""


def test_a_file_is_asked_for_once_while_the_run_for_it_is_unfinished(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    own = begin_run(site, "load_transactions", day="2025-01-03", sensor=INBOX, status=QUEUED)
    assert own.run_id[:8] in reason(site.tick(INBOX))
    site.put("transactions_2025-01-04.csv", sound(2))
    assert days_asked_for(site.tick(INBOX)) == ["2025-01-04"]


@pytest.mark.parametrize("job", ["load_transactions", "__ASSET_JOB"])
def test_runs_of_a_backfill_hold_up_no_new_file(site: Installation, job: str) -> None:
    for number in range(1, 32):
        begin_run(site, job, day=f"2025-01-{number:02}", status=QUEUED)
    begin_run(site, job, day="2025-02-01")
    site.put("transactions_2025-01-03.csv", sound(1))
    tick = site.tick(INBOX)
    assert days_asked_for(tick) == ["2025-01-03"]
    assert isinstance(tick, dg.SensorResult)
    assert [request.tags["dagster/priority"] for request in tick.run_requests or []] == ["1"]


@pytest.mark.parametrize("status", [QUEUED, BUSY])
@pytest.mark.parametrize("job", ["load_transactions", "__ASSET_JOB"])
def test_the_backlog_leaves_the_days_of_unfinished_runs_to_them(
    site: Installation, job: str, status: dg.DagsterRunStatus
) -> None:
    register(site, "2025-01-03", "2025-01-04", "2025-01-05")
    run = begin_run(site, job, day="2025-01-03", last="2025-01-04", status=status)
    assert days_asked_for(site.tick(BACKLOG)) == ["2025-01-05"]
    begin_run(site, job, day="2025-01-05", status=status)
    assert run.run_id[:8] in reason(site.tick(BACKLOG))


def test_the_backlog_leaves_to_a_load_what_it_has_registered(site: Installation) -> None:
    register(site, "2025-01-03")
    loading = [sys.executable, "-c", HOLD_CLAIM, site.warehouse.place]
    with subprocess.Popen(loading, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as load:
        assert load.stdout is not None
        assert load.stdout.readline()
        assert "`txcat load` is at work" in reason(site.tick(BACKLOG))
        load.kill()
    assert days_asked_for(site.tick(BACKLOG)) == ["2025-01-03"]


@pytest.mark.parametrize("job", ["load_transactions", "__ASSET_JOB", "check_transactions"])
def test_the_checks_wait_for_unfinished_runs(site: Installation, job: str) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    assert site.load("2025-01-03").success
    run = begin_run(site, job)
    assert run.run_id[:8] in reason(site.tick(CHECKS))


@pytest.mark.parametrize(("picked", "waits"), [("raw/transactions", True), ("raw/payments", False)])
def test_assets_picked_in_the_ui_count_for_their_own_dataset_alone(
    bank: Installation, picked: str, waits: bool
) -> None:
    register(bank, "2025-01-03")
    begin_run(bank, "__ASSET_JOB", picked, day="2025-01-03")
    assert (days_asked_for(bank.tick(BACKLOG)) == []) is waits
