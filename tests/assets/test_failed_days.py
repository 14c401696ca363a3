"""A check that failed on a day stays failed until that day is mended, whatever comes after it."""

from dataclasses import replace

import dagster as dg
import pytest

from tests.assets.installation import Installation
from tests.assets.records import HEADER, file_of, line, sound

BAD, EMPTY, CLEAN = "2025-01-03", "2025-01-04", "2025-01-05"


@pytest.fixture
def morning(site: Installation) -> Installation:
    """A bad day that was loaded and checked."""
    site.put(f"transactions_{BAD}.csv", file_of(line(1), line(2, amount="x")))
    site.load(BAD)
    assert failed(site.check()) == {"share_quarantined": "ERROR", "amount_invalid": "ERROR"}
    return site


def failed(said: dict[str, dg.AssetCheckEvaluation]) -> dict[str, str]:
    """The failed checks with their severity."""
    return {name: found.severity.value for name, found in said.items() if not found.passed}


def test_an_empty_day_is_not_due_and_hides_nothing(morning: Installation) -> None:
    morning.put(f"transactions_{EMPTY}.csv", HEADER + "\n")
    morning.load(EMPTY)
    said = morning.check(EMPTY)
    assert failed(said) == {"share_quarantined": "ERROR", "amount_invalid": "ERROR"}
    assert said["conservation"].metadata["days"].value == f"{BAD} to {BAD}"


def test_a_clean_day_after_it_hides_nothing(morning: Installation) -> None:
    morning.put(f"transactions_{CLEAN}.csv", sound(*range(100, 200)))
    morning.load(CLEAN)
    said = morning.check()
    assert failed(said) == {"share_quarantined": "ERROR", "amount_invalid": "ERROR"}
    assert f"On {BAD}; not on the latest day, {CLEAN}." in (
        said["amount_invalid"].description or ""
    )
    assert said["conservation"].metadata["days"].value == f"{CLEAN} to {CLEAN}"


def test_a_day_far_back_is_let_go(morning: Installation) -> None:
    settings = morning.settings.model_copy(update={"failed_days_kept": 2})
    morning = replace(morning, settings=settings)
    morning.put(f"transactions_{CLEAN}.csv", sound(*range(100, 200)))
    morning.load(CLEAN)
    assert failed(morning.check()) == {}


def test_a_mended_day_is_green_though_another_one_is_checked(site: Installation) -> None:
    site.put(f"transactions_{BAD}.csv", b"PK\x03\x04\x00\x00")
    site.load(BAD)
    assert failed(site.check()) == {"no_file_set_aside": "ERROR"}
    site.put(f"transactions_{BAD}.csv", sound(1))
    site.load(BAD)
    assert failed(site.check()) == {}


def test_a_materialization_of_another_day_does_not_hide_it(morning: Installation) -> None:
    morning.put(f"transactions_{CLEAN}.csv", sound(*range(100, 200)))
    done = morning.materialize(CLEAN)
    said = {one.check_name: one for one in done.get_asset_check_evaluations()}
    assert done.success
    assert failed(said) == {"share_quarantined": "ERROR", "amount_invalid": "ERROR"}


def test_where_broken_rules_block_only_the_days_of_the_run_do(morning: Installation) -> None:
    strict = replace(morning, settings=morning.settings.model_copy(update={"strict": True}))
    strict.put(f"transactions_{CLEAN}.csv", sound(*range(100, 200)))
    assert strict.materialize(CLEAN).success
    assert not strict.materialize(BAD).success
