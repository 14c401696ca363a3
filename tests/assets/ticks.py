"""The sensors of an installation: why a tick skipped, and what they find when they look."""

import dagster as dg

from tests.assets.installation import Installation
from tests.assets.records import sound
from txcat_assets.clock import utc_now
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.defs.at_work import DAY, FIRST_DAY, LAST_DAY, SENSOR
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.schema.tables import prepare

INBOX, BACKLOG, CHECKS = "inbox", "backlog", "checks"
BUSY, QUEUED = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.QUEUED


def reason(tick: dg.SensorResult | dg.SkipReason) -> str:
    """Why a tick skipped."""
    skipped = tick.skip_reason if isinstance(tick, dg.SensorResult) else tick
    assert isinstance(skipped, dg.SkipReason)
    return skipped.skip_message or ""


def begin_run(
    site: Installation,
    job: str,
    picked: str | None = None,
    *,
    day: str = "",
    last: str = "",
    sensor: str = "",
    status: dg.DagsterRunStatus = BUSY,
) -> dg.DagsterRun:
    """An unfinished run of a day or a range of them; of all assets, or of one that was picked."""
    days = {FIRST_DAY: day, LAST_DAY: last} if last else {DAY: day} if day else {}
    return site.begin(job, status, days | ({SENSOR: sensor} if sensor else {}), picked)


def register(site: Installation, *days: str) -> None:
    """Files of these days as the ledger knows them; nothing of them has landed."""
    paths = [site.put(f"transactions_{day}.csv", sound(n)) for n, day in enumerate(days, 1)]
    prepare(site.warehouse, CONTRACT)
    work = Work(site.warehouse, CONTRACT, [], "load", utc_now)
    register_named(work, find([str(path) for path in paths], CONTRACT.files).files)
