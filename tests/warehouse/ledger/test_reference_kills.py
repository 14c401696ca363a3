"""Whatever is killed while references come and go, nobody waits or stands longer than he must.

A worker lands sales before their shops, releases them, and then closes a shop that some name. Where
it is killed is drawn, so that each run adds to what the runs before have shown.
"""

import random
import signal
from pathlib import Path

import pytest

from tests.depth import examples
from tests.fakes import FakeModel
from tests.oracle import answered
from tests.warehouse.audit import audit
from tests.warehouse.pair import (
    audit_totals,
    expected_sales,
    expected_shops,
    sales,
    shops,
    update_totals,
)
from tests.warehouse.seen import arrived, everything, seen
from tests.warehouse.tiny import CATEGORIZED, DAYS, work_on, write_file
from tests.warehouse.worker import start, warehouse_in
from txcat_assets.contracts.model import Contract
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

SHOPS = ["a,2", "b,3", "c,1", "a,2"]
SALES = {
    DAYS[0]: ["1,2,a,", "2,3,b,a", "3,2,c,", "1,2,b,"],
    DAYS[1]: ["1,3,b,", "4,3,b,b", "2,2,x,", "5,2"],
}
STATEMENTS, STEPS = 680, 252
"""An undisturbed worker takes fewer: a kill at the last of them finds nothing to kill."""


def write_files(folder: Path) -> None:
    folder.mkdir()
    write_file(folder / f"shops_{DAYS[0]}.csv", SHOPS, "code,name")
    for day, lines in SALES.items():
        write_file(folder / f"sales_{day}.csv", lines, "id,amount,side,via")


def bring_up_to_date(warehouse: Warehouse, folder: Path) -> list[str]:
    """All of it, in the order that hurts most; what went wrong."""
    problems = []
    if not _knows_of_closing(warehouse):
        for contract in (sales(1), shops(1), sales(1)):
            problems += _load(warehouse, folder, contract)
    for contract in (shops(2), sales(1, 2)):
        problems += _load(warehouse, folder, contract)
    return problems


def _knows_of_closing(warehouse: Warehouse) -> bool:
    prepare(warehouse, sales(1, 2) if _has_closed(warehouse) else sales(1))
    return _has_closed(warehouse)


def _has_closed(warehouse: Warehouse) -> bool:
    with warehouse.transaction() as tx:
        tables = "SELECT 1 FROM information_schema.tables WHERE table_schema = 'ledger'"
        known = "SELECT 1 FROM ledger.contracts WHERE dataset = 'shops' AND version = 2"
        return bool(tx.rows(tables)) and bool(tx.rows(known))


def _load(warehouse: Warehouse, folder: Path, contract: Contract) -> list[str]:
    prepare(warehouse, contract)
    work = work_on(warehouse, contract)
    register_named(work, find([folder], contract.files).files, None)
    problems = land_files(work).problems + validate(work).problems
    if contract.stages:
        problems += enrich(work, CATEGORIZED, FakeModel("m")).problems
        update_totals(work)
    return problems


def assert_at_rest(folder: Path) -> None:
    """All is as the oracle says, and there is nothing left to do."""
    warehouse, of_shops, of_sales = warehouse_in(folder), shops(2), sales(1, 2)
    expected = expected_shops(2, arrived(warehouse, of_shops))
    assert seen(warehouse, of_shops) == expected
    sold = expected_sales(1, arrived(warehouse, of_sales), expected)
    assert seen(warehouse, of_sales) == answered(sold, FakeModel("m").answer_to_content)
    audit_totals(warehouse)
    before = everything(warehouse)
    assert bring_up_to_date(warehouse, folder) == []
    assert everything(warehouse) == before


def kill_and_run_again(folder: Path, kill_at: int, *, is_fine: bool) -> int:
    """Kill a worker at a step, look at what it left, and finish: how it ended."""
    write_files(folder)
    killed = start(folder, kill_at, is_fine=is_fine, does=bring_up_to_date)
    killed.join()
    warehouse = warehouse_in(folder)
    has_closed = _knows_of_closing(warehouse)
    audit(warehouse, sales(1, 2 if has_closed else 1))
    audit_totals(warehouse)
    assert bring_up_to_date(warehouse, folder) == []
    assert_at_rest(folder)
    return killed.exitcode or 0


def test_killed_before_a_statement_every_reference_is_followed(tmp_path: Path) -> None:
    kills = [100, *random.sample(range(101, STATEMENTS), examples(3))]
    ends = [kill_and_run_again(tmp_path / str(n), n, is_fine=True) for n in kills]
    assert ends[0] == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.timeout(900)  # as many kills as are asked for
def test_killed_between_two_commits_every_reference_is_followed(tmp_path: Path) -> None:
    kills = [13, *random.sample(range(14, STEPS), examples(7)), STEPS]
    ends = [kill_and_run_again(tmp_path / str(n), n, is_fine=False) for n in kills]
    assert ends[0] == -signal.SIGKILL
    assert ends[-1] == 0, "there are more steps than this test knows of"
