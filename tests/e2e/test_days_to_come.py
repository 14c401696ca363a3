"""Work that landed while the machine's clock was set ahead: every command says it, one mends it."""

from datetime import timedelta

import pytest

from tests.assets.installation import today
from tests.assets.records import sound
from tests.e2e.commands import CommandLine
from txcat_assets.clock import utc_now
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.schema.tables import prepare

MOVE = "txcat move-days --dataset transactions"


@pytest.mark.slow
def test_work_of_a_day_to_come_is_told_until_it_is_moved(terminal: CommandLine) -> None:
    ahead = utc_now() + timedelta(days=400)
    path = terminal.put("transactions.csv", sound(1, 2))
    prepare(terminal.warehouse, CONTRACT)
    work = Work(terminal.warehouse, CONTRACT, [ahead.date()], "a run of then", lambda: ahead)
    register_named(work, find([str(path)], CONTRACT.files).files)
    assert land_files(work).records == 2
    assert validate(work).problems == []
    for command in (("status",), ("load", path)):
        said = terminal.txcat(*command)
        assert said.code == 1
        assert ahead.date().isoformat() in said.err
        assert MOVE in said.err
    moved = terminal.txcat("move-days")
    assert moved.code == 0
    assert f"2 records of {ahead.date()} are of {today()} now" in moved.out
    assert terminal.txcat("status").code == 0
    assert "Nothing of transactions is on a day to come" in terminal.txcat("move-days").out
    said = terminal.txcat("load", path)
    assert said.code == 0, said.err
    assert terminal.rows("SELECT DISTINCT _day FROM categorized.transactions") == [(today(),)]
