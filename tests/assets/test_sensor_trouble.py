"""What sensors say when they cannot work: no warehouse, somebody must act, a clock was ahead."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from tests.assets.installation import Installation, days_asked_for, today
from tests.assets.records import sound
from tests.assets.ticks import BACKLOG, CHECKS, INBOX, reason, register
from tests.warehouse.audit import audit
from tools.kafka_broker import free_port
from txcat_assets.clock import utc_now
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.errors import VersionRefused
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.days_to_come import move_to_today
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.schema.tables import prepare

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


@pytest.mark.parametrize("sensor", [INBOX, BACKLOG, CHECKS])
def test_while_another_program_holds_the_warehouse_a_sensor_skips_in_words(
    site: Installation, sensor: str
) -> None:
    register(site, "2025-01-03")
    hurried = site.settings.model_copy(update={"warehouse_wait_seconds": 0.5})
    holding = [sys.executable, "-c", HOLD, site.warehouse.place]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        assert "holds" in reason(replace(site, settings=hurried).tick(sensor))
        holder.communicate()
    assert "holds" not in str(site.tick(sensor))


def test_while_postgresql_is_down_a_sensor_skips_in_words(site: Installation) -> None:
    nobody = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    update = {"warehouse_url": SecretStr(nobody), "warehouse_wait_seconds": 0.5}
    away = replace(site, settings=site.settings.model_copy(update=update))
    for sensor in (INBOX, BACKLOG, CHECKS):
        assert "127.0.0.1" in reason(away.tick(sensor))


def test_a_trouble_that_somebody_must_mend_fails_one_tick_and_is_then_told_quietly(
    site: Installation,
) -> None:
    register(site, "2025-01-03")
    site.spoil("UPDATE ledger.contracts SET version = 99")
    with pytest.raises(VersionRefused):
        site.tick(BACKLOG)
    for _ in range(2):
        assert "99" in reason(site.tick(BACKLOG))
    site.spoil(f"UPDATE ledger.contracts SET version = {CONTRACT.version}")
    assert days_asked_for(site.tick(BACKLOG)) == ["2025-01-03"]
    site.spoil("UPDATE ledger.contracts SET version = 99")
    with pytest.raises(VersionRefused):
        site.tick(BACKLOG)


def test_work_of_a_day_to_come_is_told_and_can_be_moved_to_today(site: Installation) -> None:
    ahead = utc_now() + timedelta(days=400)
    path = site.put("transactions.csv", sound(1, 2))
    prepare(site.warehouse, CONTRACT)
    work = Work(site.warehouse, CONTRACT, [ahead.date()], "a run of then", lambda: ahead)
    register_named(work, find([str(path)], CONTRACT.files).files)
    assert land_files(work).records == 2
    assert validate(work).problems == []
    told = reason(site.tick(BACKLOG))
    assert ahead.date().isoformat() in told
    assert "txcat move-days --dataset transactions" in told
    now = replace(work, now=utc_now)
    assert move_to_today(now) == ([ahead.date()], 2)
    assert move_to_today(now) == ([], 0)
    assert days_asked_for(site.tick(BACKLOG)) == [today().isoformat()]
    assert site.load(today().isoformat()).success
    assert site.rows("SELECT DISTINCT _day FROM categorized.transactions") == [(today(),)]
    audit(site.warehouse, CONTRACT)
