"""A sensor looks at every dataset: what is wrong with one holds up no other, and is told."""

import json
from dataclasses import replace

import dagster as dg
import pytest

from tests.assets.installation import Installation, days_asked_for
from tests.assets.records import sound
from tests.assets.ticks import INBOX, reason
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.defs.ticks import Glance, Ticks
from txcat_assets.errors import VersionRefused, WarehouseBusy
from txcat_assets.warehouse.schema.tables import prepare

DAY = "2025-01-03"
USERS = "user_id,name,email,country,created_at\n"


@pytest.fixture
def two(site: Installation) -> Installation:
    """An installation of two datasets, with tables."""
    contracts = {name: all_contracts()[name] for name in ("users", "transactions")}
    for contract in contracts.values():
        prepare(site.warehouse, contract)
    return replace(site, contracts=contracts)


def broken(two: Installation) -> None:
    """Let the tables of users be those of a newer contract."""
    two.spoil("UPDATE ledger.contracts SET version = 99 WHERE dataset = 'users'")


def whole(two: Installation, cursor: str | None = None) -> dg.SensorResult:
    """The tick of the inbox as Dagster has it."""
    found = two.evaluate(INBOX, cursor)
    assert isinstance(found, dg.SensorResult)
    return found


def test_one_tick_asks_for_all_datasets_and_keeps_what_it_saw_of_each(two: Installation) -> None:
    two.put(f"transactions_{DAY}.csv", sound(1))
    two.put(f"users_{DAY}.csv", USERS)
    tick = whole(two)
    asked = {(one.job_name, one.partition_key) for one in tick.run_requests or []}
    assert asked == {("load_transactions", DAY), ("load_users", DAY)}
    seen = json.loads(tick.cursor or "")["seen"]
    assert {name: words[:5] for name, words in seen.items()} == {
        "users": "1 new",
        "transactions": "1 new",
    }


def test_a_dataset_in_trouble_holds_up_no_other_and_stands_in_the_cursor(
    two: Installation,
) -> None:
    broken(two)
    two.put(f"transactions_{DAY}.csv", sound(1))
    tick = whole(two)
    assert days_asked_for(tick) == [DAY]
    assert "99" in json.loads(tick.cursor or "")["troubles"]["users"]


def test_a_trouble_fails_a_tick_once_no_run_is_asked_for(two: Installation) -> None:
    broken(two)
    two.put(f"transactions_{DAY}.csv", sound(1))
    assert days_asked_for(whole(two)) == [DAY]
    assert two.load(DAY).success
    with pytest.raises(VersionRefused):
        whole(two)
    told = whole(two)
    assert "users: " in reason(told)
    assert "transactions: Nothing to do" in reason(told)


def test_what_an_older_version_has_seen_is_no_trouble(two: Installation) -> None:
    for older in ("lag 0 at 12:00:00 UTC", "7", "[]", '{"seen": {}}'):
        assert "transactions: Nothing to do" in reason(whole(two, older))


def test_a_warehouse_that_is_held_is_waited_for_once(two: Installation) -> None:
    looked = []

    def look(at: Glance) -> dg.SkipReason:
        looked.append(at.contract.dataset)
        raise WarehouseBusy("another program holds it")

    with dg.build_sensor_context(two.instance, sensor_name=INBOX) as context:
        ticks = Ticks([*(two.contracts or {}).values()])
        told = reason(ticks.of(ticks.glances(context), look))
    assert looked == ["users"]
    assert "users: another program" in told
    assert "transactions: another program" in told
