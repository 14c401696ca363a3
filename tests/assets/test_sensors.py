"""What sensors ask for, and when: new files, work left over, checks that are due."""

import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from tests.assets.installation import Installation, days_asked_for, today
from tests.assets.records import sound
from tests.assets.ticks import BACKLOG, CHECKS, INBOX, reason
from tests.fakes import FakeModel


def test_a_settled_file_is_asked_for_by_the_day_in_its_name(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.put("Transactions_2025-01-05.CSV", sound(2))
    assert days_asked_for(site.tick(INBOX)) == ["2025-01-03", "2025-01-05"]


def test_a_file_without_a_day_is_asked_for_today(site: Installation) -> None:
    site.put("transactions.csv", sound(1))
    assert days_asked_for(site.tick(INBOX)) == [today().isoformat()]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_file_settles_by_the_same_clock_in_every_time_zone(
    site: Installation, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    site.put("transactions_2025-01-03.csv", sound(1), age_seconds=1)
    tick = site.tick(INBOX)
    monkeypatch.delenv("TZ")
    time.tzset()
    assert "Nothing to do" in reason(tick)


def test_a_file_that_may_still_be_written_is_left(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1), age_seconds=2)
    assert "Nothing to do" in reason(site.tick(INBOX))


@pytest.mark.parametrize(
    "name",
    [
        ".transactions_2025-01-03.csv",
        "transactions_2025-01-03.csv.part",
        "transactions_2025-01-03.csv.tmp",
        "~$transactions_2025-01-03.csv",
        "payments_2025-01-03.csv",
    ],
)
def test_hidden_temporary_and_other_files_are_left(site: Installation, name: str) -> None:
    site.put(name, sound(1))
    assert "0 new of 0 files" in reason(site.tick(INBOX))


def test_without_an_inbox_there_is_nothing_to_do(site: Installation) -> None:
    assert "0 new of 0 files" in reason(site.tick(INBOX))


def test_a_known_file_is_not_asked_for_again(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    assert "0 new of 1 files" in reason(site.tick(INBOX))


def test_a_file_that_grew_is_asked_for_again(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    site.put("transactions_2025-01-03.csv", sound(1, 2), age_seconds=60)
    assert days_asked_for(site.tick(INBOX)) == ["2025-01-03"]


def test_what_was_asked_for_is_a_run_that_dagster_takes(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    (day,) = days_asked_for(site.tick(INBOX))
    assert site.load(str(day)).success
    assert site.rows("SELECT count(*) FROM categorized.transactions") == [(1,)]


@pytest.mark.parametrize("day", [today() + timedelta(days=30), "1999-12-31"], ids=str)
def test_a_file_of_an_impossible_day_is_refused_by_todays_run(
    site: Installation, day: object
) -> None:
    site.put(f"transactions_{day}.csv", sound(1))
    assert days_asked_for(site.tick(INBOX)) == [today().isoformat()]
    assert site.load(today().isoformat()).success
    ((state, said),) = site.rows("SELECT state, reason FROM ledger.objects")
    assert state == "rejected"
    assert str(day) in said
    assert "TXCAT_FIRST_DAY" in said
    assert "0 new of 1 files" in reason(site.tick(INBOX))
    assert "0 days have work left" in reason(site.tick(BACKLOG))
    assert not site.check()["no_file_set_aside"].passed


def test_what_a_kill_left_is_taken_up(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    only_raw = site.definitions.resolve_job_def("load_transactions").get_subset(
        asset_selection={dg.AssetKey(["raw", "transactions"])}
    )
    only_raw.execute_in_process(instance=site.instance, partition_key="2025-01-03")
    assert days_asked_for(site.tick(BACKLOG)) == ["2025-01-03"]
    site.load("2025-01-03")
    assert "0 days have work left" in reason(site.tick(BACKLOG))


def test_the_backlog_waits_for_the_service_and_says_so(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    up, site.resources = (
        site.resources,
        {"enrichers": lambda *_: nullcontext(FakeModel("down", lasts=0))},
    )
    assert not site.load("2025-01-03").success
    away = site.settings.model_copy(update={"ml_url": "http://127.0.0.1:9"})
    gone = replace(site, settings=away, resources={})
    assert "1 days have work left" in reason(gone.tick(BACKLOG))
    assert "127.0.0.1:9" in reason(gone.tick(BACKLOG))
    back = replace(site, resources=up)
    assert days_asked_for(back.tick(BACKLOG)) == ["2025-01-03"]


def test_days_that_could_not_be_finished_are_not_asked_for_at_every_tick(
    site: Installation,
) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    up, site.resources = (
        site.resources,
        {"enrichers": lambda *_: nullcontext(FakeModel("down", lasts=0))},
    )
    assert not site.load("2025-01-03").success
    site.resources = up
    tick = site.tick(BACKLOG)
    assert isinstance(tick, dg.SensorResult)
    assert "again 0:10:00 later" in reason(site.tick(BACKLOG, tick.cursor or ""))
    long_ago = "2025-01-01T00:00:00: " + (tick.cursor or "").partition(": ")[2]
    assert days_asked_for(site.tick(BACKLOG, long_ago)) == ["2025-01-03"]


def test_many_days_are_asked_for_a_few_at_a_time(site: Installation) -> None:
    for number in range(1, 15):
        site.put(f"transactions_2025-01-{number:02}.csv", sound(number))
    tick = site.tick(INBOX)
    assert len(days_asked_for(tick)) == 10
    assert isinstance(tick, dg.SensorResult)
    assert (tick.cursor or "").startswith("14 new of 14 files")


def test_checks_are_asked_for_once_when_days_were_touched(site: Installation) -> None:
    assert "No day was touched" in reason(site.tick(CHECKS))
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    tick = site.tick(CHECKS)
    assert isinstance(tick, dg.SensorResult)
    assert len(tick.run_requests or []) == 1
    assert tick.cursor == "1 days to check, 2025-01-03 to 2025-01-03"
    site.check()
    assert "No day was touched" in reason(site.tick(CHECKS))


def test_checks_are_due_after_a_run_that_changed_nothing(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    site.check()
    assert "No day was touched" in reason(site.tick(CHECKS))
    site.load("2025-01-03")
    assert site.tick(CHECKS).run_requests
    site.check()
    assert "No day was touched" in reason(site.tick(CHECKS))
