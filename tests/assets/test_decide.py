"""An operator without a shell does all of it from the launchpad; nothing is changed unasked."""

from typing import Any

import pytest

from tests.assets.installation import Installation, failure_of
from tests.warehouse.audit import audit
from tests.warehouse.tiny import DAYS, land_lines, work_on
from txcat_assets.contracts.currencies import CONTRACT
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.schema.tables import prepare

BAD = "1000000:1"


@pytest.fixture
def filled(bank: Installation) -> Installation:
    """A good record and two bad ones."""
    site = bank
    prepare(site.warehouse, CONTRACT)
    work = work_on(site.warehouse, CONTRACT)
    folder = site.settings.home_folder
    folder.mkdir(parents=True, exist_ok=True)
    land_lines(work, folder, str(DAYS[0]), "EUR,Euro,€", "YYY,Yen,|*<b>", "XXZ,X,x")
    assert validate(work).problems == []
    return site


def decide(site: Installation, **config: Any) -> dict[str, Any]:
    """The metadata of a run of the job."""
    ops = {"ops": {"operator_currencies": {"config": config}}} if config else {}
    result = site.run("decide_currencies", run_config=ops)
    if not result.success:
        raise AssertionError(failure_of(result))
    outputs = [e for e in result.all_events if e.is_successful_output]
    return {k: v.value for k, v in outputs[0].step_output_data.metadata.items()}


def places(site: Installation) -> dict[str, int]:
    with site.warehouse.transaction() as tx:
        audit(site.warehouse, CONTRACT)
        ((v, q, d, r),) = tx.rows(
            "SELECT sum(validated), sum(quarantined), sum(discarded), sum(replaced) "
            "FROM ledger.slices"
        )
    return {"validated": int(v), "quarantined": int(q), "discarded": int(d), "replaced": int(r)}


def test_without_any_config_it_lists_and_changes_nothing(filled: Installation) -> None:
    before = places(filled)
    assert "code_unknown" in str(decide(filled)["reasons"])
    assert places(filled) == before


def test_a_record_is_corrected_field_by_field(filled: Installation) -> None:
    new = [{"position": BAD, "column": "code", "text": "JPY"}]
    assert decide(filled, command="fix", corrections=new)["now validated"] == 1
    assert places(filled)["replaced"] == 0
    said = decide(filled, command="fix", corrections=new, dry_run=False, who="ann")
    assert (said["decided"], said["now validated"]) == (1, 1)
    assert places(filled) == {"validated": 2, "quarantined": 1, "discarded": 0, "replaced": 1}


def test_what_is_discarded_is_reopened(filled: Installation) -> None:
    asked = {"positions": [BAD], "dry_run": False}
    assert decide(filled, command="discard", why="a test", **asked)["now discarded"] == 1
    (shown,) = decide(filled, command="show", positions=[BAD])["records"].records
    assert shown.data["place"] == "discarded"
    assert decide(filled, command="reopen", **asked)["now quarantined"] == 1


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"command": "discard", "why": "x"}, "Say which records"),
        ({"command": "discard", "positions": [BAD]}, "discard needs"),
        ({"command": "settle", "choose": "x"}, "is no position"),
        ({"command": "export"}, "export needs"),
        ({"command": "show", "days": ["yesterday"]}, "expected such as"),
    ],
)
def test_wrong_use_is_said_and_changes_nothing(
    filled: Installation, config: dict[str, Any], words: str
) -> None:
    before = places(filled)
    with pytest.raises(AssertionError, match=words):
        decide(filled, **config)
    assert places(filled) == before
