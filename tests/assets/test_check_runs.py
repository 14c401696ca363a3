"""Which days the checks speak for, how they are run, and the history that they leave in Dagster."""

from dataclasses import replace

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from tests.assets.installation import END, START, Installation, said_by
from tests.assets.records import file_of, line, sound

CONSERVATION = dg.AssetCheckKey(dg.AssetKey(["raw", "transactions"]), "conservation")


def days_of(said: dict[str, dg.AssetCheckEvaluation]) -> set[object]:
    """The days that checks spoke for."""
    return {found.metadata["days"].value for found in said.values()}


def history(site: Installation, key: dg.AssetCheckKey) -> list[str]:
    """What is known of each run of a check, newest first."""
    storage = site.instance.event_log_storage
    records = storage.get_asset_check_execution_history(key, limit=20)
    return [record.status.value for record in records]


def test_without_days_they_speak_for_those_touched_since_they_last_ran(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.put("transactions_2025-01-04.csv", sound(2))
    site.load("2025-01-03", "2025-01-04")
    assert days_of(site.check()) == {"2025-01-03 to 2025-01-04"}
    site.load("2025-01-03", full_refresh=True)
    said = site.check()
    assert said["meets_contract"].metadata["days"].value == "2025-01-03 to 2025-01-03"


def test_with_nothing_touched_they_speak_for_the_last_day(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.put("transactions_2025-01-04.csv", sound(2))
    site.load("2025-01-03", "2025-01-04")
    site.check()
    assert days_of(site.check()) == {"2025-01-04 to 2025-01-04"}


def test_an_empty_warehouse_passes_and_says_so(site: Installation) -> None:
    said = site.check()
    assert all(found.passed for found in said.values())
    assert days_of(said) == {"no day has records"}


def test_checking_one_day_by_name_leaves_the_others_due(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.put("transactions_2025-01-04.csv", sound(2))
    site.load("2025-01-03", "2025-01-04")
    site.check("2025-01-04")
    assert days_of(site.check()) == {"2025-01-03 to 2025-01-04"}


def test_checking_all_touched_days_by_name_leaves_none_due(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    site.check("2025-01-03", "2025-01-04")
    assert not site.tick("checks").run_requests


def test_a_check_of_its_own_job_leaves_a_clean_history(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    site.check()
    site.check()
    assert history(site, CONSERVATION) == [AssetCheckExecutionRecordStatus.SUCCEEDED.value] * 2


def test_one_check_alone_can_be_run_and_the_others_stay_due(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    job = site.definitions.resolve_job_def("check_transactions")
    alone = job.get_subset(asset_check_selection={CONSERVATION})
    done = alone.execute_in_process(instance=site.instance)
    assert list(said_by(done)) == ["conservation"]
    assert site.tick("checks").run_requests


@pytest.mark.parametrize(
    "days",
    [{"partition_key": "2025-01-03"}, {"tags": {START: "2025-01-03", END: "2025-01-04"}}],
    ids=["a_day", "a_range"],
)
def test_in_a_materialization_they_speak_for_the_days_of_the_run(
    site: Installation, days: dict[str, object]
) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    site.put("transactions_2025-01-05.csv", sound(3))
    site.load("2025-01-05")
    done = site.run("__ASSET_JOB", **days)
    assert done.success
    said = said_by(done)
    assert len(said) == 27
    assert not said["amount_invalid"].passed
    assert days_of(said) == {"2025-01-03 to 2025-01-03"}  # nothing landed on the day after it


@pytest.mark.parametrize(("strict", "is_green"), [(False, True), (True, False)])
def test_strict_lets_a_broken_rule_fail_the_materialization(
    site: Installation, strict: bool, is_green: bool
) -> None:
    settings = site.settings.model_copy(update={"strict": strict, "quarantine_threshold": 0.0})
    site = replace(site, settings=settings)
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    assert site.run("__ASSET_JOB", partition_key="2025-01-03").success is is_green
    assert site.rows("SELECT count(*) FROM quarantined.transactions") == [(1,)]


def test_strict_lets_a_warning_pass(site: Installation) -> None:
    settings = site.settings.model_copy(update={"strict": True})
    site = replace(site, settings=settings)
    site.put("transactions_2025-01-03.csv", file_of(*map(line, range(1, 30)), line(90, amount="x")))
    assert site.run("__ASSET_JOB", partition_key="2025-01-03").success
